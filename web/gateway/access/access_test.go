package access_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/rules"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/gateway"
	"mfaserver/web/gateway/access"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// approver answers every question alike and counts them.
type approver struct {
	err   error
	asked atomic.Int64
	last  atomic.Pointer[mfa.ApproveRequest]
}

func (a *approver) Approve(_ context.Context, r mfa.ApproveRequest) (time.Time, error) {
	a.asked.Add(1)
	a.last.Store(&r)
	return noon, a.err
}

func newGuard(t *testing.T, a access.Approver) *access.Guard {
	t.Helper()
	set, err := rules.New(rules.Config{
		ReadOnly: rules.ReadOnly{Users: []string{"viewer"}},
		StepUp:   rules.StepUp{MaxAge: 15 * time.Minute, Operations: []rules.Operation{{Methods: []string{"PUT"}, Paths: []string{"/users/*"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	guard, err := access.New(access.Config{
		Rules: set, Approver: a,
		Client: func(r *http.Request) mfa.Client {
			return mfa.Client{Addr: netip.MustParseAddrPort(r.RemoteAddr).Addr()}
		},
		Logger: slog.New(slog.DiscardHandler),
		Now:    func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	return guard
}

func request(t *testing.T, method, path, from string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://gateway.example.org"+path, nil)
	r.RemoteAddr = from + ":40000"
	return r
}

// Threat T150: dangerous operations need a fresh approval, which
// a session without one cannot have.
func TestPermit(t *testing.T) {
	t.Parallel()
	key := session.KeyOf("one")
	person := session.Session{Key: key, Username: "alice", ApprovedAt: noon.Add(-time.Minute)}
	with := func(change func(*session.Session)) session.Session {
		s := person
		change(&s)
		return s
	}
	viewer := with(func(s *session.Session) { s.Username = "viewer" })
	exempt := with(func(s *session.Session) { s.Exemption, s.ApprovedAt = "nightly", time.Time{} })
	byToken := with(func(s *session.Session) { s.Token, s.ReadOnly, s.ApprovedAt = "t1", true, time.Time{} })
	for _, c := range []struct {
		name    string
		session session.Session
		method  string
		path    string
		from    string
		want    string
	}{
		{"a person reads", person, "GET", "/api/channels", "192.0.2.7", ""},
		{"a person writes", person, "POST", "/api/4.5.2/channels/_deploy", "192.0.2.7", ""},
		{"no part of the API", person, "GET", "/webadmin/Index.action", "192.0.2.7", access.NotAPI},
		{"read-only user reads", viewer, "GET", "/api/channels", "192.0.2.7", ""},
		{"read-only user searches by POST", viewer, "POST", "/api/channels/1/messages/_search", "192.0.2.7", ""},
		{"read-only user deploys", viewer, "POST", "/api/channels/_deploy", "192.0.2.7", access.ReadOnly},
		{"read-only user deletes", viewer, "DELETE", "/api/channels/1", "192.0.2.7", access.ReadOnly},
		{"read-only session writes", with(func(s *session.Session) { s.ReadOnly = true }), "PUT", "/api/channels/1", "192.0.2.7", access.ReadOnly},
		{"read-only token reads", byToken, "GET", "/api/channels", "192.0.2.7", ""},
		{"read-only token writes", byToken, "POST", "/api/channels/_deploy", "192.0.2.7", access.ReadOnly},
		{"exempt session at a dangerous operation", exempt, "PUT", "/api/users/1", "192.0.2.7", access.StepUp},
		{"token's session at a dangerous operation", with(func(s *session.Session) { s.Token = "t1" }), "PUT", "/api/users/1", "192.0.2.7", access.StepUp},
		{"fail-open session at a dangerous operation", with(func(s *session.Session) { s.FailOpen, s.ApprovedAt = true, time.Time{} }), "PUT", "/api/users/1", "192.0.2.7", access.StepUp},
		{"principal without a session at a dangerous operation", with(func(s *session.Session) { s.Key = session.Key{} }), "PUT", "/api/users/1", "192.0.2.7", access.StepUp},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := &approver{}
			err := newGuard(t, a).Permit(t.Context(), c.session, request(t, c.method, c.path, c.from), func() {})
			var denied *gateway.DeniedError
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("Permit = %v, want nil", err)
			case c.want != "" && (!errors.As(err, &denied) || denied.Reason != c.want):
				t.Fatalf("Permit = %v, want denied for %s", err, c.want)
			}
			if n := a.asked.Load(); n != 0 {
				t.Errorf("%d pushes sent, want none", n)
			}
		})
	}
}

// Threat T150: a session whose approval is 16 minutes old is asked once more,
// once for all the requests that wait.
func TestStepUp(t *testing.T) {
	t.Parallel()
	a := &approver{}
	guard := newGuard(t, a)
	s := session.Session{Key: session.KeyOf("one"), Username: "alice", ApprovedAt: noon.Add(-16 * time.Minute)}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := guard.Permit(t.Context(), s, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {}); err != nil {
				t.Errorf("Permit = %v, want nil", err)
			}
		})
	}
	all.Wait()
	if n := a.asked.Load(); n != 1 {
		t.Errorf("%d pushes sent, want 1", n)
	}
	r := a.last.Load()
	if r.Username != "alice" || r.Purpose != "PUT /users/1" || r.Session != s.Key.Handle() {
		t.Errorf("asked %+v", *r)
	}
	other := s
	other.Key = session.KeyOf("two")
	if err := guard.Permit(t.Context(), other, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {}); err != nil || a.asked.Load() != 2 {
		t.Errorf("another session: %v, %d pushes; the approval of one is not another's", err, a.asked.Load())
	}
}

func TestStepUpRefused(t *testing.T) {
	t.Parallel()
	s := session.Session{Key: session.KeyOf("one"), Username: "alice", ApprovedAt: noon.Add(time.Minute)}
	refusing := &approver{err: mfa.ErrRefused}
	var denied *gateway.DeniedError
	err := newGuard(t, refusing).Permit(t.Context(), s, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {})
	if !errors.As(err, &denied) || denied.Reason != access.StepUpRefused || refusing.asked.Load() != 1 {
		t.Errorf("Permit = %v after %d pushes, want denied for %s; an approval from the future is none", err, refusing.asked.Load(), access.StepUpRefused)
	}
	down := &approver{err: mfa.ErrSecondFactorUnavailable}
	err = newGuard(t, down).Permit(t.Context(), s, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {})
	if !errors.Is(err, mfa.ErrSecondFactorUnavailable) {
		t.Errorf("Permit = %v, want %v", err, mfa.ErrSecondFactorUnavailable)
	}
}

// waiting is an approver whose user has not answered yet.
type waiting struct{ asked, answer chan struct{} }

func (w waiting) Approve(context.Context, mfa.ApproveRequest) (time.Time, error) {
	close(w.asked)
	<-w.answer
	return noon, nil
}

// A client that leaves while another request of its session is asking gets
// nothing.
func TestStepUpLeft(t *testing.T) {
	t.Parallel()
	a := waiting{asked: make(chan struct{}), answer: make(chan struct{})}
	guard := newGuard(t, a)
	s := session.Session{Key: session.KeyOf("one"), Username: "alice", ApprovedAt: noon.Add(-time.Hour)}
	first := make(chan error)
	go func() {
		first <- guard.Permit(t.Context(), s, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {})
	}()
	<-a.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := guard.Permit(ctx, s, request(t, "PUT", "/api/users/1", "192.0.2.7"), func() {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Permit of a client that left = %v, want %v", err, context.Canceled)
	}
	close(a.answer)
	if err := <-first; err != nil {
		t.Errorf("Permit of the one that asked = %v, want nil", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	set, err := rules.New(rules.Config{})
	if err != nil {
		t.Fatal(err)
	}
	whole := access.Config{
		Rules: set, Approver: &approver{}, Client: func(*http.Request) mfa.Client { return mfa.Client{} },
		Logger: slog.New(slog.DiscardHandler),
	}
	if _, err := access.New(whole); err != nil {
		t.Errorf("New = %v, want nil", err)
	}
	for name, lack := range map[string]func(*access.Config){
		"rules":    func(c *access.Config) { c.Rules = nil },
		"approver": func(c *access.Config) { c.Approver = nil },
		"client":   func(c *access.Config) { c.Client = nil },
		"logger":   func(c *access.Config) { c.Logger = nil },
	} {
		c := whole
		lack(&c)
		if _, err := access.New(c); !errors.Is(err, access.ErrConfig) {
			t.Errorf("New without %s = %v, want %v", name, err, access.ErrConfig)
		}
	}
}
