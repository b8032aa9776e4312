package rules

import (
	"net/netip"
	"slices"
	"time"
)

// Request is a login to decide about.
type Request struct {
	// Username is the typed name before the password was checked, and the
	// canonical one after it.
	Username string
	// Addr is where the request comes from, as the server found out.
	Addr netip.Addr
	// UserAgent and Header are the client's word. Header reports whether the
	// request has a header; nil is a request without.
	UserAgent string
	Header    func(name string) bool
	At        time.Time
}

// Decision is how a login goes on.
type Decision struct {
	// Rule is the name of the rule that holds; empty for the default.
	Rule string
	// Mode is the answer to a plain password: [Prompt], [Push] or [Refuse].
	Mode Mode
	// Allowed are the modes that user and network may use.
	Allowed []Mode
	// Exemption is the name of the exemption that makes a second factor
	// unnecessary; empty when there is none. It counts only for a canonical
	// username.
	Exemption string
}

// Allows reports whether a login by that mode may go on.
func (d Decision) Allows(m Mode) bool { return m.asks() && slices.Contains(d.Allowed, m) }

// Decide finds the first rule that fits user and network. What the client
// sends chooses only among the modes which that rule allows. A user whose rule
// allows nothing is not let in by an exemption either.
func (s *Set) Decide(r Request) Decision {
	d := Decision{Allowed: defaultAllow()}
	var clients []ClientRule
	for _, rule := range s.rules {
		if rule.fits(r) {
			d.Rule, d.Allowed, clients = rule.Name, slices.Clone(rule.Allow), rule.Clients
			break
		}
	}
	d.Mode = choose(d.Allowed, clients, r)
	if slices.ContainsFunc(d.Allowed, Mode.asks) {
		if e, ok := s.Exempt(r.Username, r.Addr, r.At); ok {
			d.Exemption = e.Name
		}
	}
	return d
}

func (r rule) fits(q Request) bool {
	all := r.people.everyone || len(r.Users) == 0 && len(r.Groups) == 0
	return (all || r.people.names[q.Username]) && (len(r.Networks) == 0 || inside(r.Networks, q.Addr))
}

// choose returns the mode for a plain password.
func choose(allowed []Mode, clients []ClientRule, r Request) Mode {
	for _, c := range clients {
		if c.fits(r) && slices.Contains(allowed, c.Mode) {
			return c.Mode
		}
	}
	for _, m := range allowed {
		if m.begins() {
			return m
		}
	}
	return Refuse
}
