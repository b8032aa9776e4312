package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Manager starts, loads and ends sessions. It is also the [sessions.Store] of
// gorilla/sessions; see gorilla.go. Safe for concurrent use.
//
// What the store cannot answer is [ErrUnavailable], never "no session". What
// the audit trail does not take is [ErrNotRecorded].
type Manager struct {
	cfg     Config
	api     cookie
	pages   cookie
	console cookie
	clock   *clock
	refused *refusals
	watched *watchers
	moved   *places
}

// Errors of the Manager beside those of stores.
var (
	// ErrNotRecorded: the audit trail did not take an event. Nothing was
	// started or revoked; a user's own logout took place nevertheless.
	ErrNotRecorded = errors.New("session: not recorded in the audit trail")
	// ErrNobody: a session of no user, or sessions of no user to be ended.
	ErrNobody = errors.New("session: no username")
	// ErrFailOpenAdministrator: an administrator is never let in without a
	// second factor.
	ErrFailOpenAdministrator = errors.New("session: failing open is not for administrators")
)

// futureLeeway is how far another node's clock may be ahead of ours.
const futureLeeway = time.Minute

// finishWithin bounds work that goes on after the client has gone.
const finishWithin = 5 * time.Second

// Load returns the session of the request's API cookie: [ErrNoCookie],
// [ErrBadCookie], [ErrDuplicateCookie], [ErrNotFound] (unknown, ended, over, or
// of another kind), [ErrMoved], [ErrTampered], [ErrUnavailable]. It counts as activity
// unless the request is passive. Nothing but the Cookie header is read.
//
// Duplicate and malformed cookies and tampered records are put on the audit
// trail, at a bounded rate.
func (m *Manager) Load(r *http.Request) (Session, error) { return m.load(r, &m.api) }

// Absent reports whether an error of [Manager.Load] says that the request has no
// session, rather than that nobody can tell (threat T107).
func Absent(err error) bool {
	return slices.ContainsFunc([]error{ErrNoCookie, ErrBadCookie, ErrDuplicateCookie, ErrNotFound, ErrMoved, ErrTampered}, func(none error) bool {
		return errors.Is(err, none)
	})
}

// LoadPage is [Manager.Load] for the cookie of the pages.
func (m *Manager) LoadPage(r *http.Request) (Session, error) { return m.load(r, &m.pages) }

// LoadConsole is [Manager.Load] for the cookie of the console.
func (m *Manager) LoadConsole(r *http.Request) (Session, error) { return m.load(r, &m.console) }

func (m *Manager) load(r *http.Request, k *cookie) (Session, error) {
	id, err := cookieID(r.Header["Cookie"], k.name)
	if err != nil {
		return Session{}, m.refuse(r, k, err)
	}
	now := m.clock.Now()
	s, err := m.find(r.Context(), KeyOf(id), k, now)
	if err != nil {
		return Session{}, m.refuse(r, k, err)
	}
	if err := m.settled(r, &s); err != nil {
		return Session{}, err
	}
	if now.Sub(s.LastActive) < m.cfg.TouchEvery || m.cfg.Passive != nil && m.cfg.Passive(r) {
		return s, nil
	}
	if err := m.cfg.Store.Touch(r.Context(), s.Key, now); err != nil {
		return Session{}, storeError(err)
	}
	s.LastActive = now
	return s, nil
}

// find returns a session that opens something: not over, whatever the store
// thinks, and not from the future, which would be one that a clock set back
// keeps alive.
func (m *Manager) find(ctx context.Context, key Key, k *cookie, now time.Time) (Session, error) {
	s, err := m.stored(ctx, key, k, now)
	if err != nil {
		return Session{}, err
	}
	if s.ExpiredAt(now) || s.LastActive.After(now.Add(futureLeeway)) {
		return Session{}, ErrNotFound
	}
	return s, nil
}

// stored asks the store, and believes it only when the record is the one
// asked for. A key of another kind finds nothing.
func (m *Manager) stored(ctx context.Context, key Key, k *cookie, now time.Time) (Session, error) {
	s, err := m.cfg.Store.Find(ctx, key, now)
	switch {
	case err != nil:
		return Session{}, storeError(err)
	case s.Key != key || s.Username == "":
		return Session{}, ErrTampered
	case !k.names(s.Kind):
		return Session{}, ErrNotFound
	}
	return s, nil
}

// List returns the live sessions of a user, or of everybody when username is
// empty, latest first.
func (m *Manager) List(ctx context.Context, username string) ([]Session, error) {
	list, err := m.cfg.Store.List(ctx, username, m.clock.Now())
	if err != nil {
		return nil, storeError(err)
	}
	return list, nil
}

// HighWater is the Manager's clock: kept somewhere durable, it is a
// [Config.NotBefore] for the next start.
func (m *Manager) HighWater() time.Time { return m.clock.Now() }

// storeError makes sure that what is not one of the store's answers is
// ErrUnavailable: a deadline, a broken disk, anything.
func storeError(err error) error {
	for _, answer := range []error{ErrNotFound, ErrTampered, ErrRevoked, ErrUnavailable} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// finish returns a context for what must be brought to an end although the
// client may be gone.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
}
