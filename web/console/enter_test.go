package console_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
)

const comeBack = "/confirmed?state=" + state + "&duo_code=abcdefghijklmnopqrstuvwx"

// approve makes Duo approve for the user who was asked.
func (h *house) approve(username string) {
	h.login.mu.Lock()
	defer h.login.mu.Unlock()
	h.login.grant = &mfa.Grant{
		Username: username, Transaction: mfa.KeyOf(state).Handle(), Factor: "duo_push", Reason: "user_approved", Device: "phone", At: h.now(), ApprovedAt: h.now(),
	}
}

// A signed-in administrator confirms with Duo and comes back to where he was:
// no password, a session of the console that ends with the sign-in.
func TestEnter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn(t, "admin", session.KindPage)
	if w := b.get("/users/alice"); w.Code != http.StatusOK || !strings.Contains(b.last, `name="back" value="/mfa/admin/users/alice"`) {
		t.Fatalf("GET = %d %s, want the page that leads to Duo and back", w.Code, b.last)
	}
	w := b.post("/enter", "back", "/mfa/admin/users/alice")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Refresh"), "0; url=https://duo.example.org/") {
		t.Fatalf("POST /enter = %d %v, want on to Duo", w.Code, w.Header())
	}
	if begun := h.login.begun; begun.Username != "admin" || begun.RedirectURI != ours+"/mfa/admin/confirmed" || !begun.NeverOpen {
		t.Errorf("Begin(%+v), want the user of the session, and no way in without Duo", begun)
	}
	h.pass(time.Minute)
	h.approve("admin")
	if w := b.get(comeBack); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/mfa/admin/users/alice" {
		t.Fatalf("GET /confirmed = %d to %q, want back to the page", w.Code, w.Header().Get("Location"))
	}
	if w := b.get("/users/alice"); w.Code != http.StatusOK || b.shows("confirm") || !b.shows("notice") {
		t.Errorf("GET = %d, want the page with a notice", w.Code)
	}
	live, err := h.sessions.List(t.Context(), "admin")
	if err != nil || len(live) != 2 || live[0].Kind != session.KindConsole || !live[0].ApprovedAt.Equal(h.now()) || !live[0].Expires.Before(h.now().Add(session.DefaultAbsolute)) {
		t.Errorf("sessions = %+v, %v, want one of the console beside that of the pages", live, err)
	}
	first := b.cookies["__Host-mfa_console"]
	h.pass(6 * time.Minute)
	b.get("/users/alice/reset")
	b.post("/enter", "back", "/mfa/admin/users/alice/reset")
	h.approve("admin")
	b.get(comeBack)
	if b.cookies["__Host-mfa_console"] == first || h.recorded(audit.SessionReplaced) != 1 {
		t.Error("another approval does not replace the session")
	}
	if b.get("/users/alice/reset"); !b.shows("reset") {
		t.Errorf("after another approval the form is not there: %s", b.last)
	}
}

// What does not come from Duo, not for this user, or not because he did
// anything, opens nothing (threats T042, T155).
func TestEnterRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bend func(h *house, b *tab)
		path string
		want int
	}{
		{"denied", func(*house, *tab) {}, "/confirmed?state=" + state + "&error=access_denied", 403},
		{"refused", func(h *house, _ *tab) { h.login.grant = nil }, comeBack, 403},
		{"no link of Duo's", func(*house, *tab) {}, "/confirmed?state=x", 400},
		{"another browser", func(_ *house, b *tab) { delete(b.cookies, "__Host-mfa_binding") }, comeBack, 400},
		{"of another path", func(h *house, _ *tab) { h.login.begun.RedirectURI = ours + "/mfa/callback" }, comeBack, 400},
		{"somebody else", func(h *house, _ *tab) { h.approve("alice") }, comeBack, 404},
		{"not asked", func(h *house, _ *tab) { h.login.grant.ApprovedAt = time.Time{} }, comeBack, 403},
		{"failing open", func(h *house, _ *tab) { h.login.grant.FailOpen = true }, comeBack, 403},
		{"exempt", func(h *house, _ *tab) { h.login.grant.Exemption = "all" }, comeBack, 403},
		{"signed out meanwhile", func(_ *house, b *tab) { delete(b.cookies, "__Host-mfa") }, comeBack, 303},
	} {
		h := newHouse(t)
		b := h.signIn(t, "admin", session.KindPage)
		b.get("/users")
		b.post("/enter", "back", "/mfa/admin/users")
		h.approve("admin")
		tt.bend(h, b)
		if w := b.get(tt.path); w.Code != tt.want || b.cookies["__Host-mfa_console"] != "" {
			t.Errorf("%s: %d with cookies %v, want %d and no session", tt.name, w.Code, b.cookies, tt.want)
		}
	}
	h := newHouse(t)
	b := h.signIn(t, "admin", session.KindPage)
	for cause, want := range map[error]int{
		mfa.ErrSecondFactorUnavailable: 403, mfa.ErrTooManyPending: 429, mfa.ErrUnavailable: 503, mfa.ErrNotEnrolled: 403,
	} {
		h.login.refused = cause
		if w := b.post("/enter", "back", "/mfa/admin/users"); w.Code != want {
			t.Errorf("Begin fails with %v: %d, want %d", cause, w.Code, want)
		}
	}
}

// Threat T046: a HEAD of the address that Duo sends the browser to redeems
// nothing.
func TestConfirmedHasNoHead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn(t, "admin", session.KindPage)
	b.get("/users")
	b.post("/enter", "back", "/mfa/admin/users")
	h.approve("admin")
	if w := b.send(b.request(http.MethodHead, "/mfa/admin"+comeBack, nil)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodGet || b.cookies["__Host-mfa_console"] != "" {
		t.Errorf("HEAD = %d, Allow %q, cookies %v", w.Code, w.Header().Get("Allow"), b.cookies)
	}
	if b.get(comeBack); b.cookies["__Host-mfa_console"] == "" {
		t.Error("GET opens no session afterwards")
	}
}

// The way back is a page of the console's, whatever a form or a cookie says.
func TestWayBack(t *testing.T) {
	t.Parallel()
	for _, back := range []string{"", "https://evil.example/", "//evil.example", "/mfa/", "/mfa/adminx", "/mfa/admin/enter", "/mfa/admin/confirmed", "/mfa/admin/nothing"} {
		h := newHouse(t)
		b := h.signIn(t, "admin", session.KindPage)
		b.get("/users")
		b.post("/enter", "back", back)
		h.approve("admin")
		if w := b.get(comeBack); w.Header().Get("Location") != "/mfa/admin/" {
			t.Errorf("back to %q leads to %q, want the first page", back, w.Header().Get("Location"))
		}
	}
}

// A sign-in at the portal opens the console for those who may enter, and says
// nothing to the others.
func TestOpen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, username string
		bend           func(h *house, g *mfa.Grant, s *session.Session)
		want           bool
	}{
		{"administrator", "admin", func(*house, *mfa.Grant, *session.Session) {}, true},
		{"user", "alice", func(*house, *mfa.Grant, *session.Session) {}, false},
		{"elsewhere", "admin", func(h *house, _ *mfa.Grant, _ *session.Session) { h.client.Forwarded = true }, false},
		{"failing open", "admin", func(_ *house, _ *mfa.Grant, s *session.Session) { s.FailOpen = true }, false},
		{"remembered device", "admin", func(_ *house, g *mfa.Grant, _ *session.Session) { g.ApprovedAt = time.Time{} }, false},
	} {
		h := newHouse(t)
		h.approve(tt.username)
		g, s := *h.login.grant, session.Session{Username: tt.username, UserID: 1, Expires: h.now().Add(time.Hour)}
		tt.bend(h, &g, &s)
		w := httptest.NewRecorder()
		opened, err := h.Open(t.Context(), w, httptest.NewRequest(http.MethodGet, ours+"/mfa/callback/console", http.NoBody), &g, s)
		if err != nil || opened != tt.want || (len(w.Result().Cookies()) == 1) != tt.want {
			t.Errorf("%s: Open = %t, %v with %d cookies, want %t", tt.name, opened, err, len(w.Result().Cookies()), tt.want)
		}
	}
}

// Signing out ends both sessions.
func TestSignOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	if w := b.post("/sign-out"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/mfa/" || len(b.cookies) != 0 {
		t.Errorf("POST /sign-out = %d to %q, cookies %v", w.Code, w.Header().Get("Location"), b.cookies)
	}
	if live, err := h.sessions.List(t.Context(), ""); err != nil || len(live) != 0 {
		t.Errorf("%d sessions live, %v, want none", len(live), err)
	}
}
