package audit

import (
	"bytes"
	"net/netip"
	"time"
)

// Filter says which records are wanted. The zero value wants all of them; what
// is set must hold together.
type Filter struct {
	// From and To bound the time of the record: From <= time < To.
	From, To time.Time
	// After and Before bound the sequence, both exclusive; 0 means no bound.
	// They are how a page follows another.
	After, Before uint64
	// User is the canonical name of a user, Actor who did it to him.
	User, Actor string
	// Event is an entry of the catalogue, or the beginning of several where it
	// ends in a dot: "session." wants every event of sessions.
	Event Name
	// Outcome is one of the three.
	Outcome Outcome
	// Transaction and Session are handles, Request is a correlation id.
	Transaction, Session, Request string
	// Source is the address of the client.
	Source netip.Addr
	// Limit is the most that is returned; 0 means no limit.
	Limit int
	// Newest returns the last Limit records and not the first. The order of
	// what is returned is by sequence all the same.
	Newest bool
}

// Match reports whether the filter wants e. Limit and Newest have no say.
func (f *Filter) Match(e *Entry) bool {
	entry := indexed(e)
	return f.MatchIndex(&entry)
}

// MatchIndex is [Filter.Match] for what an index knows of a record.
func (f *Filter) MatchIndex(e *IndexEntry) bool {
	switch {
	case e.Sequence <= f.After, f.Before != 0 && e.Sequence >= f.Before:
	case !f.From.IsZero() && e.Time.Before(f.From), !f.To.IsZero() && !e.Time.Before(f.To):
	case !wants(f.User, e.User), !wants(f.Actor, e.Actor), !wantsName(f.Event, e.Event):
	case f.Outcome != "" && f.Outcome != e.Outcome:
	case !wants(f.Transaction, e.Transaction), !wants(f.Session, e.Session), !wants(f.Request, e.Request):
	case f.Source.IsValid() && plain(f.Source) != e.Source:
	default:
		return true
	}
	return false
}

func wants(want, got string) bool { return want == "" || want == got }

func wantsName(want, got Name) bool {
	if n := len(want); n > 0 && want[n-1] == '.' {
		return len(got) > n && got[:n] == want
	}
	return want == "" || want == got
}

// plain is an address as the trail writes it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// needles are what a line that the filter wants holds, byte for byte. Looking
// for them is many times faster than reading the line.
func (f *Filter) needles() [][]byte {
	var all [][]byte
	for _, m := range []struct{ name, value string }{
		{"outcome", string(f.Outcome)},
		{"user", f.User},
		{"actor", f.Actor},
		{"tx", f.Transaction},
		{"session", f.Session},
		{"request_id", f.Request},
	} {
		if m.value != "" {
			all = append(all, appendMember(nil, m.name, m.value))
		}
	}
	if f.Source.IsValid() {
		all = append(all, appendMember(nil, "source", plain(f.Source).String()))
	}
	if f.Event != "" {
		named := appendMember(nil, "event", string(f.Event))
		if f.Event[len(f.Event)-1] == '.' {
			named = named[:len(named)-1]
		}
		all = append(all, named)
	}
	return all
}

func holds(line []byte, needles [][]byte) bool {
	for _, n := range needles {
		if !bytes.Contains(line, n) {
			return false
		}
	}
	return true
}
