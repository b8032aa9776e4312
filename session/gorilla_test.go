package session_test

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// One request through gorilla/sessions: log in, be known, log out.
func TestGorillaStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r, w := request(), httptest.NewRecorder()
	g, err := f.Get(r, session.DefaultPageCookie)
	if _, ok := session.Of(g); err != nil || !g.IsNew || ok {
		t.Fatalf("Get without a cookie = %+v, %v, want a new session of nobody", g, err)
	}
	// Threat T030: a visitor is given no cookie.
	if err := sessions.Save(r, w); err != nil || len(w.Header()) != 0 {
		t.Fatalf("Save of a visitor = %v with headers %v, want none", err, w.Header())
	}
	session.Put(g, alice())
	if _, ok := session.Of(g); ok {
		t.Error("Of finds a session before it is saved")
	}
	if err := g.Save(r, w); err != nil {
		t.Fatalf("Save: %v", err)
	}
	s, ok := session.Of(g)
	if !ok || g.IsNew || s.Kind != session.KindPage || g.ID != s.Key.Handle() {
		t.Errorf("after Save: %+v, %t, want the page session of alice", s, ok)
	}
	cookie := w.Result().Cookies()[0]

	r, w = request(cookie.Name+"="+cookie.Value), httptest.NewRecorder()
	g, err = f.Get(r, session.DefaultPageCookie)
	if s, ok := session.Of(g); err != nil || !ok || s.Username != "alice" || g.IsNew {
		t.Fatalf("Get = %+v, %v, want alice's session", s, err)
	}
	if again, err := f.Get(r, session.DefaultPageCookie); again != g || err != nil {
		t.Error("a second Get in one request loads again")
	}
	if err := sessions.Save(r, w); err != nil || len(w.Header()) != 0 {
		t.Errorf("Save of what did not change = %v with headers %v, want none", err, w.Header())
	}
	g.Options.MaxAge = -1
	for range 2 { // the second finds nothing to end
		w = httptest.NewRecorder()
		if err := g.Save(r, w); err != nil || !clears(w) || !g.IsNew {
			t.Errorf("Save with MaxAge -1 = %v with headers %v, want the cookie cleared", err, w.Header())
		}
	}
	f.wantTrail(t, audit.SessionStarted, audit.SessionEnded)
}

// A login on top of a session replaces it with another id.
func TestGorillaStoreRotates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before, cookie := f.start(t, alice())
	r, w := request(cookie), httptest.NewRecorder()
	g, err := f.Get(r, session.DefaultCookieName)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	session.Put(g, alice())
	g.Options.Secure, g.Options.Path, g.Options.MaxAge = false, "/", 3600 // none of which counts
	if err := g.Save(r, w); err != nil {
		t.Fatalf("Save: %v", err)
	}
	after, _ := session.Of(g)
	if after.Key == before.Key {
		t.Error("the id is not new")
	}
	id := w.Result().Cookies()[0].Value
	wantHeader(t, w.Header(), "JSESSIONID="+id+"; Path=/api; HttpOnly; Secure; SameSite=Lax")
	f.wantLoad(t, session.ErrNotFound, cookie)
}

// Threat T107: an error of the store never reads as a visitor.
func TestGorillaStoreErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, cookie := f.start(t, alice())
	for _, tt := range []struct {
		name, cookieName, line string
		find, want             error
	}{
		{"a stale cookie is none", session.DefaultCookieName, "JSESSIONID=" + session.NewID(), nil, nil},
		{"unavailable", session.DefaultCookieName, cookie, errors.New("input/output error"), session.ErrUnavailable},
		{"tampered", session.DefaultCookieName, cookie, session.ErrTampered, session.ErrTampered},
		{"malformed", session.DefaultCookieName, "JSESSIONID=x", nil, session.ErrBadCookie},
		{"two", session.DefaultCookieName, cookie + ";" + cookie, nil, session.ErrDuplicateCookie},
		{"another name", "other", cookie, nil, session.ErrUnknownName},
	} {
		f.store.find = tt.find
		g, err := f.Get(request(tt.line), tt.cookieName)
		if !errors.Is(err, tt.want) || g == nil {
			t.Fatalf("%s: Get = %v, %v, want a session and %v", tt.name, g, err, tt.want)
		}
		if _, ok := session.Of(g); ok || !g.IsNew {
			t.Errorf("%s: the session is somebody's", tt.name)
		}
	}
	f.store.find = nil
	f.clock.Add(time.Minute)
	r := request(cookie)
	g, err := f.Get(r, session.DefaultCookieName)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	f.trail.fails[audit.SessionStarted] = true
	session.Put(g, alice())
	w := httptest.NewRecorder()
	if err := g.Save(r, w); !errors.Is(err, session.ErrNotRecorded) || len(w.Header()) != 0 {
		t.Errorf("Save without the trail = %v with headers %v, want ErrNotRecorded and none", err, w.Header())
	}
	other := sessions.NewSession(f.Manager, "other")
	if err := other.Save(r, w); !errors.Is(err, session.ErrUnknownName) {
		t.Errorf("Save of another name = %v, want ErrUnknownName", err)
	}
}
