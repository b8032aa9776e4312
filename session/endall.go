package session

import (
	"context"
	"errors"
	"time"

	"mfaserver/internal/audit"
)

// EndAll ends the sessions begun before a moment, of all kinds: those of a
// user, or of everybody when username is empty. A login that is under way and
// began its session before that moment gets [ErrRevoked]. The zero time means
// now, and so all there are; a moment to come is taken as now.
//
// It returns the sessions ended. The revocations are recorded first: with
// [ErrNotRecorded] and no sessions returned, nothing has ended. With another
// error, those returned have ended and the others may live on: call it again.
func (m *Manager) EndAll(ctx context.Context, username string, before time.Time, reason string) ([]Session, error) {
	now := m.clock.Now()
	all := before.IsZero() || before.After(now)
	if all {
		before = now.Add(1) // one begun this very moment is meant too
	}
	live, err := m.List(ctx, username)
	if err != nil {
		return nil, err
	}
	meant := live[:0]
	for _, s := range live {
		if all || s.CreatedAt.Before(before) {
			meant = append(meant, s)
		}
	}
	if err := m.recordAll(ctx, audit.SessionRevoked, meant, reason); err != nil {
		return nil, err
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	ended, err := m.cfg.Store.DeleteBefore(ctx, username, before)
	if err == nil && all {
		var ahead []Session
		ahead, err = m.deleteAhead(ctx, meant, before)
		ended = append(ended, ahead...)
	}
	if err != nil {
		err = storeError(err)
	}
	return ended, errors.Join(err, m.tellEnded(ctx, ended, meant, reason))
}

// deleteAhead ends those of all that a node begun whose clock is ahead.
func (m *Manager) deleteAhead(ctx context.Context, all []Session, before time.Time) ([]Session, error) {
	var ended []Session
	for _, s := range all {
		if s.CreatedAt.Before(before) {
			continue
		}
		gone, err := m.cfg.Store.Delete(ctx, s.Key)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return ended, err
		}
		ended = append(ended, gone)
	}
	return ended, nil
}

// tellEnded tells this node of revoked sessions, and the trail of those that
// were not recorded before.
func (m *Manager) tellEnded(ctx context.Context, ended, recorded []Session, reason string) error {
	known := make(map[Key]bool, len(recorded))
	for _, s := range recorded {
		known[s.Key] = true
	}
	var late []Session
	for _, s := range ended {
		m.over(ctx, s)
		if !known[s.Key] {
			late = append(late, s)
		}
	}
	return m.recordAll(ctx, audit.SessionRevoked, late, reason)
}
