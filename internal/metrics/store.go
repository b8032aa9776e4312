package metrics

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mfaserver/mfa"
	"mfaserver/session"
)

// operation is one thing that a store does.
type operation struct {
	now    func() time.Time
	took   prometheus.Observer
	failed prometheus.Counter
}

func (m *Metrics) operation(name string) operation {
	return operation{now: m.cfg.Now, took: m.store.WithLabelValues(name), failed: m.storeFailed.WithLabelValues(name)}
}

// done notes the end of what began then. An answer that the contract names is
// no failure.
func (o *operation) done(began time.Time, err error) {
	o.took.Observe(o.now().Sub(began).Seconds())
	if err != nil && !answered(err) {
		o.failed.Inc()
	}
}

// answered reports whether an error is an answer of a store that works.
func answered(err error) bool {
	for _, answer := range []error{
		session.ErrNotFound, session.ErrExists, session.ErrRevoked, mfa.ErrUnknownState, mfa.ErrTooManyPending, context.Canceled,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// Sessions measures how long a store of sessions takes.
func (m *Metrics) Sessions(next session.Store) session.Store {
	s := &sessions{
		next: next, create: m.operation("sessions.create"), find: m.operation("sessions.find"), touch: m.operation("sessions.touch"),
		remove: m.operation("sessions.delete"), list: m.operation("sessions.list"), removeMany: m.operation("sessions.delete_many"),
		sweep: m.operation("sessions.sweep"),
	}
	if ranged, ok := next.(session.KeyRange); ok {
		return &rangedSessions{s, ranged}
	}
	return s
}

// rangedSessions are those of a store that finds them by their keys.
type rangedSessions struct {
	*sessions
	session.KeyRange
}

type sessions struct {
	next                                                 session.Store
	create, find, touch, remove, list, removeMany, sweep operation
}

// Create implements [session.Store].
func (s *sessions) Create(ctx context.Context, v session.Session, limit int, now time.Time) ([]session.Session, error) {
	began := s.create.now()
	ended, err := s.next.Create(ctx, v, limit, now)
	s.create.done(began, err)
	return ended, err
}

// Find implements [session.Store].
func (s *sessions) Find(ctx context.Context, k session.Key, now time.Time) (session.Session, error) {
	began := s.find.now()
	v, err := s.next.Find(ctx, k, now)
	s.find.done(began, err)
	return v, err
}

// Touch implements [session.Store].
func (s *sessions) Touch(ctx context.Context, k session.Key, t time.Time) error {
	began := s.touch.now()
	err := s.next.Touch(ctx, k, t)
	s.touch.done(began, err)
	return err
}

// Delete implements [session.Store].
func (s *sessions) Delete(ctx context.Context, k session.Key) (session.Session, error) {
	began := s.remove.now()
	v, err := s.next.Delete(ctx, k)
	s.remove.done(began, err)
	return v, err
}

// List implements [session.Store].
func (s *sessions) List(ctx context.Context, username string, now time.Time) ([]session.Session, error) {
	began := s.list.now()
	all, err := s.next.List(ctx, username, now)
	s.list.done(began, err)
	return all, err
}

// DeleteUser implements [session.Store].
func (s *sessions) DeleteUser(ctx context.Context, username string) ([]session.Session, error) {
	began := s.removeMany.now()
	ended, err := s.next.DeleteUser(ctx, username)
	s.removeMany.done(began, err)
	return ended, err
}

// DeleteBefore implements [session.Store].
func (s *sessions) DeleteBefore(ctx context.Context, username string, before time.Time) ([]session.Session, error) {
	began := s.removeMany.now()
	ended, err := s.next.DeleteBefore(ctx, username, before)
	s.removeMany.done(began, err)
	return ended, err
}

// Sweep implements [session.Store].
func (s *sessions) Sweep(ctx context.Context, now time.Time, most int) ([]session.Session, error) {
	began := s.sweep.now()
	ended, err := s.next.Sweep(ctx, now, most)
	s.sweep.done(began, err)
	return ended, err
}
