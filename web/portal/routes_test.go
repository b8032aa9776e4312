package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/web/portal"
)

// Every route, whatever it is called: a GET changes nothing and is answered to
// whom it is for; a POST does nothing without the value of a page of this very
// session, nor for somebody who is not signed in (threats T027, T046, T114,
// T156, T157).
func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	nobody, alice, other := h.person(t), h.in(t, "alice"), h.in(t, "root")
	foreign := other.get("/mfa/").field("form")
	own := alice.get("/mfa/").field("form")
	if own == "" || own == foreign {
		t.Fatalf("forms of two sessions carry %q and %q", own, foreign)
	}
	madeUp := "x" + own[1:]
	if madeUp == own {
		madeUp = "y" + own[1:]
	}
	for _, r := range portal.Routes() {
		if r.Method == http.MethodGet {
			if r.Once {
				if got := alice.do(http.MethodHead, r.Path, nil); got.StatusCode != http.StatusMethodNotAllowed {
					t.Errorf("HEAD %s = %d", r.Path, got.StatusCode)
				}
				continue
			}
			got := nobody.get(r.Path)
			if r.Open && got.StatusCode != http.StatusOK || !r.Open && (got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/mfa/")) {
				t.Errorf("GET %s by nobody = %d %v", r.Path, got.StatusCode, got.Header)
			}
			if got := alice.get(r.Path); got.StatusCode != http.StatusOK {
				t.Errorf("GET %s = %d %s", r.Path, got.StatusCode, got.body)
			}
			continue
		}
		for name, form := range map[string]url.Values{
			"none": {}, "empty": {"form": {""}}, "another session's": {"form": {foreign}}, "made up": {"form": {madeUp}}, "twice": {"form": {own, own}},
		} {
			if got := alice.do(r.Method, r.Path, form); got.StatusCode != http.StatusBadRequest || got.heading() != "Nothing was done" {
				t.Errorf("%s %s with the token %s = %d %s", r.Method, r.Path, name, got.StatusCode, got.heading())
			}
		}
		alice.site = "cross-site"
		if got := alice.do(r.Method, r.Path, url.Values{"form": {own}}); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %s of another site = %d", r.Method, r.Path, got.StatusCode)
		}
		alice.site = "same-origin"
		if r.Open {
			continue
		}
		if got := nobody.do(r.Method, r.Path, url.Values{"form": {own}}); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %s by nobody with a session's token = %d", r.Method, r.Path, got.StatusCode)
		}
		if got := nobody.post(r.Path); got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/mfa/") {
			t.Errorf("%s %s by nobody = %d %v", r.Method, r.Path, got.StatusCode, got.Header)
		}
	}
	if alice.get("/mfa/").text("user") != "alice" || len(h.duo.Calls()) == 0 {
		t.Error("alice was signed out by it")
	}
	if a, _ := h.duo.User("alice"); len(a.Phones) != 1 {
		t.Errorf("alice has %d phones", len(a.Phones))
	}
}

// Who has to sign in first comes to where he wanted to go, and only to pages of
// the portal (threat T050).
func TestNextAfterSignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	for _, tt := range []struct{ ask, next, lands string }{
		{"/mfa/devices", "devices", "/mfa/devices"},
		{"/mfa/sessions", "sessions", "/mfa/sessions"},
		{"/mfa/clients/curl", "", "/mfa/"},
		{"/mfa/?next=https://evil.example/", "", "/mfa/"},
		{"/mfa/?next=//evil.example", "", "/mfa/"},
		{"/mfa/?next=/mfa/sign-out", "", "/mfa/"},
	} {
		p := h.person(t)
		form := p.get(tt.ask)
		if form.StatusCode == http.StatusSeeOther {
			form = p.get(form.Header.Get("Location"))
		}
		if got := form.field("next"); got != tt.next {
			t.Errorf("%s: next is %q, want %q", tt.ask, got, tt.next)
		}
		answer := p.do(http.MethodPost, "/mfa/sign-in", url.Values{
			"form": {form.field("form")}, "username": {"alice"}, "password": {password}, "want": {"session"}, "next": {tt.next},
		})
		if got := p.get(p.atDuo(answer)).Header.Get("Location"); got != tt.lands {
			t.Errorf("%s: lands on %s, want %s", tt.ask, got, tt.lands)
		}
		if got := p.get("/mfa/?next=" + tt.next).Header.Get("Location"); tt.next != "" && got != tt.lands {
			t.Errorf("%s: signed in already leads to %q", tt.ask, got)
		}
	}
}

// A sign-in that was for the console opens it, where there is one and it lets
// the user in; the session of the pages is there in any case.
func TestSignInForTheConsole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		refuses bool
		bend    []bend
		lands   string
	}{
		{"lets in", false, nil, "/mfa/admin/"},
		{"refuses", true, nil, "/mfa/"},
		{"none", false, []bend{func(_ *portal.Config, d *portal.Deps) { d.Console = nil }}, "/mfa/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newBentHouse(t, duotest.Approve, nil, tt.bend...)
			h.console.refuses.Store(tt.refuses)
			p := h.person(t)
			form := p.get("/mfa/?next=console")
			answer := p.do(http.MethodPost, "/mfa/sign-in", url.Values{
				"form": {form.field("form")}, "username": {"root"}, "password": {password}, "want": {"session"}, "next": {"console"},
			})
			back := p.atDuo(answer)
			if !strings.HasPrefix(back, "/mfa/callback/console?") {
				t.Errorf("Duo sends back to %s", back)
			}
			got := p.get(back)
			if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != tt.lands {
				t.Errorf("callback = %d %v", got.StatusCode, got.Header)
			}
			opened := slices.ContainsFunc(got.Cookies(), func(c *http.Cookie) bool { return c.Name == "__Host-mfa_console" })
			if opened != (tt.lands == "/mfa/admin/") {
				t.Errorf("the console is open: %v", opened)
			}
			home := p.get("/mfa/")
			if home.text("user") != "root" || !opened && !strings.Contains(home.notice(), "not open to you") {
				t.Errorf("home says %q to %q", home.notice(), home.text("user"))
			}
			if again := p.get("/mfa/").notice(); again != "" {
				t.Errorf("the notice is there twice: %s", again)
			}
		})
	}
}

// The link to the console is for administrators who are where it can be seen.
func TestLinkToTheConsole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	shows := func(p *person) bool { return strings.Contains(p.get("/mfa/").body, `href="/mfa/admin/"`) }
	root, alice := h.in(t, "root"), h.in(t, "alice")
	if !shows(root) || shows(alice) {
		t.Errorf("the link shows to root: %v, to alice: %v", shows(root), shows(alice))
	}
	h.console.hidden.Store(true)
	if shows(root) {
		t.Error("the link shows where there is no console")
	}
}
