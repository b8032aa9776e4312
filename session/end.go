package session

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"mfaserver/internal/audit"
	"mfaserver/internal/failpoint"
)

// Reasons for which a session ends, as the audit trail has them. Revocations
// carry the caller's reason.
const (
	ReasonLogout      = "logout"
	ReasonAbandoned   = "response not delivered"
	ReasonStartFailed = "start failed"
	ReasonExpired     = "idle or absolute limit"
)

// End is the logout: it deletes the session of the request's API cookie for
// ever, then writes the Set-Cookie that clears the cookie, and returns the
// session. Errors are those of Load.
//
// A logout takes place even when the audit trail fails; then the session is
// returned together with [ErrNotRecorded]. With [ErrUnavailable] the session
// may live on, and its cookie is left alone so that the client can try again.
// It is brought to an end although the client may be gone.
func (m *Manager) End(ctx context.Context, w http.ResponseWriter, r *http.Request) (Session, error) {
	return m.end(ctx, w, r, &m.api)
}

// EndPage is [Manager.End] for the cookie of the pages. It ends the session of
// the console too that the same request carries: who signs out has signed out.
func (m *Manager) EndPage(ctx context.Context, w http.ResponseWriter, r *http.Request) (Session, error) {
	s, err := m.end(ctx, w, r, &m.pages)
	if _, also := m.end(ctx, w, r, &m.console); also != nil && !nothingToEnd(also) {
		err = errors.Join(err, also)
	}
	return s, err
}

// nothingToEnd reports whether a request had no session of the kind, or one
// that is over.
func nothingToEnd(err error) bool {
	return (errors.Is(err, ErrNoCookie) || errors.Is(err, ErrNotFound)) && !errors.Is(err, ErrNotRecorded)
}

func (m *Manager) end(ctx context.Context, w http.ResponseWriter, r *http.Request, k *cookie) (Session, error) {
	id, err := cookieID(r.Header["Cookie"], k.name)
	if errors.Is(err, ErrNoCookie) {
		return Session{}, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	var s Session
	if err == nil {
		s, err = m.delete(ctx, KeyOf(id), k)
	}
	if !errors.Is(err, ErrUnavailable) {
		k.clear(w)
	}
	if err != nil {
		return Session{}, m.refuse(r, k, err)
	}
	failpoint.Hit(failpoint.MidLogout)
	m.over(ctx, s)
	e := ending(audit.SessionEnded, s, ReasonLogout)
	e.Source, e.UserAgent = m.cfg.Source(r), r.UserAgent()
	return s, m.record(ctx, e)
}

// delete ends a session that the cookie may name: any other key ends nothing.
func (m *Manager) delete(ctx context.Context, key Key, k *cookie) (Session, error) {
	if _, err := m.stored(ctx, key, k, m.clock.Now()); err != nil {
		return Session{}, err
	}
	s, err := m.cfg.Store.Delete(ctx, key)
	if err != nil {
		return Session{}, storeError(err)
	}
	return s, nil
}

// EndUser ends all sessions of a user, of all kinds, and returns them. The
// revocations are recorded first: with [ErrNotRecorded] and no sessions
// returned, nothing has ended. Whoever changes what lets a user in does that
// before, so that no login slips in after.
func (m *Manager) EndUser(ctx context.Context, username, reason string) ([]Session, error) {
	if username == "" {
		return nil, ErrNobody
	}
	live, err := m.List(ctx, username)
	if err != nil {
		return nil, err
	}
	if err := m.recordAll(ctx, audit.SessionRevoked, live, reason); err != nil {
		return nil, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	ended, err := m.cfg.Store.DeleteUser(ctx, username)
	if err != nil {
		return nil, storeError(err)
	}
	return ended, m.tellEnded(ctx, ended, live, reason)
}

// Revoke ends one session, as an administrator does who picked it from a
// list. The revocation is recorded first: with [ErrNotRecorded] the session
// lives on. [ErrNotFound] when it is gone already.
func (m *Manager) Revoke(ctx context.Context, key Key, reason string) (Session, error) {
	s, err := m.cfg.Store.Find(ctx, key, m.clock.Now())
	if err != nil {
		return Session{}, storeError(err)
	}
	if err := m.record(ctx, ending(audit.SessionRevoked, s, reason)); err != nil {
		return Session{}, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	s, err = m.cfg.Store.Delete(ctx, key)
	if err != nil {
		return Session{}, storeError(err)
	}
	m.over(ctx, s)
	return s, nil
}

// Abandon ends a session whose cookie never reached the client, because the
// write of the response was seen to fail (threat T078). One that is gone
// already is no error. The session ends even when the audit trail fails, which
// is then [ErrNotRecorded].
func (m *Manager) Abandon(ctx context.Context, key Key) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	s, err := m.cfg.Store.Delete(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	m.over(ctx, s)
	return m.record(ctx, ending(audit.SessionEnded, s, ReasonAbandoned))
}

// sweepBatch is how many sessions a sweep deletes in one go.
const sweepBatch = 1000

// Sweep deletes the sessions that are over and returns their number. Nothing
// depends on it but the store's size, the records of the trail and the ends of
// what watches a session: expiry is judged on every read.
func (m *Manager) Sweep(ctx context.Context) (int, error) {
	now := m.clock.Now()
	total := 0
	for {
		ended, err := m.cfg.Store.Sweep(ctx, now, sweepBatch)
		for _, s := range ended {
			m.over(ctx, s)
		}
		total += len(ended)
		if err != nil {
			err = storeError(err)
		}
		// They are gone, so they are recorded even when the sweep is to stop.
		err = errors.Join(err, m.recordAll(context.WithoutCancel(ctx), audit.SessionExpired, ended, ReasonExpired))
		if err != nil || len(ended) < sweepBatch {
			return total, err
		}
	}
}

// over tells this node that a session has left the store.
func (m *Manager) over(ctx context.Context, s Session) {
	m.watched.end(s.Key)
	if m.cfg.OnEnd != nil {
		m.cfg.OnEnd(ctx, s)
	}
}

// recordWidth is how many records are under way at once, so that a trail that
// commits in groups makes one wait for the disk of many.
const recordWidth = 64

// recordAll records the end of each of the sessions.
func (m *Manager) recordAll(ctx context.Context, name audit.Name, all []Session, reason string) error {
	errs := make([]error, len(all))
	slots := make(chan struct{}, recordWidth)
	var under sync.WaitGroup
	for i, s := range all {
		slots <- struct{}{}
		under.Go(func() {
			defer func() { <-slots }()
			errs[i] = m.record(ctx, ending(name, s, reason))
		})
	}
	under.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
