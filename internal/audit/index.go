package audit

import (
	"context"
	"iter"
	"net/netip"
	"time"
)

// IndexEntry is what an index knows of a record: what is searched for, and
// where the record is.
type IndexEntry struct {
	Sequence uint64
	Time     time.Time
	Event    Name
	Outcome  Outcome
	// User and Actor are as in [Event]; both may be empty.
	User, Actor string
	// Transaction and Session are handles, Request is a correlation id; all
	// may be empty.
	Transaction, Session, Request string
	// Source is without zone, and never an IPv4 address in IPv6 form; it may
	// be invalid: unknown.
	Source netip.Addr
	// File is the sequence of the first record in the file that holds the
	// record, Offset is where its line begins in there, in bytes.
	File   uint64
	Offset int64
}

// Index finds records without reading the whole trail. It lives in a store and
// holds no truth of its own: it is fed behind the writer, filled up again from
// the files after a crash, and what it finds is looked up there. An index that
// fails or lags makes a search slower, never wrong, and keeps no event from
// being recorded. TestIndex of package audittest says what holds for every
// index.
type Index interface {
	// Add takes entries in ascending sequence, all of them or none. An entry
	// whose sequence is there already replaces it. Between two entries it calls
	// rest, unless that is nil, which may sleep.
	Add(ctx context.Context, entries []IndexEntry, rest func()) error
	// Search returns what [Filter.MatchIndex] wants, in ascending sequence:
	// the first f.Limit, or the last ones with f.Newest.
	Search(ctx context.Context, f Filter) iter.Seq2[IndexEntry, error]
	// Last returns the entry with the highest sequence; the zero value when
	// the index is empty.
	Last(ctx context.Context) (IndexEntry, error)
}

// indexed is what an index knows of e, but for its place.
func indexed(e *Entry) IndexEntry {
	return IndexEntry{
		Sequence: e.Sequence, Time: e.Time, Event: e.Name, Outcome: e.Outcome, User: e.Username, Actor: e.Actor,
		Transaction: e.Transaction, Session: e.Session, Request: e.RequestID, Source: plain(e.Source),
	}
}
