package session

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/audit"
	"mfaserver/internal/failpoint"
)

// Start opens a session for s.Username and writes its cookie: that
// of its kind, where one of a service token is a [KindToken] whatever it says.
// The id is always new; nothing of the request goes into it (threats T028,
// T077). Key, the times and the limits of s are set here; Expires, where it is
// set, is when the session ends at the latest. A session that fails open is
// read-only and ends within [FailOpenLimit]; the console has none.
//
// The cookie is written only when the store has the session and the audit
// trail the record of it, and when the session that the request carried, if
// any, is ended. When one of them fails, the new session is deleted again, no
// cookie is written, and the error is [ErrUnavailable] or [ErrNotRecorded]; s.Carry
// is then still the caller's to release. [ErrRevoked], and nothing else
// happened, when [Manager.EndAll] came in between. The session carried, and those that
// had to make room, may have ended by then.
//
// Start reads the context but finishes what it began when that is cancelled.
func (m *Manager) Start(ctx context.Context, w http.ResponseWriter, r *http.Request, s Session) (Session, error) {
	switch {
	case s.Username == "":
		return Session{}, ErrNobody
	case s.FailOpen && (s.Administrator || s.Kind == KindConsole):
		return Session{}, ErrFailOpenAdministrator
	}
	if s.Token != "" {
		s.Kind = KindToken
	}
	k, err := m.cookieOf(s.Kind)
	if err != nil {
		return Session{}, err
	}
	id := newID()
	s = m.begun(s, id)
	ended, err := m.cfg.Store.Create(ctx, s, m.cfg.PerUser, s.CreatedAt)
	if errors.Is(err, ErrExists) || errors.Is(err, ErrRevoked) {
		return Session{}, storeError(err)
	}
	if err != nil {
		// It may have been written all the same: an answer can get lost.
		return Session{}, m.takeBack(ctx, s, storeError(err))
	}
	failpoint.Hit(failpoint.SessionStored)
	if err := m.settle(ctx, r, k, s, ended); err != nil {
		return Session{}, m.takeBack(ctx, s, err)
	}
	k.set(w, id)
	return s, nil
}

// begun fills in what no caller decides.
func (m *Manager) begun(s Session, id string) Session {
	now := m.clock.Now()
	s = s.Clone()
	s.Key = KeyOf(id)
	s.CreatedAt, s.LastActive = now, now
	lifetime := m.cfg.Absolute
	s.IdleTimeout = m.cfg.Idle
	if s.Kind == KindConsole {
		lifetime, s.IdleTimeout = m.cfg.ConsoleAbsolute, m.cfg.ConsoleIdle
	}
	if s.FailOpen {
		s.ReadOnly = true
		lifetime = min(lifetime, FailOpenLimit)
	}
	if end := now.Add(lifetime); s.Expires.IsZero() || end.Before(s.Expires) {
		s.Expires = end
	}
	return s
}

// settle records the start and ends what the new session takes the place of.
func (m *Manager) settle(ctx context.Context, r *http.Request, k *cookie, s Session, ended []Session) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	carried, _ := cookieID(r.Header["Cookie"], k.name)
	errs := []error{m.record(ctx, started(s))}
	for _, old := range ended {
		m.over(ctx, old)
		name := audit.SessionLimit
		if carried != "" && old.Key == KeyOf(carried) {
			name = audit.SessionReplaced
		}
		errs = append(errs, m.record(ctx, ending(name, old, "by "+s.Key.Handle())))
	}
	if err := errors.Join(errs...); err != nil || carried == "" {
		return err
	}
	return m.replace(ctx, KeyOf(carried), k, s)
}

// replace ends the session that the request of a successful login carried.
// One that is over, gone or of no worth needs no ending.
func (m *Manager) replace(ctx context.Context, carried Key, k *cookie, by Session) error {
	old, err := m.delete(ctx, carried, k)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrTampered) {
		return nil
	}
	if err != nil {
		return err
	}
	m.over(ctx, old)
	return m.record(ctx, ending(audit.SessionReplaced, old, "by "+by.Key.Handle()))
}

// takeBack deletes a session whose id nobody has got, because of cause.
func (m *Manager) takeBack(ctx context.Context, s Session, cause error) error {
	ctx, cancel := finish(ctx)
	defer cancel()
	_, err := m.cfg.Store.Delete(ctx, s.Key)
	if errors.Is(err, ErrNotFound) {
		return cause
	}
	if err != nil {
		return errors.Join(cause, storeError(err))
	}
	// The trail may hold its start, so it is told the end if it listens.
	return errors.Join(cause, m.record(ctx, ending(audit.SessionEnded, s, ReasonStartFailed)))
}
