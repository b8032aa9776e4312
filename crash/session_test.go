//go:build unix

package crash_test

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/session"
)

// errUnavailable: the server said that it could not do it now.
var errUnavailable = errors.New("503")

// ask asks who a session is.
func (w *worker) ask(ctx context.Context, s *kept, n *node) (there bool, err error) {
	a, err := w.home.call(ctx, http.MethodGet, n.url+"/api/users/current", nil,
		map[string]string{"Cookie": sessionCookie + "=" + s.cookie})
	switch {
	case err != nil:
		return false, err
	case a.status == http.StatusServiceUnavailable:
		return false, errUnavailable
	case a.status == http.StatusUnauthorized:
		return false, nil
	case a.status != http.StatusOK:
		w.rig.found.add(oddAnswer, "users/current: %d %q", a.status, a.body)
		return false, nil
	}
	if user, err := mirth.ParseUser(a.body, a.header.Get("Content-Type")); err != nil || user.Username != s.user {
		w.rig.found.add(wrongIdentity, "session %s of %s is %q, %v", s.handle, s.user, user.Username, err)
	}
	return true, nil
}

// check holds a session to what the journal says of it.
func (w *worker) check(ctx context.Context, s *kept, n *node) error {
	w.rig.counts.checks.Add(1)
	there, err := w.ask(ctx, s, n)
	if err != nil {
		return err
	}
	switch {
	case s.state == live && !there:
		w.rig.found.add(lostSession, "session %s of %s is gone at %s", s.handle, s.user, n.name)
		s.state = ended
	case s.state == ended && there && !w.propagating(s, n):
		w.rig.found.add(logoutUndone, "session %s of %s lives at %s after its end (%s)", s.handle, s.user, n.name, s.how)
	}
	return nil
}

// propagation is how long another node may take to hear of an end.
const propagation = 2 * time.Second

func (w *worker) propagating(s *kept, n *node) bool {
	return s.endedOn != n && len(w.rig.nodes) > 1 && time.Since(s.endedAt) < propagation
}

// logout ends a session and often looks at once whether it did.
func (w *worker) logout(ctx context.Context) error {
	s, n := w.live(), w.node()
	if s == nil {
		return nil
	}
	err := w.logoutAt(ctx, s, n)
	if err == nil && w.random.IntN(2) == 0 {
		return w.check(ctx, s, n)
	}
	return err
}

func (w *worker) logoutAt(ctx context.Context, s *kept, n *node) error {
	s.state = ending
	a, err := w.home.call(ctx, http.MethodPost, n.url+"/api/users/_logout", nil,
		map[string]string{"Cookie": sessionCookie + "=" + s.cookie})
	switch {
	case err != nil:
		return err
	case a.status == http.StatusServiceUnavailable:
		return errUnavailable
	case a.status == http.StatusUnauthorized:
		w.rig.found.add(lostSession, "session %s of %s is gone at its logout", s.handle, s.user)
		s.state = ended
		return nil
	case a.status != http.StatusNoContent:
		w.rig.found.add(oddAnswer, "logout: %d %q", a.status, a.body)
		return nil
	}
	s.end("logout", n)
	w.rig.counts.logouts.Add(1)
	return nil
}

// revoke has an operator end sessions, in one of several ways.
func (w *worker) revoke(ctx context.Context) error {
	n := w.node()
	one := w.live()
	switch way := w.random.IntN(3); {
	case way == 0 && one != nil:
		return w.revokeAll(ctx, n, []*kept{one}, "sessions.revoke", sessionsOf{ID: one.handle, Reason: "crash"})
	case way == 1:
		return w.revokeAll(ctx, n, w.allLive(), "sessions.revoke", sessionsOf{Username: w.user, Reason: "crash"})
	default:
		w.disabled = true
		if err := w.revokeAll(ctx, n, w.allLive(), "users.disable", named{w.user}); err != nil {
			return err
		}
		return w.enable(ctx)
	}
}

// revokeAll runs a command that ends these sessions.
func (w *worker) revokeAll(ctx context.Context, n *node, all []*kept, command string, args any) error {
	for _, s := range all {
		s.state = ending
	}
	if err := n.command(ctx, command, args); err != nil {
		if errors.Is(err, session.ErrNotFound) {
			w.rig.found.add(lostSession, "session %s of %s is gone at its revocation", all[0].handle, w.user)
		}
		return err
	}
	for _, s := range all {
		s.end("revoked by "+command, n)
	}
	w.rig.counts.revocations.Add(int64(len(all)))
	return nil
}

// Arguments of the commands about sessions and about one user.
type (
	sessionsOf struct {
		ID       string `json:"id,omitempty"`
		Username string `json:"username,omitempty"`
		Reason   string `json:"reason"`
	}
	named struct {
		Username string `json:"username"`
	}
)

func (w *worker) enable(ctx context.Context) error {
	err := w.node().command(ctx, "users.enable", named{w.user})
	if err == nil {
		w.disabled = false
	}
	return err
}
