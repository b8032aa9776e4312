package upstream

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
)

const (
	// ledgerWait bounds one call of the ledger, noteWait one that a logout of
	// ours waits for.
	ledgerWait = 10 * time.Second
	noteWait   = time.Second
	// noteRest is how long a ledger that failed is not waited for.
	noteRest = 5 * time.Second

	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// brakeAfter is how many logouts have to fail in a row before the engine
	// counts as down and the others are not tried for a while.
	brakeAfter = 4
)

// work is what is under way with a session: it is being adopted, or ended.
type work struct {
	held
	adopting bool
	// released is set when the session was released while it was adopted.
	released bool
	reason   string
	// before is the cookie that the engine replaced by held.cookie, if it did.
	before secret.Secret
	// queued is set until a worker has tried.
	queued bool
	// noted is set when the ledger has confirmed the session, loggedOut when
	// the engine has confirmed its end.
	noted, loggedOut bool
	attempts         int
	// next is when to try again.
	next time.Time
}

// brake keeps a queue from hammering an engine that is down.
type brake struct {
	streak int
	until  time.Time
}

// Release ends a session: it is noted in the ledger, if it is not there, and
// logged out by a worker; when that fails it stays there and Sweep tries again.
// Releasing what is released already does nothing. Release waits for one write
// of the ledger, a second at most, and not for the engine. A carry that this
// package did not seal for that user is only recorded.
func (u *Upstream) Release(ctx context.Context, username string, carry []byte) {
	if len(carry) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	h, err := u.uncarry(username, carry)
	if err != nil {
		u.cfg.Logger.ErrorContext(ctx, "session at the engine cannot be ended", slog.String("username", username), slog.Any("err", err))
		u.record(ctx, audit.Event{
			Name: audit.UpstreamLeft, Outcome: audit.Failed, Username: username, Actor: actor, Reason: reasonCarry,
		})
		return
	}
	u.end(ctx, &h, reasonReleased)
}

// end starts the end of a session.
func (u *Upstream) end(ctx context.Context, h *held, reason string) {
	w := u.ending(h, reason)
	if w == nil {
		return
	}
	u.noteSoon(ctx, w)
	u.enqueue(w)
}

// ending registers the end of a session; nil when there is nothing to do, or it
// is being done.
func (u *Upstream) ending(h *held, reason string) *work {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.kept, h.id)
	if w := u.works[h.id]; w != nil {
		if w.adopting && !w.released {
			w.released, w.reason = true, reason
		}
		return nil
	}
	if h.cookie.IsZero() {
		return nil
	}
	return u.registerLocked(h, reason)
}

// claim is ending for a session that nothing is under way with.
func (u *Upstream) claim(h *held, reason string) *work {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.works[h.id] != nil {
		return nil
	}
	delete(u.kept, h.id)
	w := u.registerLocked(h, reason)
	w.noted = true
	return w
}

func (u *Upstream) registerLocked(h *held, reason string) *work {
	w := &work{held: *h, reason: reason, queued: true}
	if cookie, rotated := u.rotated[h.id]; rotated {
		w.cookie, w.before = cookie, h.cookie
		delete(u.rotated, h.id)
	}
	u.works[h.id] = w
	return w
}

// note writes a session into the ledger.
func (u *Upstream) note(ctx context.Context, h *held) error {
	ctx, cancel := context.WithTimeout(ctx, ledgerWait)
	defer cancel()
	return u.cfg.Ledger.Add(ctx, u.entry(h))
}

// noteSoon is note for a session that is being ended: it does not wait for a
// ledger that is in trouble. What it leaves out is made up for when the logout
// fails.
func (u *Upstream) noteSoon(ctx context.Context, w *work) {
	now := u.cfg.Now()
	u.mu.Lock()
	skip := now.Before(u.skipNotes)
	u.mu.Unlock()
	if skip {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWait)
	defer cancel()
	err := u.note(ctx, &w.held)
	if err == nil {
		w.noted = true
		return
	}
	u.cfg.Logger.WarnContext(ctx, "session to end not noted", slog.String("upstream", w.id.Handle()), slog.Any("err", err))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.skipNotes = now.Add(noteRest)
}

// enqueue hands w, which counts as queued already, to the workers.
func (u *Upstream) enqueue(w *work) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.enqueueLocked(w)
}

func (u *Upstream) enqueueLocked(w *work) {
	if u.closed {
		w.queued = false
		return
	}
	w.queued = true
	u.queue = append(u.queue, w)
	if u.running < u.cfg.Workers {
		u.running++
		u.wg.Go(u.drain)
	}
}

// drain is a worker: it logs out until nothing is left to do.
func (u *Upstream) drain() {
	for {
		w := u.take()
		if w == nil {
			return
		}
		u.logout(w)
	}
}

// take is the next in the queue; nil when the worker is to stop.
func (u *Upstream) take() *work {
	now := u.cfg.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	if stop := u.ctx.Err() != nil; stop || now.Before(u.brake.until) {
		for _, w := range u.queue {
			w.queued, w.next = false, u.brake.until
		}
		u.queue = nil
	}
	if len(u.queue) == 0 {
		u.running--
		return nil
	}
	w := u.queue[0]
	u.queue[0] = nil
	u.queue = u.queue[1:]
	return w
}

// logout tries to end w.
func (u *Upstream) logout(w *work) {
	ctx, cancel := context.WithTimeout(u.ctx, u.cfg.LogoutWait)
	defer cancel()
	if !w.loggedOut {
		if err := u.askLogout(ctx, w); err != nil {
			u.failed(w, err)
			return
		}
		w.loggedOut = true
		u.record(ctx, w.event(audit.UpstreamEnded, audit.OK, w.reason))
	}
	// Noted or not: a note that seemed to fail may be there.
	if err := u.unnote(ctx, w.id); err != nil {
		u.cfg.Logger.WarnContext(ctx, "ended session at the engine stays in the ledger", slog.String("upstream", w.id.Handle()), slog.Any("err", err))
		u.postpone(w, false)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.brake = brake{}
	delete(u.works, w.id)
}

func (u *Upstream) askLogout(ctx context.Context, w *work) error {
	for _, cookie := range []secret.Secret{w.cookie, w.before} {
		if cookie.IsZero() {
			continue
		}
		if err := u.cfg.Engine.Logout(ctx, cookie); err != nil && !errors.Is(err, engine.ErrNoSession) {
			return err
		}
	}
	return nil
}

// unnote takes a session out of the ledger, whatever ctx says.
func (u *Upstream) unnote(ctx context.Context, id ID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerWait)
	defer cancel()
	_, err := u.cfg.Ledger.Remove(ctx, id)
	return err
}

// failed keeps w for later.
func (u *Upstream) failed(w *work, err error) {
	if u.ctx.Err() == nil && w.attempts == 0 {
		u.cfg.Logger.WarnContext(u.ctx, "session at the engine not ended yet", slog.String("upstream", w.id.Handle()), slog.Any("err", err))
		u.record(u.ctx, w.event(audit.UpstreamLeft, audit.Failed, w.reason))
	}
	if !w.noted {
		if err := u.note(context.WithoutCancel(u.ctx), &w.held); err == nil {
			w.noted = true
		}
	}
	u.postpone(w, true)
}

// postpone leaves w to Sweep; down says that the engine is to blame.
func (u *Upstream) postpone(w *work, down bool) {
	now := u.cfg.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	w.attempts++
	w.queued, w.next = false, now.Add(backoff(w.attempts))
	if !down {
		return
	}
	if u.brake.streak++; u.brake.streak >= brakeAfter {
		u.brake.until = now.Add(backoff(u.brake.streak - brakeAfter + 1))
	}
}

// backoff doubles from a second to half a minute.
func backoff(attempts int) time.Duration {
	d := firstBackoff
	for range attempts - 1 {
		if d *= 2; d >= maxBackoff {
			return maxBackoff
		}
	}
	return d
}
