package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/upstream"
)

// log is what was logged, for several goroutines.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// behind starts a server in front of an engine that speaks over sockets.
func behind(t *testing.T, c mirthtest.Config, bend ...func(*upstream.Config)) (*mirthtest.Server, *upstream.Upstream, *log) {
	t.Helper()
	s := mirthtest.NewServer(c)
	t.Cleanup(s.Close)
	client, err := engine.New(engine.Config{URL: s.URL, CA: s.CAPool(), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	out := &log{}
	w := newWorld(t)
	u := w.start(t, append([]func(*upstream.Config){func(c *upstream.Config) {
		c.Engine = client
		c.Logger = slog.New(slog.NewTextHandler(out, nil))
	}}, bend...)...)
	return s, u, out
}

func people() []mirthtest.User {
	return []mirthtest.User{
		{Name: "alice", Password: right, Email: "alice@example.org"},
		{Name: "graceful", Password: right, Grace: "You are required to change your password in the next 239 hours."},
		{Name: "expired", Password: right, Expired: true},
		{Name: "challenged", Password: right, ExtendedLogin: true},
	}
}

func TestRealEngine(t *testing.T) {
	t.Parallel()
	s, u, out := behind(t, mirthtest.Config{Users: people()})
	result, err := u.Authenticate(t.Context(), attempt("alice", right))
	if err != nil || result.User.Username != "alice" || result.User.Email != "alice@example.org" {
		t.Fatalf("Authenticate = %+v, %v", result, err)
	}
	if !s.LiveSession("alice") {
		t.Error("alice has no session at the engine")
	}
	if err := errors.Join(u.Verify(t.Context(), "alice", result.Carry), u.Adopt(t.Context(), "alice", result.Carry)); err != nil {
		t.Errorf("Verify and Adopt = %v", err)
	}
	// Threat T142.
	s.Misbehave(mirthtest.Faults{SwapUser: "graceful"})
	if err := u.Verify(t.Context(), "alice", result.Carry); !errors.Is(err, upstream.ErrDrift) {
		t.Errorf("Verify = %v, want ErrDrift", err)
	}
	s.Misbehave(mirthtest.Faults{})
	grace, err := u.Authenticate(t.Context(), attempt("graceful", right))
	if err != nil || grace.Status != primary.StatusGracePeriod || !strings.Contains(grace.Message, "239 hours") {
		t.Errorf("grace period = %+v, %v", grace, err)
	}
	_, err = u.Authenticate(t.Context(), attempt("expired", right))
	if e, ok := errors.AsType[*primary.ExpiredError](err); !ok || !strings.Contains(e.Message, "expired") {
		t.Errorf("expired = %v, want an ExpiredError", err)
	}
	if _, err = u.Authenticate(t.Context(), attempt("challenged", right)); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("second factor there = %v, want ErrUnavailable", err)
	}
	_, err = u.Authenticate(t.Context(), attempt("expired", "wrong"))
	wantReason(t, err, primary.ReasonWrongPassword)
	u.Release(t.Context(), "alice", result.Carry)
	finish(t, u)
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions live at the engine, want 0", n)
	}
	for _, cookie := range s.Cookies() {
		if strings.Contains(out.String(), cookie) {
			t.Errorf("the log holds a cookie: %s", out)
		}
	}
	if strings.Contains(out.String(), right) {
		t.Errorf("the log holds a password: %s", out)
	}
}

// Threat T007: nobody locks a real account through us, by no spelling of it.
func TestRealAccountIsNotLocked(t *testing.T) {
	t.Parallel()
	s, u, _ := behind(t, mirthtest.Config{Users: people(), MaxFailures: 6, FoldNames: true})
	var wg sync.WaitGroup
	for i, name := range []string{"alice", "ALICE", "Alice", "aLICE", "ａｌｉｃｅ", `X\alice`, "alice@example.org", "alicE"} {
		wg.Go(func() {
			for n := range 10 {
				a := attempt(name, fmt.Sprint("guess", n))
				a.Source = netip.AddrFrom4([4]byte{203, 0, byte(i), byte(n)})
				if _, err := u.Authenticate(t.Context(), a); err == nil {
					t.Error("a wrong password was accepted")
				}
			}
		})
	}
	wg.Wait()
	if err := u.NoteLogin(t.Context(), "alice", home); err != nil {
		t.Fatal(err)
	}
	// Threat T008: she still gets in from where she always does.
	result, err := u.Authenticate(t.Context(), attempt("Alice", right))
	if err != nil || result.User.Username != "alice" {
		t.Errorf("Authenticate = %+v, %v; want alice", result.User, err)
	}
	if n := s.Sessions(); n != 1 {
		t.Errorf("%d sessions live at the engine, want 1", n)
	}
}

// Threat T017: what the engine says of a locked account stays here.
func TestRealLockout(t *testing.T) {
	t.Parallel()
	_, u, _ := behind(t, mirthtest.Config{Users: people(), MaxFailures: 1})
	_, err := u.Authenticate(t.Context(), attempt("alice", "wrong"))
	wantReason(t, err, primary.ReasonUpstreamLocked)
	_, err = u.Authenticate(t.Context(), attempt("alice", right))
	wantReason(t, err, primary.ReasonUpstreamLocked)
}

// Threat T012: of all answers that look like a success, only the real ones
// become one.
func TestHostileLogins(t *testing.T) {
	t.Parallel()
	s, u, _ := behind(t, mirthtest.Config{Users: people()})
	accepted := 0
	for _, answer := range mirthtest.HostileLogins() {
		s.Misbehave(mirthtest.Faults{Login: &answer})
		result, err := u.Authenticate(t.Context(), attempt("alice", right))
		s.Misbehave(mirthtest.Faults{})
		if (err == nil) != answer.Accepted {
			t.Errorf("%s: Authenticate = %v, want accepted %t", answer.Name, err, answer.Accepted)
		}
		if err == nil {
			accepted++
			u.Release(t.Context(), "alice", result.Carry)
		} else if result.Carry != nil {
			t.Errorf("%s: a carry beside %v", answer.Name, err)
		}
	}
	if accepted != 2 {
		t.Errorf("%d answers were accepted, want 2", accepted)
	}
	finish(t, u)
}

// Threat T013: the engine is killed and comes back between a login and its
// end.
func TestRealEngineRestarts(t *testing.T) {
	t.Parallel()
	s, u, _ := behind(t, mirthtest.Config{Users: people()})
	carry := signIn(t, u)
	s.Kill()
	if err := u.Verify(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrUnavailable) {
		t.Errorf("Verify = %v, want ErrUnavailable", err)
	}
	if _, err := u.Authenticate(t.Context(), attempt("alice", right)); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Authenticate = %v, want ErrUnavailable", err)
	}
	u.Release(t.Context(), "alice", carry)
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Authenticate(t.Context(), attempt("alice", right)); err != nil {
		t.Errorf("Authenticate = %v, want nil: the outage counted against nobody", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		left, err := u.Sweep(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	finish(t, u)
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions live at the engine, want 0", n)
	}
}

func TestRealToken(t *testing.T) {
	t.Parallel()
	s, u, _ := behind(t, mirthtest.Config{Users: people()})
	carry, err := u.Open(t.Context(), "alice", secret.New(right))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	s.ExpireSessions()
	if err := u.Verify(t.Context(), "alice", carry); !errors.Is(err, upstream.ErrGone) {
		t.Errorf("Verify = %v, want ErrGone", err)
	}
	u.Release(t.Context(), "alice", carry)
	finish(t, u)
}
