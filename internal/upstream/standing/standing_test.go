package standing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/secret"
	"mfaserver/internal/upstream/standing"
)

var errDown = errors.New("engine down")

// engine counts what it is asked.
type engine struct {
	mu       sync.Mutex
	opened   int
	live     map[string]bool
	err      error
	password string
}

func (e *engine) Open(_ context.Context, username string, password secret.Secret) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.opened++
	if e.err != nil {
		return nil, e.err
	}
	e.password = password.Reveal()
	carry := fmt.Sprintf("%s %d", username, e.opened)
	e.live[carry] = true
	return []byte(carry), nil
}

func (e *engine) Release(_ context.Context, _ string, carry []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.live, string(carry))
}

func (e *engine) counts() (opened, live int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opened, len(e.live)
}

type credentials struct{}

func (credentials) Credential(_ context.Context, id string) (secret.Secret, error) {
	return secret.New("password of " + id), nil
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newSessions(t *testing.T) (*standing.Sessions, *engine, *clock) {
	t.Helper()
	e, c := &engine{live: map[string]bool{}}, &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	s, err := standing.New(standing.Config{Upstream: e, Credentials: credentials{}, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return s, e, c
}

func carry(t *testing.T, s *standing.Sessions, id string) string {
	t.Helper()
	got, err := s.Carry(t.Context(), id, "svc")
	if err != nil {
		t.Fatalf("Carry(%s) = %v", id, err)
	}
	return string(got)
}

func TestOneSessionForAToken(t *testing.T) {
	t.Parallel()
	s, e, _ := newSessions(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got, err := s.Carry(t.Context(), "t1", "svc"); err != nil || string(got) != "svc 1" {
				t.Errorf("Carry = %q, %v", got, err)
			}
		})
	}
	all.Wait()
	if opened, live := e.counts(); opened != 1 || live != 1 || e.password != "password of t1" {
		t.Errorf("%d opened, %d live, password %q; want one session", opened, live, e.password)
	}
	if other := carry(t, s, "t2"); other == "svc 1" {
		t.Error("two tokens share a session")
	}
}

func TestStaleSessionIsReplacedOnce(t *testing.T) {
	t.Parallel()
	s, e, _ := newSessions(t)
	first := carry(t, s, "t1")
	s.Stale(t.Context(), "t1", []byte(first))
	second := carry(t, s, "t1")
	// A late answer about the first does not end the second.
	s.Stale(t.Context(), "t1", []byte(first))
	if third := carry(t, s, "t1"); second == first || third != second {
		t.Errorf("carries %q, %q, %q", first, second, third)
	}
	if _, live := e.counts(); live != 1 {
		t.Errorf("%d live, want 1", live)
	}
}

// Threat T007: a token with a wrong credential does not hammer the account.
func TestEngineIsLeftAloneAfterARefusal(t *testing.T) {
	t.Parallel()
	s, e, c := newSessions(t)
	e.err = errDown
	if _, err := s.Carry(t.Context(), "t1", "svc"); !errors.Is(err, errDown) {
		t.Fatalf("Carry = %v, want %v", err, errDown)
	}
	for range 10 {
		if _, err := s.Carry(t.Context(), "t1", "svc"); !errors.Is(err, standing.ErrResting) {
			t.Fatalf("Carry = %v, want %v", err, standing.ErrResting)
		}
	}
	if opened, _ := e.counts(); opened != 1 {
		t.Errorf("%d logins, want 1", opened)
	}
	e.err = nil
	c.step(standing.DefaultRest)
	carry(t, s, "t1")
}

func TestSweepEndsWhatRests(t *testing.T) {
	t.Parallel()
	s, e, c := newSessions(t)
	carry(t, s, "t1")
	c.step(standing.DefaultIdle)
	carry(t, s, "t2")
	s.Sweep(t.Context())
	if _, live := e.counts(); live != 2 {
		t.Errorf("%d live at the limit, want 2", live)
	}
	c.step(time.Second)
	s.Sweep(t.Context())
	if _, live := e.counts(); live != 1 {
		t.Errorf("%d live beyond the limit, want 1", live)
	}
}

func TestEndAndClose(t *testing.T) {
	t.Parallel()
	s, e, _ := newSessions(t)
	carry(t, s, "t1")
	carry(t, s, "t2")
	s.End(t.Context(), "t1")
	if _, live := e.counts(); live != 1 {
		t.Errorf("%d live, want 1", live)
	}
	s.Close(t.Context())
	if _, live := e.counts(); live != 0 {
		t.Errorf("%d live after Close, want none", live)
	}
	if _, err := s.Carry(t.Context(), "t1", "svc"); !errors.Is(err, standing.ErrClosed) {
		t.Errorf("Carry = %v, want %v", err, standing.ErrClosed)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if _, err := standing.New(standing.Config{}); !errors.Is(err, standing.ErrConfig) {
		t.Fatalf("New = %v, want %v", err, standing.ErrConfig)
	}
}
