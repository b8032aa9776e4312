package portal_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/session"
)

// begin makes a session of another kind.
func (h *house) begin(t *testing.T, username string, kind session.Kind) session.Session {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	s, err := h.sessions.Start(t.Context(), httptest.NewRecorder(), r, session.Session{
		UserID: 7, Username: username, Kind: kind, Source: "198.51.100.9", UserAgent: "<script>alert(1)</script>", Factor: "duo_push", Device: "<b>",
	})
	must(t, err)
	return s
}

func (h *house) live(t *testing.T, username string) int {
	t.Helper()
	all, err := h.sessions.List(t.Context(), username)
	must(t, err)
	return len(all)
}

// People see their sessions of all kinds and end them at once; nobody else's
// (threats T115, T157, T161).
func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	here, there := h.in(t, "alice"), h.in(t, "alice")
	api := h.begin(t, "alice", session.KindAPI)
	roots := h.begin(t, "root", session.KindAPI)
	list := here.get("/mfa/sessions")
	if n := strings.Count(list.body, `<tr id="session-`); n != 3 {
		t.Errorf("%d sessions are shown, want 3", n)
	}
	if strings.Count(list.body, "This browser") != 1 || !strings.Contains(list.body, "198.51.100.9") || strings.Contains(list.body, roots.Key.Handle()) {
		t.Errorf("list %s", list.body)
	}
	if strings.Contains(list.body, "<script>alert") || strings.Contains(list.body, ">alert(1)</script>") || strings.Contains(list.body, "<b></span>") {
		t.Error("a session's own words are markup")
	}
	if !strings.Contains(here.get("/mfa/").body, `id="to-sessions-count">3<`) {
		t.Error("the first page does not count three")
	}

	if got := here.post("/mfa/sessions/end", "id", roots.Key.Handle()); got.StatusCode != http.StatusSeeOther {
		t.Errorf("ending a stranger's = %d", got.StatusCode)
	}
	if h.live(t, "root") != 1 {
		t.Error("alice ended root's session")
	}
	if got := here.get("/mfa/sessions").notice(); !strings.Contains(got, "had ended already") {
		t.Errorf("notice %q", got)
	}

	here.post("/mfa/sessions/end", "id", api.Key.Handle())
	if got := here.get("/mfa/sessions"); h.live(t, "alice") != 2 || !strings.Contains(got.notice(), "The session has ended.") {
		t.Errorf("%d live, notice %q", h.live(t, "alice"), got.notice())
	}
	here.post("/mfa/sessions/end-others")
	if got := here.get("/mfa/sessions"); h.live(t, "alice") != 1 || !strings.Contains(got.notice(), "All your other sessions") || got.text("no-others") == "" {
		t.Errorf("%d live, notice %q", h.live(t, "alice"), got.notice())
	}
	if got := there.get("/mfa/sessions"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("the other browser = %d", got.StatusCode)
	}
	here.post("/mfa/sessions/end-others")
	if got := here.get("/mfa/sessions").notice(); !strings.Contains(got, "no other session") {
		t.Errorf("notice %q", got)
	}
	for _, e := range h.trail.Events() {
		if e.Name == audit.SessionRevoked && (e.Username != "alice" || !strings.Contains(e.Reason, "by the user at the portal")) {
			t.Errorf("recorded %+v", e)
		}
	}
	own, err := h.sessions.List(t.Context(), "alice")
	must(t, err)
	if got := here.post("/mfa/sessions/end", "id", own[0].Key.Handle()); got.Header.Get("Location") != "/mfa/" || h.live(t, "alice") != 0 {
		t.Errorf("ending one's own = %v, %d live", got.Header, h.live(t, "alice"))
	}
	if got := here.get("/mfa/"); !strings.Contains(got.notice(), "signed out") || got.field("form") == "" {
		t.Errorf("then %q", got.notice())
	}
}

// What people read about how they signed in.
func TestWordsForSignIns(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	for header, want := range map[string]string{
		"":           "Unknown program",
		"curl/8.5.0": "curl/8.5.0",
		"Apache-HttpClient/4.5.13 (Mirth Server Connection)":                                                                            "Mirth Administrator",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                        "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0": "Microsoft Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1":           "Safari on iOS",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15":         "Safari on macOS",
		"Mozilla/5.0 nothing known":                   "Mozilla/5.0 nothing known",
		"a\x00b\u202ec\xff" + strings.Repeat("x", 80): "abc" + strings.Repeat("x", 57) + "…",
	} {
		if got := h.portal.Agent(header); got != want {
			t.Errorf("Agent(%q) = %q, want %q", header, got, want)
		}
	}
	for _, tt := range []struct{ factor, reason, want string }{
		{"duo_push", "user_approved", "Duo Push"},
		{"verified_duo_push", "user_approved", "Duo Push"},
		{"bypass_code", "valid_passcode", "Bypass code"},
		{"remembered_device", "remembered_device", "Remembered device"},
		{"not_available", "bypass_user", "Not asked: bypass"},
		{"something new", "user_approved", "Second factor"},
		{"", "", "No second factor"},
	} {
		if got := h.portal.Proof(tt.factor, tt.reason); got != tt.want {
			t.Errorf("Proof(%q, %q) = %q, want %q", tt.factor, tt.reason, got, tt.want)
		}
	}
}
