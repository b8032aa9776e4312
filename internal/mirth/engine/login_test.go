package engine_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, nil)
	l := login(t, c)
	if l.Status != mirth.StatusSuccess || l.Message != "" {
		t.Errorf("got %v %q", l.Status, l.Message)
	}
	user, err := c.CurrentUser(t.Context(), l.Cookie)
	if err != nil || user.Username != "ada" || user.Email != "ada@example.org" {
		t.Errorf("current user %+v, %v", user, err)
	}
	for range 2 { // the second finds no session, which is as good
		if err := c.Logout(t.Context(), l.Cookie); err != nil {
			t.Errorf("logout: %v", err)
		}
	}
	if n := s.Sessions(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	if _, err := c.CurrentUser(t.Context(), l.Cookie); !errors.Is(err, engine.ErrNoSession) {
		t.Errorf("after the logout: %v", err)
	}
}

// What an engine is sent at a login is a form of two fields and four headers,
// whatever the username is.
func TestLoginRequest(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{Users: []mirthtest.User{{Name: "a&b=c\r\nX: y", Password: "p%&+ é"}}})
	c := newClient(t, s, nil)
	if _, err := c.Login(t.Context(), "a&b=c\r\nX: y", secret.New("p%&+ é")); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(strings.TrimPrefix(`
POST /api/users/_login HTTP/1.1
Host: `+strings.TrimPrefix(s.URL, "https://")+`
User-Agent: mfaserver
Content-Length: 63
Accept: application/xml, application/json;q=0.5
Content-Type: application/x-www-form-urlencoded
X-Requested-With: mfaserver

password=p%25%26%2B+%C3%A9&username=a%26b%3Dc%0D%0AX%3A+y`, "\n"), "\n", "\r\n")
	got := string(s.Bytes()[0])
	want = strings.Replace(want, "Content-Length: 63", "Content-Length: 57", 1)
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// Threat T017: each status of the engine means what it says; only two let
// anybody in.
func TestLoginStatuses(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	grace, expired, own := ada(), ada(), ada()
	grace.Grace = "Your password has expired. Please change your password now."
	expired.Expired = true
	own.ExtendedLogin = true
	tests := []struct {
		name    string
		user    mirthtest.User
		config  mirthtest.Config
		given   string
		tries   int
		status  mirth.Status
		message string
		want    error
	}{
		{name: "right", user: ada(), given: password, status: mirth.StatusSuccess},
		{name: "grace period", user: grace, given: password, status: mirth.StatusGracePeriod, message: grace.Grace},
		{name: "wrong", user: ada(), given: "wrong", status: mirth.StatusFail, message: "Incorrect username or password.", want: engine.ErrRefused},
		{name: "empty", user: ada(), status: mirth.StatusFail, message: "Incorrect username or password.", want: engine.ErrRefused},
		{
			name: "expired", user: expired, given: password, status: mirth.StatusFailExpired, want: engine.ErrRefused,
			message: "Your password has expired. Please contact an administrator to have your password reset.",
		},
		{
			name: "attempts left", user: ada(), config: mirthtest.Config{MaxFailures: 4}, given: "wrong",
			status: mirth.StatusFail, want: engine.ErrRefused,
			message: `Incorrect username or password. 3 login attempt(s) remaining for "ada" until the account is locked for 1 hour.`,
		},
		{
			name: "locked out", user: ada(), config: mirthtest.Config{MaxFailures: 2, Now: func() time.Time { return at }},
			given: "wrong", tries: 2, status: mirth.StatusFailLockedOut, want: engine.ErrRefused,
			message: `Incorrect username or password. User account "ada" has been locked. You may attempt to login again in 59 minutes.`,
		},
		{name: "a second factor of the engine's own", user: own, given: password, want: engine.ErrOwnMFA},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.config.Users = []mirthtest.User{tt.user}
			s := startEngine(t, tt.config)
			c := newClient(t, s, nil)
			for range tt.tries {
				_, _ = c.Login(t.Context(), "ada", secret.New(tt.given)) // what counts is the last
			}
			l, err := c.Login(t.Context(), "ada", secret.New(tt.given))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			status, message := l.Status, l.Message
			if refused, ok := errors.AsType[*engine.RefusedError](err); ok {
				status, message = refused.Status, refused.Message
			}
			if status != tt.status || message != tt.message {
				t.Errorf("got %s %q, want %s %q", status, message, tt.status, tt.message)
			}
			if refused := errors.Is(err, engine.ErrRefused); refused && errors.Is(err, engine.ErrUnavailable) {
				t.Error("a refusal that is an outage")
			}
			if err != nil && strings.Contains(err.Error(), "attempt") {
				t.Errorf("the error tells too much: %v", err)
			}
			if live := s.LiveSession("ada"); live != (err == nil) {
				t.Errorf("a live session: %v", live)
			}
		})
	}
}

// Threat T012: of all answers that look like success, only the two that are
// one let anybody in, and no session is left behind by the others.
func TestHostileLogins(t *testing.T) {
	t.Parallel()
	answers := mirthtest.HostileLogins()
	accepted := 0
	for _, a := range answers {
		if a.Accepted {
			accepted++
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			c := newClient(t, s, nil)
			s.Misbehave(mirthtest.Faults{Login: &a})
			l, err := c.Login(t.Context(), "ada", secret.New("wrong"))
			if a.Accepted {
				if err != nil || l.Cookie.IsZero() {
					t.Fatalf("not taken: %v", err)
				}
				return
			}
			if !errors.Is(err, engine.ErrUnavailable) || errors.Is(err, engine.ErrRefused) {
				t.Errorf("got %v, want %v", err, engine.ErrUnavailable)
			}
			if !l.Cookie.IsZero() || l.Status != "" {
				t.Errorf("an error with a login: %v", l)
			}
			if n := s.Sessions(); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
			for _, q := range s.Requests() {
				if q.Target != "/api/users/_login" && q.Target != "/api/users/_logout" {
					t.Errorf("asked %s", q.Target)
				}
			}
		})
	}
	if len(answers) < 22 || accepted != 2 {
		t.Errorf("%d answers, %d of them accepted", len(answers), accepted)
	}
}

func TestLoginInJSON(t *testing.T) {
	t.Parallel()
	const root = `{"com.mirth.connect.model.LoginStatus":`
	tests := []struct {
		name, body string
		status     int
		want       error
	}{
		{"success", root + `{"status":"SUCCESS","message":null}}`, 200, nil},
		{"grace", root + `{"status":"SUCCESS_GRACE_PERIOD","message":"soon"}}`, 200, nil},
		{"fail", root + `{"status":"FAIL","message":"no"}}`, 401, engine.ErrRefused},
		{"fail with 200", root + `{"status":"FAIL","message":"no"}}`, 200, engine.ErrMalformed},
		{"number", root + `{"status":1,"message":null}}`, 200, engine.ErrMalformed},
		{"array", `[` + root + `{"status":"SUCCESS","message":null}}]`, 200, engine.ErrMalformed},
		{"more after it", root + `{"status":"SUCCESS","message":null}}{}`, 200, engine.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			s.Misbehave(mirthtest.Faults{Login: &mirthtest.Answer{
				Status: tt.status, Body: []byte(tt.body), Session: true, Header: http.Header{"Content-Type": {"application/json"}},
			}})
			_, err := newClient(t, s, nil).Login(t.Context(), "ada", secret.New("x"))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLoginFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults mirthtest.Faults
		want   error
	}{
		{"stack trace", mirthtest.Faults{StackTrace: true}, engine.ErrUnavailable},
		{"service unavailable", mirthtest.Faults{Status: http.StatusServiceUnavailable}, engine.ErrUnavailable},
		{"bare 401", mirthtest.Faults{Status: http.StatusUnauthorized}, engine.ErrMalformed},
		{"redirect", mirthtest.Faults{Location: "https://engine.example/"}, engine.ErrMalformed},
		{"upgrade", mirthtest.Faults{Upgrade: true}, engine.ErrMalformed},
		{"reset", mirthtest.Faults{Reset: true}, engine.ErrUnavailable},
		{"cut", mirthtest.Faults{CutAfter: -1}, engine.ErrMalformed},
		{"gzip", mirthtest.Faults{Gzip: true}, engine.ErrMalformed},
		{"no HTTP", mirthtest.Faults{Raw: []byte("SSH-2.0-x\r\n")}, engine.ErrUnavailable},
		{"endless header", mirthtest.Faults{Raw: []byte("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20))}, engine.ErrUnavailable},
		{"a hint before", mirthtest.Faults{EarlyHints: true}, nil},
		{"hostile headers", mirthtest.Faults{Header: http.Header{"Clear-Site-Data": {"*"}, "X-Powered-By": {"x"}}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{})
			c := newClient(t, s, nil)
			s.Misbehave(tt.faults)
			_, err := c.Login(t.Context(), "ada", secret.New(password))
			if !errors.Is(err, tt.want) || errors.Is(err, engine.ErrRefused) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if n := countLogins(s); n != 1 {
				t.Errorf("the password was sent %d times", n)
			}
		})
	}
}

func countLogins(s *mirthtest.Server) int {
	n := 0
	for _, q := range s.Requests() {
		if q.Target == "/api/users/_login" {
			n++
		}
	}
	return n
}

// Threat T013: a login that nobody waits for any more opens no session that
// stays.
func TestLateLogin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		call func(t *testing.T, s *mirthtest.Server) error
		want error
	}{
		{"the caller leaves", func(t *testing.T, s *mirthtest.Server) error {
			t.Helper()
			c := newClient(t, s, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := c.Login(ctx, "ada", secret.New(password))
			return err
		}, context.DeadlineExceeded},
		{"the engine takes too long", func(t *testing.T, s *mirthtest.Server) error {
			t.Helper()
			c := newClient(t, s, func(c *engine.Config) { c.Timeout = 50 * time.Millisecond })
			_, err := c.Login(t.Context(), "ada", secret.New(password))
			return err
		}, engine.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startEngine(t, mirthtest.Config{SlowHash: 200 * time.Millisecond})
			if err := tt.call(t, s); !errors.Is(err, tt.want) || !errors.Is(err, engine.ErrUnavailable) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			eventually(t, "the session was logged out", func() bool {
				return hasLogout(s) && s.Sessions() == 0
			})
		})
	}
}

func hasLogout(s *mirthtest.Server) bool {
	for _, q := range s.Requests() {
		if q.Target == "/api/users/_logout" && q.Status == http.StatusNoContent {
			return true
		}
	}
	return false
}

func TestLoginsAtATime(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{SlowHash: time.Hour})
	c := newClient(t, s, func(c *engine.Config) { c.MaxConcurrent = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := c.Login(ctx, "ada", secret.New(password))
		first <- err
	}()
	eventually(t, "the first login is there", func() bool { return countLogins(s) == 1 })
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := c.Login(short, "ada", secret.New(password)); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("the second login: %v", err)
	}
	if _, err := c.Version(t.Context()); err != nil {
		t.Errorf("other calls wait for logins: %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first login: %v", err)
	}
	if n := countLogins(s); n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := startEngine(t, mirthtest.Config{})
	c := newClient(t, s, nil)
	c.Close()
	if _, err := c.Login(t.Context(), "ada", secret.New(password)); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if n := s.Received(); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}
