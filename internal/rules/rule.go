package rules

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Everyone is the group that every user is in.
const Everyone = "*"

// Config is a rule set as it is written down.
type Config struct {
	// Rules are tried in their order; the first one that fits user and
	// network holds.
	Rules      []Rule
	Exemptions []Exemption
	// Groups are canonical usernames by the name of their group.
	Groups map[string][]string
	// Administrators are never exempt.
	Administrators []string
	ReadOnly       ReadOnly
	StepUp         StepUp
}

// Rule says which modes the users it fits may use.
type Rule struct {
	// Name is what the audit trail calls it.
	Name string
	// Users are canonical names, compared exactly. Without Users and Groups
	// the rule fits everybody.
	Users, Groups []string
	// Networks are where the request comes from; none is anywhere.
	Networks []netip.Prefix
	// Allow are the modes, at least one. A client that no row of Clients fits
	// gets the first one that can begin with a plain password.
	Allow []Mode
	// Clients choose among Allow by what the client itself sends, which
	// proves nothing; the first row that fits holds.
	Clients []ClientRule
}

// ClientRule chooses a mode for clients that send certain headers. At least
// one of UserAgent and Header is there; both have to fit.
type ClientRule struct {
	// UserAgent is a pattern for the whole User-Agent, in which * stands for
	// any text. Upper and lower case are the same.
	UserAgent string
	// Header is the name of a header that has to be present.
	Header string
	// Mode is one of the rule's Allow.
	Mode Mode
}

func (c ClientRule) fits(r Request) bool {
	if c.UserAgent != "" && !wild(strings.ToLower(c.UserAgent), strings.ToLower(r.UserAgent)) {
		return false
	}
	return c.Header == "" || r.Header != nil && r.Header(c.Header)
}

// Exemption lets users in without a second factor, from certain networks and
// until a day (threat T014). There is no pattern for users: each is named.
// Administrators are never exempt.
type Exemption struct {
	Name string
	// Users are canonical names, compared exactly; at least one.
	Users []string
	// Networks are where requests have to come from; at least one.
	Networks []netip.Prefix
	// Owner answers for the exemption; Reason says why it is there.
	Owner, Reason string
	// Until is the first instant at which it is over.
	Until time.Time
	// Paths and Methods bound what an exempt session may do; none is
	// everything. See [Paths] for the patterns.
	Paths, Methods []string
}

// Expired reports whether the exemption is over at that time.
func (e Exemption) Expired(at time.Time) bool { return !at.Before(e.Until) }

// holds reports whether it lets the user in from addr.
func (e Exemption) holds(username string, addr netip.Addr, at time.Time) bool {
	return !e.Expired(at) && slices.Contains(e.Users, username) && inside(e.Networks, addr)
}

// ReadOnly names users who may change nothing.
type ReadOnly struct{ Users, Groups []string }

// StepUp names operations that need a second factor proved not longer than
// MaxAge ago. It is off without operations.
type StepUp struct {
	MaxAge     time.Duration
	Operations []Operation
}

// Operation is a set of API calls: one of the methods on one of the paths.
type Operation struct{ Methods, Paths []string }

// inside reports whether one of the networks holds addr. An address that is
// not valid is inside none.
func inside(networks []netip.Prefix, addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return addr.IsValid() && slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}
