package session_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

func of(k session.Kind) session.Session {
	s := alice()
	s.Kind = k
	return s
}

// Threat T155: each kind is named by its own cookie, and opens nothing else.
func TestKindsHaveTheirCookies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, tt := range []struct {
		kind   session.Kind
		cookie string
		loads  [3]bool // API, pages, console
		name   string
	}{
		{session.KindAPI, "JSESSIONID", [3]bool{true, false, false}, "api"},
		{session.KindToken, "JSESSIONID", [3]bool{true, false, false}, "token"},
		{session.KindPage, "__Host-mfa", [3]bool{false, true, false}, "page"},
		{session.KindConsole, "__Host-mfa_console", [3]bool{false, false, true}, "console"},
	} {
		s, cookie := f.start(t, of(tt.kind))
		if s.Kind != tt.kind || s.Kind.String() != tt.name || cookie[:len(tt.cookie)+1] != tt.cookie+"=" {
			t.Errorf("Start of %v = kind %v with the cookie %q, want %s", tt.kind, s.Kind, cookie, tt.cookie)
		}
		id := cookie[len(tt.cookie):]
		for i, load := range []func(*http.Request) (session.Session, error){f.Load, f.LoadPage, f.LoadConsole} {
			// The id under every name: only its own cookie opens it.
			name := []string{"JSESSIONID", "__Host-mfa", "__Host-mfa_console"}[i]
			_, err := load(request(name + id))
			if tt.loads[i] && err != nil || !tt.loads[i] && !errors.Is(err, session.ErrNotFound) {
				t.Errorf("the id of a %v in the cookie %s = %v, want loaded: %t", tt.kind, name, err, tt.loads[i])
			}
		}
	}
	if _, err := f.Start(t.Context(), httptest.NewRecorder(), request(), of(99)); !errors.Is(err, session.ErrKind) {
		t.Errorf("Start of kind 99 = %v, want ErrKind", err)
	}
}

// A service token's session is one of a token, and ends with it at the latest.
func TestTokenSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *session.Config) { c.PerUser = 1 })
	person, _ := f.start(t, alice())
	s := alice()
	s.Token, s.Expires = "a1b2", begin.Add(time.Hour)
	got, cookie := f.start(t, s)
	if got.Kind != session.KindToken || !got.Expires.Equal(begin.Add(time.Hour)) {
		t.Errorf("Start = kind %v until %v, want a token's until its end", got.Kind, got.Expires)
	}
	if live := f.live(t); len(live) != 2 {
		t.Errorf("%d sessions live, want that of the token beside %s", len(live), person.Key.Handle())
	}
	f.clock.Set(begin.Add(time.Hour))
	f.wantLoad(t, session.ErrNotFound, cookie)
	s.Expires = begin.Add(1000 * time.Hour)
	if got, _ := f.start(t, s); !got.Expires.Equal(begin.Add(time.Hour + session.DefaultAbsolute)) {
		t.Errorf("a token that lives longer gives a session until %v, want the absolute limit", got.Expires)
	}
}

// Threats T111, T112, T155: the console's sessions have limits of their own,
// and none is given without a second factor.
func TestConsoleSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s, cookie := f.start(t, of(session.KindConsole))
	if s.IdleTimeout != session.DefaultConsoleIdle || !s.Expires.Equal(begin.Add(session.DefaultConsoleAbsolute)) {
		t.Errorf("Start = idle %v, until %v, want the console's limits", s.IdleTimeout, s.Expires)
	}
	f.clock.Add(session.DefaultConsoleIdle - time.Second)
	if _, err := f.LoadConsole(request(cookie)); err != nil {
		t.Errorf("LoadConsole just before the idle limit: %v", err)
	}
	f.clock.Add(session.DefaultConsoleIdle)
	if _, err := f.LoadConsole(request(cookie)); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("LoadConsole at the idle limit = %v, want ErrNotFound", err)
	}
	open := of(session.KindConsole)
	open.FailOpen = true
	if _, err := f.Start(t.Context(), httptest.NewRecorder(), request(), open); !errors.Is(err, session.ErrFailOpenAdministrator) {
		t.Errorf("Start of a console that fails open = %v, want ErrFailOpenAdministrator", err)
	}
}

// Who signs out of the pages has signed out of the console.
func TestEndPageEndsTheConsole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, pages := f.start(t, alicesPage())
	_, console := f.start(t, of(session.KindConsole))
	w := httptest.NewRecorder()
	if s, err := f.EndPage(t.Context(), w, request(pages+"; "+console)); err != nil || s.Kind != session.KindPage {
		t.Fatalf("EndPage = %v, %v, want the page's session", s.Kind, err)
	}
	if set := w.Result().Cookies(); len(set) != 2 || len(f.live(t)) != 0 {
		t.Errorf("EndPage cleared %d cookies and left %d sessions, want both and none", len(set), len(f.live(t)))
	}
	f.wantTrail(t, audit.SessionStarted, audit.SessionStarted, audit.SessionEnded, audit.SessionEnded)
}

// Whoever signs out of the pages is told when the session of the console may
// live on.
func TestEndPageCannotEndTheConsole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, pages := f.start(t, alicesPage())
	_, console := f.start(t, of(session.KindConsole))
	s, err := f.EndPage(t.Context(), httptest.NewRecorder(), request(pages, console, console))
	if !errors.Is(err, session.ErrDuplicateCookie) || s.Kind != session.KindPage {
		t.Errorf("EndPage with two cookies of the console = %v, %v, want the page's session and ErrDuplicateCookie", s.Kind, err)
	}
	if _, err := f.LoadConsole(request(console)); err != nil {
		t.Errorf("LoadConsole: %v", err)
	}
}
