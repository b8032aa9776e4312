package alert

import (
	"net/netip"
	"time"

	"mfaserver/internal/audit"
)

// Bounds of what is remembered. Where more is going on than is remembered, the
// oldest is forgotten.
const (
	fatigueCount  = 3
	fatigueWindow = 10 * time.Minute
	sprayUsers    = 10
	sprayWindow   = 10 * time.Minute
	travelWindow  = 3 * time.Hour
	// quiet is how long an alert is not repeated for the same user and
	// address.
	quiet = 10 * time.Minute
	// remembered is how many users or addresses are kept of each kind.
	remembered = 10_000
)

// Alert is something that somebody should look at.
type Alert struct {
	Rule Rule
	// Sequence is that of the record that raised it, Time when that was
	// written.
	Sequence uint64
	Time     time.Time
	// Username, Actor, Source and Transaction are the record's.
	Username, Actor string
	Source          netip.Addr
	Transaction     string
	// Subject is the certificate or the duty that a record of no user is about.
	Subject string
	// Count is how many of the kind there were, this one included, since the
	// last alert of the same rule for the same user and address.
	Count int
}

// detector holds what the rules remember of the records so far.
type detector struct {
	hours    Hours
	off      map[Rule]bool
	failures *memory[string, []time.Time]
	sprays   *memory[netip.Addr, spray]
	places   *memory[string, place]
	raised   *memory[raisedKey, raisedAt]
}

type spray struct {
	since time.Time
	users map[string]bool
}

type place struct {
	country string
	at      time.Time
}

type raisedKey struct {
	rule    Rule
	user    string
	source  netip.Addr
	subject string
}

type raisedAt struct {
	at       time.Time
	withheld int
}

func newDetector(hours Hours, off []Rule) *detector {
	d := &detector{
		hours: hours, off: make(map[Rule]bool),
		failures: newMemory[string, []time.Time](remembered), sprays: newMemory[netip.Addr, spray](remembered),
		places: newMemory[string, place](remembered), raised: newMemory[raisedKey, raisedAt](remembered),
	}
	for _, r := range off {
		d.off[r] = true
	}
	return d
}

// observe looks at the next record.
func (d *detector) observe(e *audit.Entry) []Alert {
	var found []Alert
	add := func(r Rule) {
		if r == "" || d.off[r] {
			return
		}
		if count := d.count(r, e); count > 0 {
			found = append(found, Alert{
				Rule: r, Sequence: e.Sequence, Time: e.Time, Username: e.Username, Actor: e.Actor,
				Source: e.Source, Transaction: e.Transaction, Subject: subject(e), Count: count,
			})
		}
	}
	add(direct(e))
	if e.Name == audit.TransactionExpired {
		add(Unfinished)
	}
	if unfinished(e) && d.wearsDown(e) {
		add(Fatigue)
	}
	if e.Name == audit.PrimaryRefused && d.spraying(e) {
		add(Spraying)
	}
	if e.Name == audit.MFAAllowed && d.travels(e) {
		add(Travel)
	}
	if administers(e) && !d.hours.IsZero() && !d.hours.include(e.Time) {
		add(AfterHours)
	}
	return found
}

// count is how many there are to tell of now; 0 while the rule is to be quiet.
func (d *detector) count(r Rule, e *audit.Entry) int {
	key := raisedKey{rule: r, user: e.Username, source: e.Source, subject: subject(e)}
	last, known := d.raised.get(key)
	if known && e.Time.Sub(last.at) < quiet && !e.Time.Before(last.at) {
		last.withheld++
		d.raised.put(key, last)
		return 0
	}
	d.raised.put(key, raisedAt{at: e.Time})
	return last.withheld + 1
}

// wearsDown reports whether this is one more of several logins that came to
// nothing.
func (d *detector) wearsDown(e *audit.Entry) bool {
	if e.Username == "" {
		return false
	}
	times, _ := d.failures.get(e.Username)
	recent := times[:0:0]
	for _, t := range times {
		if e.Time.Sub(t) < fatigueWindow {
			recent = append(recent, t)
		}
	}
	if recent = append(recent, e.Time); len(recent) > fatigueCount {
		recent = recent[len(recent)-fatigueCount:]
	}
	d.failures.put(e.Username, recent)
	return len(recent) >= fatigueCount
}

// spraying reports whether the address has tried many users.
func (d *detector) spraying(e *audit.Entry) bool {
	if !e.Source.IsValid() {
		return false
	}
	s, known := d.sprays.get(e.Source)
	if !known || e.Time.Sub(s.since) >= sprayWindow {
		s = spray{since: e.Time, users: make(map[string]bool)}
	}
	if len(s.users) < sprayUsers {
		s.users[e.Username+"\x00"+e.UnknownUsername] = true
	}
	d.sprays.put(e.Source, s)
	return len(s.users) >= sprayUsers
}

// travels reports whether the user was in another country a short time ago.
func (d *detector) travels(e *audit.Entry) bool {
	country := e.Detail["access_country"]
	if country == "" || e.Username == "" {
		return false
	}
	last, known := d.places.get(e.Username)
	d.places.put(e.Username, place{country: country, at: e.Time})
	return known && last.country != country && e.Time.Sub(last.at) < travelWindow
}
