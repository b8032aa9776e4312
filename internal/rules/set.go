package rules

import (
	"net/netip"
	"slices"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Set is a rule set that was found good. It never changes and is safe for
// concurrent use. The zero Set has no rules: everybody may use the default
// modes.
type Set struct {
	rules      []rule
	exemptions []exemption
	readOnly   people
	members    map[string]map[string]bool
	stepUp     time.Duration
	operations []operation
}

// rule is a [Rule] ready for use.
type rule struct {
	Rule
	people people
}

// exemption is an [Exemption] ready for use.
type exemption struct {
	Exemption
	operation operation
}

// people are users and members of groups, by name.
type people struct {
	everyone bool
	names    map[string]bool
}

// New checks c and makes a set of it. Everything wrong with c is in the error,
// a [*FaultsError].
func New(c Config) (*Set, error) {
	if faults := check(c); len(faults) > 0 {
		return nil, &FaultsError{Faults: faults}
	}
	s := &Set{members: make(map[string]map[string]bool), stepUp: c.StepUp.MaxAge}
	for group, users := range c.Groups {
		for _, u := range users {
			if s.members[u] == nil {
				s.members[u] = make(map[string]bool)
			}
			s.members[u][group] = true
		}
	}
	for _, r := range c.Rules {
		s.rules = append(s.rules, rule{Rule: r.clone(), people: gather(c.Groups, r.Users, r.Groups, exact)})
	}
	for _, e := range c.Exemptions {
		s.exemptions = append(s.exemptions, exemption{Exemption: e.clone(), operation: newOperation(e.Methods, e.Paths)})
	}
	s.readOnly = gather(c.Groups, c.ReadOnly.Users, c.ReadOnly.Groups, fold)
	for _, o := range c.StepUp.Operations {
		s.operations = append(s.operations, newOperation(o.Methods, o.Paths))
	}
	return s, nil
}

func (r Rule) clone() Rule {
	r.Users, r.Groups, r.Networks = slices.Clone(r.Users), slices.Clone(r.Groups), slices.Clone(r.Networks)
	r.Allow, r.Clients = slices.Clone(r.Allow), slices.Clone(r.Clients)
	return r
}

func (e Exemption) clone() Exemption {
	e.Users, e.Networks = slices.Clone(e.Users), slices.Clone(e.Networks)
	e.Paths, e.Methods = slices.Clone(e.Paths), slices.Clone(e.Methods)
	return e
}

// gather collects names under a spelling.
func gather(groups map[string][]string, users, of []string, spell func(string) string) people {
	p := people{names: make(map[string]bool)}
	for _, u := range users {
		p.names[spell(u)] = true
	}
	for _, g := range of {
		if g == Everyone {
			p.everyone = true
		}
		for _, u := range groups[g] {
			p.names[spell(u)] = true
		}
	}
	return p
}

func exact(name string) string { return name }

// fold is what names have in common that differ by case or by the form of
// their characters alone.
func fold(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// Groups returns the groups of a user, sorted, without [Everyone].
func (s *Set) Groups(username string) []string {
	var out []string
	for g := range s.members[username] {
		out = append(out, g)
	}
	slices.Sort(out)
	return out
}

// ReadOnly reports whether the user may change nothing. Names that differ by
// case alone are taken for the same: who writes Alice means alice too.
func (s *Set) ReadOnly(username string) bool {
	return s.readOnly.everyone || s.readOnly.names[fold(username)]
}

// Exemptions returns all exemptions, expired ones too.
func (s *Set) Exemptions() []Exemption {
	out := make([]Exemption, 0, len(s.exemptions))
	for _, e := range s.exemptions {
		out = append(out, e.clone())
	}
	return out
}

// Exempt returns the first exemption that lets the user in from addr without
// a second factor at that time. username is the canonical name, never what was
// typed. The caller keeps administrators from it whose role this package does
// not know.
func (s *Set) Exempt(username string, addr netip.Addr, at time.Time) (Exemption, bool) {
	for _, e := range s.exemptions {
		if e.holds(username, addr, at) {
			return e.clone(), true
		}
	}
	return Exemption{}, false
}

// Covers reports whether the exemption of that name still lets the user make
// the request: it is asked for every request of an exempt session, so that an
// exemption ends at once. path is as [APIPath] returns it.
func (s *Set) Covers(name, username, method, path string, addr netip.Addr, at time.Time) bool {
	for _, e := range s.exemptions {
		if e.Name == name {
			return e.holds(username, addr, at) && e.operation.allows(method, path)
		}
	}
	return false
}

// StepUpFor returns how old the approval behind a request may be; false when
// the request needs none. path is as [APIPath] returns it.
func (s *Set) StepUpFor(method, path string) (time.Duration, bool) {
	if slices.ContainsFunc(s.operations, func(o operation) bool { return o.guards(method, path) }) {
		return s.stepUp, true
	}
	return 0, false
}
