// Package evidence turns the audit trail into what an auditor asks for: who
// signed in, how each of them proved who he was, and everything that let
// somebody in with less. It serves the multi-factor criterion of ONC
// certification (45 CFR 170.315(d)(13)) and HIPAA's rules on authentication,
// audit controls and emergency access (45 CFR 164.312(a)(2)(ii), (b), (d)).
package evidence

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
)

// Way is how a session came about.
type Way string

// The ways. Only the first proves a second factor at that moment.
const (
	WayFactor     Way = "second_factor"
	WayBreakGlass Way = "break_glass"
	WayToken      Way = "service_token"
	WayExempt     Way = "exemption"
	WayFailOpen   Way = "fail_open"
)

// Ways lists them.
func Ways() []Way { return []Way{WayFactor, WayBreakGlass, WayToken, WayExempt, WayFailOpen} }

// Report is what the records of a time say.
type Report struct {
	// From and To bound the records; zero means from the first, to the last.
	From, To time.Time
	// Records were read, from sequence First to Last.
	Records     int
	First, Last uint64
	// Sessions counts what was started, by way; Factors those with a second
	// factor, by factor.
	Sessions map[Way]int
	Factors  map[string]int
	// Users tells of each who signed in or tried to, by name.
	Users []User
	// Exceptions are the sessions without a second factor of their own, except
	// those of service tokens, and every bypass code that was used: in order.
	Exceptions []Exception
	// Acts are what administrators did to second factors, in order.
	Acts []Act
	// Refused counts what was refused, by event; Alerts what was raised, by
	// rule.
	Refused map[audit.Name]int
	Alerts  map[string]int
}

// User is one user's part.
type User struct {
	Name     string
	Sessions map[Way]int
	// Refused is how many of his logins were refused.
	Refused int
	// Last is when he last signed in; zero: never in this time.
	Last time.Time
}

// Exception is somebody who was let in with less.
type Exception struct {
	Time     time.Time
	Sequence uint64
	User     string
	Way      Way
	// Name is the exemption's, or the factor's.
	Name string
}

// Act is what an administrator did.
type Act struct {
	Time        time.Time
	Sequence    uint64
	Actor, User string
	Event       audit.Name
	Outcome     audit.Outcome
	Why, Ticket string
}

// Collect reads records, which are those of the time. Its error is the first
// of records.
func Collect(from, to time.Time, records iter.Seq2[audit.Entry, error]) (*Report, error) {
	c := &collector{
		report: &Report{
			From: from, To: to, Sessions: make(map[Way]int), Factors: make(map[string]int),
			Refused: make(map[audit.Name]int), Alerts: make(map[string]int),
		},
		users: make(map[string]*User), exempt: make(map[string]string),
	}
	for e, err := range records {
		if err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
		c.add(&e)
	}
	for _, u := range c.users {
		c.report.Users = append(c.report.Users, *u)
	}
	slices.SortFunc(c.report.Users, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	return c.report, nil
}

// Covered is the share of the sessions of people that a second factor was
// proved for, in percent; those of service tokens do not count. It is 100 when
// nobody signed in.
func (r *Report) Covered() float64 {
	people := 0
	for way, n := range r.Sessions {
		if way != WayToken {
			people += n
		}
	}
	if people == 0 {
		return 100
	}
	return 100 * float64(r.Sessions[WayFactor]) / float64(people)
}

type collector struct {
	report *Report
	users  map[string]*User
	exempt map[string]string // names of exemptions by handle of the login
}

func (c *collector) add(e *audit.Entry) {
	r := c.report
	r.Records++
	if r.First == 0 {
		r.First = e.Sequence
	}
	r.Last = e.Sequence
	switch {
	case e.Name == audit.AlertRaised:
		r.Alerts[e.Reason]++
	case e.Name == audit.MFAExempt && e.Outcome == audit.OK:
		c.exempt[e.Transaction] = e.Detail["exemption"]
	case e.Name == audit.SessionStarted:
		c.started(e)
	case weakens(e.Name):
		r.Acts = append(r.Acts, Act{
			Time: e.Time, Sequence: e.Sequence, Actor: e.Actor, User: cmp.Or(e.Username, e.Detail["subject"]), Event: e.Name,
			Outcome: e.Outcome, Why: cmp.Or(e.Detail["reason"], e.Reason), Ticket: e.Detail["ticket"],
		})
	case e.Outcome == audit.Refused:
		r.Refused[e.Name]++
		if e.Username != "" && login(e.Name) {
			c.user(e.Username).Refused++
		}
	}
}

func (c *collector) started(e *audit.Entry) {
	way := wayOf(e, c.exempt[e.Transaction])
	c.report.Sessions[way]++
	u := c.user(e.Username)
	u.Sessions[way]++
	u.Last = e.Time
	factor := e.Detail["factor"]
	if way == WayFactor {
		c.report.Factors[cmp.Or(factor, "unknown")]++
	}
	name := factor
	if way == WayExempt {
		name = c.exempt[e.Transaction]
	}
	if way != WayFactor && way != WayToken || factor == "bypass_code" {
		c.report.Exceptions = append(c.report.Exceptions, Exception{Time: e.Time, Sequence: e.Sequence, User: e.Username, Way: way, Name: name})
	}
}

func (c *collector) user(name string) *User {
	u := c.users[name]
	if u == nil {
		u = &User{Name: name, Sessions: make(map[Way]int)}
		c.users[name] = u
	}
	return u
}

// wayOf reads a session.started. What does not say that a second factor was
// proved was none.
func wayOf(e *audit.Entry, exemption string) Way {
	switch {
	case e.Detail["kind"] == "token", e.Reason == "service_token":
		return WayToken
	case e.Detail["fail_open"] == "true", e.Reason == "fail_open":
		return WayFailOpen
	case exemption != "", e.Reason == "exempt":
		return WayExempt
	case e.Detail["factor"] == "break_glass":
		return WayBreakGlass
	case e.Reason == "" && e.Detail["factor"] == "":
		return WayExempt
	default:
		return WayFactor
	}
}

// weakens reports whether an event changes somebody's second factor.
func weakens(n audit.Name) bool {
	return slices.Contains([]audit.Name{
		audit.DuoCodesCreated, audit.DuoCodesDeleted, audit.DuoUserStatus, audit.DuoUserDeleted, audit.DuoUserReset, audit.DuoPhoneDeleted, audit.DuoPhoneUnassigned,
		audit.DuoWebAuthnChanged, audit.DuoTokenChanged, audit.DuoSettingsChanged, audit.DuoIntegrationChanged,
		audit.BreakGlassCreated, audit.TokenCreated,
	}, n)
}

// login reports whether an event belongs to somebody's login.
func login(n audit.Name) bool {
	for _, prefix := range []string{"primary.", "login.", "login_data.", "mfa.", "sign_in_code.", "break_glass."} {
		if strings.HasPrefix(string(n), prefix) {
			return true
		}
	}
	return false
}

// SortedCounts gives the counts of a report in a fixed order, largest first.
func SortedCounts[K ~string](counts map[K]int) []K {
	return slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
}
