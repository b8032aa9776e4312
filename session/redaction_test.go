package session_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"mfaserver/internal/secret/secrettest"
	"mfaserver/session"
)

// Threats T108, T168: whoever reads what is printed or logged of sessions
// cannot take one over: the id is in the cookie alone.
func TestNothingPrintsIDs(t *testing.T) {
	t.Parallel()
	store := session.NewMemoryStore()
	var config session.Config
	f := newFixture(t, func(c *session.Config) { c.Store = store; config = *c })
	s, cookie := f.start(t, alice())
	page, pageCookie := f.start(t, alicesPage())
	_, id, _ := strings.Cut(cookie, "=")
	_, pageID, _ := strings.Cut(pageCookie, "=")
	g, err := f.New(request(cookie), session.DefaultCookieName)
	if err != nil {
		t.Fatal(err)
	}
	live, err := f.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	key := session.KeyOf(id)
	secrettest.Table{
		Secrets: []string{id, pageID},
		Values:  []any{s, &s, page, live, config, &config, f.Manager, store, key, key.Handle(), f.trail.events},
	}.Check(t)
	g.Options = nil
	secrettest.Hides(t, g.Values, id)
	secrettest.Hides(t, g.ID, id)
}

// A refused cookie is not repeated: what was mistyped may nearly be right.
func TestErrorsHideCookies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, cookie := f.start(t, alice())
	_, id, _ := strings.Cut(cookie, "=")
	for name, lines := range map[string][]string{
		"twice":      {cookie, cookie},
		"longer":     {cookie + "A"},
		"quoted":     {session.DefaultCookieName + `="` + id + `"`},
		"with blank": {" " + session.DefaultCookieName + " =" + id},
		"unknown":    {session.DefaultCookieName + "=" + session.NewID()},
	} {
		_, err := f.Load(request(lines...))
		if err == nil {
			t.Fatalf("%s: the cookie was taken", name)
		}
		secrettest.Hides(t, err, id)
		_, err = f.End(t.Context(), httptest.NewRecorder(), request(lines...))
		secrettest.Hides(t, err, id)
	}
	secrettest.Hides(t, f.trail.events, id)
}
