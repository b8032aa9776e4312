package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// checker collects faults.
type checker struct {
	config Config
	faults []Fault
}

func check(c Config) []Fault {
	k := &checker{config: c}
	k.groups()
	for i, r := range c.Rules {
		k.rule(fmt.Sprintf("rules[%d]", i), r)
	}
	k.order()
	for i, e := range c.Exemptions {
		k.exemption(fmt.Sprintf("exemptions[%d]", i), e)
	}
	k.users("read_only.users", c.ReadOnly.Users)
	k.groupNames("read_only.groups", c.ReadOnly.Groups)
	k.stepUp(c.StepUp)
	k.uniqueNames()
	return k.faults
}

func (k *checker) fault(path string, err error, format string, args ...any) {
	k.faults = append(k.faults, Fault{Path: path, Text: fmt.Sprintf(format, args...), Err: err})
}

func (k *checker) groups() {
	for _, name := range slices.Sorted(maps.Keys(k.config.Groups)) {
		path := "groups." + name
		if name == Everyone || !goodName(name) {
			k.fault(path, ErrGroupName, "%q cannot be the name of a group; choose a word", name)
		}
		k.users(path, k.config.Groups[name])
	}
}

// rule checks a rule by itself.
func (k *checker) rule(path string, r Rule) {
	k.name(path, r.Name, "give the rule a name for the audit trail")
	k.users(path+".users", r.Users)
	k.groupNames(path+".groups", r.Groups)
	k.networks(path+".networks", r.Networks)
	if len(r.Allow) == 0 {
		k.fault(path+".allow", ErrNoMode, "missing; list what the rule allows: %s", modeNames())
	}
	for i, m := range r.Allow {
		at := fmt.Sprintf("%s.allow[%d]", path, i)
		switch {
		case !slices.Contains(Modes(), m):
			k.fault(at, ErrMode, "%q is none of %s", m, modeNames())
		case slices.Contains(r.Allow[:i], m):
			k.fault(at, ErrTwice, "is in the list twice; delete one")
		case m == Refuse && !chosen(r, i):
			k.fault(at, ErrIdleMode, "refuse never happens behind %s; put it first, or delete it", r.Allow[0])
		}
	}
	for i, c := range r.Clients {
		k.client(fmt.Sprintf("%s.clients[%d]", path, i), r, c)
	}
}

// chosen reports whether the i-th mode of Allow can be the answer to a plain
// password.
func chosen(r Rule, i int) bool {
	byClient := slices.ContainsFunc(r.Clients, func(c ClientRule) bool { return c.Mode == r.Allow[i] })
	return byClient || !slices.ContainsFunc(r.Allow[:i], Mode.begins)
}

func (k *checker) client(path string, r Rule, c ClientRule) {
	switch {
	case !slices.Contains(Modes(), c.Mode):
		k.fault(path+".mode", ErrMode, "%q is none of %s", c.Mode, modeNames())
	case !c.Mode.begins():
		k.fault(path+".mode", ErrIdleMode, "%s is chosen by what is typed; a client gets prompt, push or refuse", c.Mode)
	case !slices.Contains(r.Allow, c.Mode):
		k.fault(path+".mode", ErrClientMode, "%s is not in allow of this rule; add it there, or delete the client", c.Mode)
	}
	if c.UserAgent == "" && c.Header == "" {
		k.fault(path, ErrNoCondition, "says nothing about the client; write user_agent or header")
	}
	if c.Header != "" && !headerName(c.Header) {
		k.fault(path+".header", ErrHeader, "%q cannot be the name of a header", c.Header)
	}
}

// order checks the rules as a table: each can be reached, and somebody is
// asked for a second factor.
func (k *checker) order() {
	asked := false
	for i, r := range k.config.Rules {
		asked = asked || slices.ContainsFunc(r.Allow, Mode.asks)
		if !takesAll(r) {
			continue
		}
		if i < len(k.config.Rules)-1 {
			k.fault(fmt.Sprintf("rules[%d]", i+1), ErrUnreachable, "is never reached: %q before it takes everybody; put that one last", r.Name)
			return
		}
		if !asked && len(r.Allow) > 0 {
			k.fault(fmt.Sprintf("rules[%d].allow", i), ErrAsksNobody,
				"everybody is refused and nobody asked for a second factor; allow prompt, push, passcode or code to somebody")
		}
	}
}

// takesAll reports whether no login gets past the rule.
func takesAll(r Rule) bool {
	return len(r.Networks) == 0 && (slices.Contains(r.Groups, Everyone) || len(r.Users) == 0 && len(r.Groups) == 0)
}

func (k *checker) exemption(path string, e Exemption) {
	k.name(path, e.Name, "give the exemption a name for the audit trail")
	if len(e.Users) == 0 {
		k.fault(path+".users", ErrNoUsers, "missing; name every user who is exempt")
	}
	k.users(path+".users", e.Users)
	for i, u := range e.Users {
		if slices.ContainsFunc(k.config.Administrators, func(a string) bool { return fold(a) == fold(u) }) {
			k.fault(fmt.Sprintf("%s.users[%d]", path, i), ErrAdministrator, "%q is an administrator, who is never exempt", u)
		}
	}
	if len(e.Networks) == 0 {
		k.fault(path+".networks", ErrNoNetworks, "missing; name the networks the user comes from")
	}
	k.networks(path+".networks", e.Networks)
	for i, p := range e.Networks {
		if least := widest(p); p.IsValid() && p.Bits() > 0 && p.Bits() < least {
			k.fault(fmt.Sprintf("%s.networks[%d]", path, i), ErrNetwork, "is too wide for an exemption; name a network of /%d or narrower", least)
		}
	}
	if !goodName(e.Owner) {
		k.fault(path+".owner", ErrNoOwner, "missing; name the person who answers for the exemption")
	}
	if e.Until.IsZero() {
		k.fault(path+".until", ErrNoExpiry, "missing; write the last day, such as 2030-12-31")
	}
	k.methods(path+".methods", e.Methods)
	k.paths(path+".paths", e.Paths)
}

// widest is how many bits of a network of an exemption are fixed at least: the
// largest private networks are as wide, and no exemption holds for a good part
// of the internet.
func widest(p netip.Prefix) int {
	switch a := p.Addr(); {
	case a.Is4():
		return 8
	case a.IsPrivate(), a.IsLinkLocalUnicast():
		return 7
	default:
		return 32
	}
}

func (k *checker) stepUp(s StepUp) {
	switch {
	case s.MaxAge <= 0 && len(s.Operations) > 0:
		k.fault("step_up.max_age", ErrNoMaxAge, "missing; write how old an approval may be, such as 15m")
	case s.MaxAge > 0 && len(s.Operations) == 0:
		k.fault("step_up.operations", ErrNoOperations, "is empty; list operations, or delete step_up")
	}
	for i, o := range s.Operations {
		path := fmt.Sprintf("step_up.operations[%d]", i)
		k.methods(path+".methods", o.Methods)
		if len(o.Paths) == 0 {
			k.fault(path+".paths", ErrPath, "missing; list the paths, such as /users/**")
		}
		k.paths(path+".paths", o.Paths)
	}
}

// uniqueNames: a name in the audit trail means one rule, one exemption.
func (k *checker) uniqueNames() {
	seen := make(map[string]bool)
	once := func(path, name string) {
		if name != "" && seen[name] {
			k.fault(path+".name", ErrTwice, "%q is the name of another one; choose another", name)
		}
		seen[name] = true
	}
	for i, r := range k.config.Rules {
		once(fmt.Sprintf("rules[%d]", i), r.Name)
	}
	clear(seen)
	for i, e := range k.config.Exemptions {
		once(fmt.Sprintf("exemptions[%d]", i), e.Name)
	}
}
