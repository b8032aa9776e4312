package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mfaserver/internal/audit"
)

const (
	// listEvery is how often Sweep looks for sessions that nobody claims, and
	// unclaimedAfter how old those are: longer than any login and sign-in code
	// lives.
	listEvery      = 5 * time.Minute
	unclaimedAfter = time.Hour
	// unreadableFor is how long an entry stays that cannot be opened: no engine
	// keeps an idle session that long, and the right key may come back.
	unreadableFor = 7 * 24 * time.Hour
)

// Recover begins to end every session in the ledger that this node opened, and
// returns their number. Call it at start, before Authenticate and Open: whoever
// was to hold them was the process before this one (threat T013). Error:
// [ErrUnavailable] when the ledger cannot be read.
func (u *Upstream) Recover(ctx context.Context) (int, error) {
	return u.reclaim(ctx, reasonRecovered, func(e *Entry) bool {
		return !u.unreadable(ctx, e)
	})
}

// Sweep tries again to end the sessions that could not be ended, as far as it
// is their time, and now and then looks for sessions in the ledger that have
// been nobody's for an hour. It does not wait for the engine. It returns how many
// sessions are still to be ended. Error: [ErrUnavailable] when the ledger cannot
// be read; what is known without it was tried.
func (u *Upstream) Sweep(ctx context.Context) (int, error) {
	now := u.cfg.Now()
	u.mu.Lock()
	list := !now.Before(u.nextList)
	if list {
		u.nextList = now.Add(listEvery)
	}
	u.mu.Unlock()
	var err error
	if list {
		before := now.Add(-unclaimedAfter)
		_, err = u.reclaim(ctx, reasonUnclaimed, func(e *Entry) bool {
			return e.OpenedAt.Before(before) && !u.isKept(e.ID)
		})
	}
	return u.retry(now), err
}

// retry hands what is due to the workers and returns how much is not ended yet.
// What failed least comes first, so that one session that cannot be ended does
// not keep the others from showing that the engine is there.
func (u *Upstream) retry(now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := 0
	var due []*work
	for _, w := range u.works {
		if w.adopting {
			continue
		}
		left++
		if !w.queued && !now.Before(w.next) && !now.Before(u.brake.until) {
			due = append(due, w)
		}
	}
	slices.SortFunc(due, func(a, b *work) int { return a.attempts - b.attempts })
	for _, w := range due {
		u.enqueueLocked(w)
	}
	return left
}

// reclaim ends the sessions of this node that are in the ledger and that want
// asks for. Their end is registered first, so that nobody can adopt them any
// more, and then looked up again: what was adopted in between stays.
func (u *Upstream) reclaim(ctx context.Context, reason string, want func(*Entry) bool) (int, error) {
	entries, err := u.list(ctx)
	if err != nil {
		return 0, err
	}
	var works []*work
	for i := range entries {
		e := &entries[i]
		if e.Node != u.cfg.Node || !want(e) {
			continue
		}
		h, err := u.unseal(e)
		if err != nil {
			continue
		}
		if w := u.claim(&h, reason); w != nil {
			works = append(works, w)
		}
	}
	if len(works) == 0 {
		return 0, nil
	}
	entries, err = u.list(ctx)
	there := make(map[ID]bool, len(entries))
	for i := range entries {
		there[entries[i].ID] = true
	}
	n := 0
	for _, w := range works {
		if !there[w.id] {
			u.forget(w)
			continue
		}
		n++
		u.enqueue(w)
	}
	return n, err
}

func (u *Upstream) list(ctx context.Context) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	entries, err := u.cfg.Ledger.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return entries, nil
}

// forget takes back the registration of a session that somebody holds.
func (u *Upstream) forget(w *work) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.works, w.id)
	if !w.before.IsZero() {
		u.rotated[w.id] = w.cookie
	}
}

func (u *Upstream) isKept(id ID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, kept := u.kept[id]
	return kept
}

// unreadable reports whether an entry cannot be opened: it was altered, or
// sealed under a key that is not here (threat T118). It is recorded, and
// forgotten when it is old enough.
func (u *Upstream) unreadable(ctx context.Context, e *Entry) bool {
	_, err := u.unseal(e)
	if err == nil {
		return false
	}
	u.cfg.Logger.ErrorContext(ctx, "entry of the ledger cannot be opened", slog.String("upstream", e.ID.Handle()), slog.Any("err", err))
	u.record(ctx, (&held{id: e.ID}).event(audit.UpstreamLeft, audit.Failed, reasonSeal))
	if e.Node != u.cfg.Node || e.OpenedAt.Add(unreadableFor).After(u.cfg.Now()) {
		return true
	}
	if _, err := u.cfg.Ledger.Remove(ctx, e.ID); err != nil {
		u.cfg.Logger.WarnContext(ctx, "entry of the ledger not removed", slog.String("upstream", e.ID.Handle()), slog.Any("err", err))
	}
	return true
}

// Close refuses new logins, ends the sessions that nobody holds, and waits for
// the workers until ctx ends, then cuts them off. Sessions that are held stay:
// they go on after a restart. Error: [ErrLeft], [ErrUnavailable]. Release may
// still be called, and only notes.
func (u *Upstream) Close(ctx context.Context) error {
	u.mu.Lock()
	u.closing = true
	u.mu.Unlock()
	_, err := u.reclaim(ctx, reasonShutdown, func(*Entry) bool { return true })
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	stop := context.AfterFunc(ctx, u.cancel)
	u.wg.Wait()
	stop()
	u.cancel()
	return errors.Join(err, u.leftOver())
}

func (u *Upstream) leftOver() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := 0
	for _, w := range u.works {
		if !w.adopting {
			left++
		}
	}
	if left == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d", ErrLeft, left)
}
