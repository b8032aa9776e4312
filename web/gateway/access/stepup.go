package access

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// stepUp asks for a fresh approval where the operation needs one and the
// latest is too old. The push is answered while the call waits.
func (g *Guard) stepUp(ctx context.Context, s session.Session, r *http.Request, path string, asks func()) error {
	most, needed := g.cfg.Rules.StepUpFor(r.Method, path)
	if !needed {
		return nil
	}
	if s.Key == (session.Key{}) || s.FailOpen || s.Token != "" || s.Exemption != "" {
		// Nobody proved anything for it, or nobody sits in front of it.
		return &gateway.DeniedError{Reason: StepUp}
	}
	asks()
	turn, err := g.approvals.turn(ctx, s.Key)
	if err != nil {
		return err
	}
	defer turn.done()
	if g.fresh(later(s.ApprovedAt, turn.at()), most) {
		return nil
	}
	at, err := g.cfg.Approver.Approve(ctx, mfa.ApproveRequest{
		Username: s.Username, Administrator: s.Administrator, Client: g.cfg.Client(r),
		Purpose: r.Method + " " + path, Session: s.Key.Handle(),
	})
	if errors.Is(err, mfa.ErrRefused) {
		return &gateway.DeniedError{Reason: StepUpRefused}
	}
	if err != nil {
		return err
	}
	turn.approved(at)
	return nil
}

// fresh reports whether an approval may be used: one from the future is as
// good as none.
func (g *Guard) fresh(at time.Time, most time.Duration) bool {
	age := g.cfg.Now().Sub(at)
	return !at.IsZero() && age >= 0 && age <= most
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// approvals remembers the latest approval of each session, and lets one
// request of a session ask at a time: the others then find the answer. What a
// restart forgets is asked for again.
type approvals struct {
	mu  sync.Mutex // guards all
	all map[session.Key]*approval
}

type approval struct {
	slot    chan struct{} // holds one token: whose turn it is
	waiting int           // those with or after a turn; guarded by approvals.mu
	at      time.Time     // the latest; belongs to the one whose turn it is
}

// keep is how many approvals are remembered before those that nobody waits for
// are forgotten.
const keep = 10_000

func newApprovals() *approvals { return &approvals{all: make(map[session.Key]*approval)} }

// turn is one request's turn to ask.
type turn struct {
	of  *approvals
	key session.Key
	a   *approval
}

// turn waits for the session's turn, or for ctx to end.
func (as *approvals) turn(ctx context.Context, key session.Key) (*turn, error) {
	as.mu.Lock()
	a := as.all[key]
	if a == nil {
		as.trim()
		a = &approval{slot: make(chan struct{}, 1)}
		as.all[key] = a
	}
	a.waiting++
	as.mu.Unlock()
	select {
	case a.slot <- struct{}{}:
		return &turn{of: as, key: key, a: a}, nil
	case <-ctx.Done():
		as.leave(key, a)
		return nil, ctx.Err()
	}
}

func (t *turn) at() time.Time { return t.a.at }

func (t *turn) approved(at time.Time) { t.a.at = at }

// done ends the turn.
func (t *turn) done() {
	<-t.a.slot
	t.of.leave(t.key, t.a)
}

// leave forgets a session that was never approved once nobody waits for it.
func (as *approvals) leave(key session.Key, a *approval) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a.waiting--
	if a.waiting == 0 && a.at.IsZero() && as.all[key] == a {
		delete(as.all, key)
	}
}

// trim makes room: first those that nobody waits for. Forgetting is safe, it
// only asks once more.
func (as *approvals) trim() {
	if len(as.all) < keep {
		return
	}
	for key, a := range as.all {
		if a.waiting == 0 {
			delete(as.all, key)
		}
	}
}
