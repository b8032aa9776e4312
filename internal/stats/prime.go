package stats

import (
	"context"
	"iter"
	"time"

	"mfaserver/internal/audit"
)

// Trail finds records; [audit.Reader] does.
type Trail interface {
	Search(ctx context.Context, f audit.Filter) iter.Seq2[audit.Entry, error]
}

// Prime counts what the trail has of the time before this [Stats] began, as far
// back as it is kept. It takes a while: call it once, in the background. An
// error is that of the trail; what was read by then is counted.
//
// index finds the first record, files reads on from there: an index that looks
// up every record costs more than reading them one after the other.
func (s *Stats) Prime(ctx context.Context, index, files Trail) error {
	since := s.began.Add(-Kept)
	first, err := firstSince(ctx, index, since)
	if err != nil || first == 0 {
		s.setPrimed(err == nil)
		return err
	}
	for e, err := range files.Search(ctx, audit.Filter{After: first - 1, From: since, To: s.began}) {
		if err != nil {
			return err
		}
		s.note(&e.Event, e.Time)
	}
	s.setPrimed(true)
	return nil
}

// firstSince is the sequence of the first record since then; 0 when there is
// none.
func firstSince(ctx context.Context, t Trail, since time.Time) (uint64, error) {
	for e, err := range t.Search(ctx, audit.Filter{From: since, Limit: 1}) {
		return e.Sequence, err
	}
	return 0, nil
}

func (s *Stats) setPrimed(is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.primed = is
}

// Since is from when on logins are counted: all of [Kept] once the trail was
// read, and before that since the start alone.
func (s *Stats) Since() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.primed {
		return s.now().Add(-Kept)
	}
	return s.began
}
