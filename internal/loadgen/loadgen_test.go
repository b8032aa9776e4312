package loadgen_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/loadgen"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

func run(t *testing.T, c loadgen.Config) (*loadgen.Report, error) {
	t.Helper()
	g, err := loadgen.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g.Run(t.Context())
}

// Every leg of every login is played and timed, users take turns, no more
// clients than asked for are busy, and no session is left behind.
func TestRun(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.config()
	c.Users = append(c.Users, loadgen.User{Name: "bob", Password: secret.New(password)})
	r, err := run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Logins != 20 || r.Succeeded != 20 || r.Interrupted || r.PerSecond <= 0 || r.Users != 2 || r.Clients != 4 {
		t.Errorf("report = %+v", r)
	}
	var names []string
	for _, l := range r.Legs {
		names = append(names, l.Name)
		if l.Count != 20 || l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max || l.Mean > l.Max {
			t.Errorf("leg %+v", l)
		}
	}
	if got := strings.Join(names, ", "); got != "first call, prompt, callback page, second call, logout, whole login" {
		t.Errorf("legs: %s", got)
	}
	if s.users["alice"] != 11 || s.users["bob"] != 10 { // alice tried first whether it works
		t.Errorf("first calls by user: %v", s.users)
	}
	if s.open.Load() != 0 || s.most.Load() > 4 {
		t.Errorf("%d sessions left, %d logins at a time", s.open.Load(), s.most.Load())
	}
}

func TestKeepSessions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.config()
	c.KeepSessions, c.Logins = true, 3
	if r, err := run(t, c); err != nil || r.Succeeded != 3 || s.open.Load() != 4 {
		t.Errorf("Run() = %+v, %v with %d sessions, want 4", r, err, s.open.Load())
	}
}

// What does not work at all is tried once, whoever is to blame.
func TestFirstLoginFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bend func(s *server, c *loadgen.Config)
		want error
	}{
		{"wrong password", func(_ *server, c *loadgen.Config) { c.Users[0].Password = secret.New("wrong") }, apiclient.ErrRefused},
		{"certificate", func(_ *server, c *loadgen.Config) { c.CA = nil }, apiclient.ErrUntrusted},
		{"Duo itself", func(s *server, _ *loadgen.Config) {
			s.authURL = func(_ *server, state string) string {
				return "https://api-12345678.DUOsecurity.com/oauth/v1/authorize?state=" + state
			}
		}, loadgen.ErrRealDuo},
		{"the prompt stays", func(s *server, _ *loadgen.Config) {
			s.authURL = func(s *server, state string) string { return s.URL + "/nowhere?state=" + state }
		}, loadgen.ErrNotConfirmed},
		{"no callback page", func(s *server, _ *loadgen.Config) { s.callback = http.StatusInternalServerError }, loadgen.ErrCallback},
		{"refused by the second call", func(s *server, _ *loadgen.Config) {
			s.second = func(w http.ResponseWriter) {
				say(w, http.StatusUnauthorized, mirth.LoginStatus{Status: mirth.StatusFail})
			}
		}, apiclient.ErrRefused},
		{"logout", func(s *server, _ *loadgen.Config) { s.logoutOdd = http.StatusBadGateway }, apiclient.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			c := s.config()
			tt.bend(s, &c)
			if r, err := run(t, c); !errors.Is(err, tt.want) || r != nil || s.logins.Load() > 1 {
				t.Errorf("Run() = %+v, %v after %d logins, want %v after one", r, err, s.logins.Load(), tt.want)
			}
			if _, err := run(t, c); strings.Contains(fmt.Sprint(err), "canary") {
				t.Errorf("Run() = %v, which tells the password", err)
			}
		})
	}
}

// Failures are counted by kind, with an example of each.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	n := 0
	c := s.config()
	c.Clients, c.Logins = 1, 9
	s.second = func(w http.ResponseWriter) {
		switch n++; {
		case n == 1 || n%3 == 1:
			http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "session", Path: "/api"})
			say(w, http.StatusOK, mirth.LoginStatus{Status: mirth.StatusSuccess})
		case n%3 == 2:
			w.Header().Set("Retry-After", "5")
			say(w, http.StatusTooManyRequests, mirth.LoginStatus{Status: mirth.StatusFailLockedOut})
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	r, err := run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[loadgen.Outcome]int{}
	for _, o := range r.Outcomes {
		got[o.Outcome] = o.Logins
		if (o.Example == nil) != (o.Outcome == loadgen.OK) {
			t.Errorf("outcome %q has the example %v", o.Outcome, o.Example)
		}
	}
	if r.Logins != 9 || r.Succeeded != 3 || got[loadgen.OK] != 3 || got[loadgen.Throttled] != 3 || got[loadgen.Unavailable] != 3 {
		t.Errorf("%d logins, %d succeeded: %v", r.Logins, r.Succeeded, got)
	}
}

// A run ends when its time is over, or when it is told to: what is under way
// then is not counted, and what was opened is ended.
func TestEnds(t *testing.T) {
	t.Parallel()
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		c := s.config()
		c.Logins, c.Duration = 0, 100*time.Millisecond
		r, err := run(t, c)
		if err != nil || r.Interrupted || r.Succeeded == 0 || r.Logins != r.Succeeded || r.Took < c.Duration {
			t.Errorf("Run() = %+v, %v", r, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		c := s.config()
		c.Logins, c.Duration = 0, time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		s.onPrompt = func() {
			if s.logins.Load() >= 10 {
				cancel()
			}
		}
		g, err := loadgen.New(c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Run(ctx)
		if err != nil || !r.Interrupted || r.Logins != r.Succeeded || r.Logins == 0 || s.open.Load() != 0 {
			t.Errorf("Run() = %+v, %v with %d sessions left", r, err, s.open.Load())
		}
		if played, succeeded := g.Progress(); played != r.Logins || succeeded != r.Succeeded {
			t.Errorf("Progress() = %d, %d, want %d, %d", played, succeeded, r.Logins, r.Succeeded)
		}
	})
}

// At a rate logins begin when they are due; those that wait for a client count
// their waiting.
func TestRate(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.config()
	c.Rate, c.Logins = 100, 11
	r, err := run(t, c)
	if err != nil || r.Succeeded != 11 || r.Took < 100*time.Millisecond {
		t.Errorf("Run() at 100 a second = %+v, %v, want it to last a tenth of a second", r, err)
	}
	slow := newServer(t)
	c = slow.config()
	c.Clients, c.Rate, c.Logins = 1, loadgen.MaxRate, 10
	slow.onPrompt = func() { time.Sleep(5 * time.Millisecond) }
	r, err = run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	whole, prompt := r.Legs[len(r.Legs)-1], r.Legs[1]
	if whole.Max < 8*prompt.P50 {
		t.Errorf("the last of 10 logins due at once took %v with prompts of %v", whole.Max, prompt.P50)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := loadgen.Config{Server: "https://a.example", Users: []loadgen.User{{Name: "a"}}, Logins: 1}
	if _, err := loadgen.New(good); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*loadgen.Config){
		"no URL":    func(c *loadgen.Config) { c.Server = "http://a.example" },
		"no users":  func(c *loadgen.Config) { c.Users = nil },
		"clients":   func(c *loadgen.Config) { c.Clients = loadgen.MaxClients + 1 },
		"rate":      func(c *loadgen.Config) { c.Rate = -1 },
		"duration":  func(c *loadgen.Config) { c.Duration = loadgen.MaxDuration + 1 },
		"logins":    func(c *loadgen.Config) { c.Logins = -1 },
		"unbounded": func(c *loadgen.Config) { c.Logins = 0 },
	} {
		c := good
		bend(&c)
		if _, err := loadgen.New(c); !errors.Is(err, loadgen.ErrConfig) {
			t.Errorf("%s: New() = %v, want ErrConfig", name, err)
		}
	}
}
