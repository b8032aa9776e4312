package audit

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"
)

// Story is one login as the trail tells it: the first call, what Duo said, the
// second call and the session that came of it.
type Story struct {
	Transaction string
	Username    string
	// Began and Ended are the times of the first and the last record.
	Began, Ended time.Time
	// Outcome is ok when the login was allowed, refused or error when its last
	// record about the login says so, and empty while nobody has come back.
	Outcome Outcome
	// Factor, Device, TxID and AccessAddress are Duo's words: what proved the
	// user, on what device, under which txid, and from where the browser came.
	// DuoReason is Duo's, Reason ours.
	Factor, Device, TxID, AccessAddress string
	DuoReason, Reason                   string
	// Sources are the addresses of the clients, in order of appearance.
	Sources []netip.Addr
	// Sessions are the handles of the sessions that the login began.
	Sessions []string
	// Entries are the records, in ascending sequence.
	Entries []Entry
}

// storyBefore is how long before the first record of a transaction its login
// may have begun: a waiting password check, and clocks that step.
const storyBefore = time.Hour

// Story collects the records of one login across both its calls: those of the
// transaction, those of the requests that these belong to, and those of the
// sessions that it began. A handle that the trail does not know gives a story
// without entries.
func (r *Reader) Story(ctx context.Context, transaction string) (Story, error) {
	s := Story{Transaction: transaction}
	all := map[uint64]Entry{}
	if transaction == "" {
		return s, nil
	}
	if err := r.gather(ctx, Filter{Transaction: transaction}, all); err != nil || len(all) == 0 {
		return s, err
	}
	var requests []string
	var first Entry
	for _, e := range all {
		if first.Sequence == 0 || e.Sequence < first.Sequence {
			first = e
		}
		if e.RequestID != "" && !slices.Contains(requests, e.RequestID) {
			requests = append(requests, e.RequestID)
		}
		if e.Session != "" && !slices.Contains(s.Sessions, e.Session) {
			s.Sessions = append(s.Sessions, e.Session)
		}
	}
	slices.Sort(s.Sessions)
	since := first.Time.Add(-storyBefore)
	for _, id := range requests {
		if err := r.gather(ctx, Filter{Request: id, From: since}, all); err != nil {
			return s, err
		}
	}
	for _, handle := range s.Sessions {
		if err := r.gather(ctx, Filter{Session: handle, From: since}, all); err != nil {
			return s, err
		}
	}
	s.tell(all)
	return s, nil
}

func (r *Reader) gather(ctx context.Context, f Filter, all map[uint64]Entry) error {
	for e, err := range r.Search(ctx, f) {
		if err != nil {
			return err
		}
		all[e.Sequence] = e
	}
	return nil
}

// tell fills the story from its records.
func (s *Story) tell(all map[uint64]Entry) {
	for _, e := range all {
		s.Entries = append(s.Entries, e)
	}
	slices.SortFunc(s.Entries, func(a, b Entry) int { return cmp.Compare(a.Sequence, b.Sequence) })
	s.Began, s.Ended = s.Entries[0].Time, s.Entries[len(s.Entries)-1].Time
	for i := range s.Entries {
		e := &s.Entries[i]
		if e.Transaction == s.Transaction {
			s.Username = cmp.Or(s.Username, e.Username)
			s.judge(e)
		}
		if e.Source.IsValid() && !slices.Contains(s.Sources, e.Source) {
			s.Sources = append(s.Sources, e.Source)
		}
	}
}

// judge takes from a record of the transaction what it says of the outcome. A
// login that was allowed stays so: what is refused after it is a repetition.
func (s *Story) judge(e *Entry) {
	if e.Detail["txid"] != "" {
		s.Factor, s.Device, s.TxID = e.Detail["factor"], e.Detail["device"], e.Detail["txid"]
		s.AccessAddress, s.DuoReason = e.Detail["access_ip"], e.Detail["reason"]
	}
	switch {
	case e.Name == MFAAllowed || e.Name == SessionStarted:
		s.Outcome, s.Reason = OK, e.Reason
		s.Factor, s.Device = cmp.Or(s.Factor, e.Detail["factor"]), cmp.Or(s.Device, e.Detail["device"])
	case e.Outcome != OK && s.Outcome != OK:
		s.Outcome, s.Reason = e.Outcome, e.Reason
	}
}
