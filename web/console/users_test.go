package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/session"
)

// eventually loads a page until it shows what is waited for.
func (b *tab) eventually(t *testing.T, path, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for b.get(path); !strings.Contains(b.last, want); b.get(path) {
		if ctx.Err() != nil {
			t.Fatalf("GET %s never shows %q: %s", path, want, b.last)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The list shows accounts with what Duo says of them, once it has been asked.
func TestUsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	b.eventually(t, "/users", "What Duo says is as of")
	b.get("/users")
	for _, want := range []string{`<a href="/mfa/admin/users/alice">alice</a>`, ">active<", ">not at Duo<", "Administrator"} {
		if !strings.Contains(b.last, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if b.get("/users?match=LIC"); !strings.Contains(b.last, "users/alice") || strings.Contains(b.last, "users/bob") {
		t.Error("a part of a name does not find the user, or others too")
	}
	h.duo.UpdateUser("alice", func(u *duotest.User) { u.Status = "disabled" })
	h.pass(time.Minute)
	if w := b.post("/users/refresh"); w.Header().Get("Location") != "/mfa/admin/users" {
		t.Errorf("refresh = %d", w.Code)
	}
	b.eventually(t, "/users", ">refused by Duo<")
}

// Long lists are cut into pages that follow each other, forth and back.
func TestUserPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 110 {
		_, err := h.accounts.Add(t.Context(), primary.NewUser{Username: fmt.Sprintf("user%03d", i), Role: primary.RoleUser, Password: secret.New("correct horse battery")})
		must(t, err)
	}
	b := h.admin(t)
	row := regexp.MustCompile(`<th scope="row"><a href="/mfa/admin/users/([^"]+)"`)
	link := func(id string) string {
		m := regexp.MustCompile(`id="` + id + `"[^>]* href="/mfa/admin([^"]+)"`).FindStringSubmatch(b.last)
		if m == nil {
			return ""
		}
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	var seen []string
	collect := func(path string) int {
		b.get(path)
		rows := row.FindAllStringSubmatch(b.last, -1)
		for _, m := range rows {
			seen = append(seen, m[1])
		}
		return len(rows)
	}
	if a, second, third := collect("/users"), collect(link("next")), collect(link("next")); a != 50 || second != 50 || third != 13 || link("next") != "" {
		t.Errorf("pages of %d, %d, %d rows, then %q, want 50, 50, 13 and no more", a, second, third, link("next"))
	}
	unique := map[string]bool{}
	for _, name := range seen {
		unique[name] = true
	}
	if len(unique) != 113 {
		t.Errorf("%d users seen, want 113", len(unique))
	}
	if n := collect(link("previous")); n != 50 || link("next") == "" || link("previous") == "" {
		t.Errorf("the page before has %d rows, want 50 and both ways on", n)
	}
	if n := collect(link("previous")); n != 50 || link("previous") != "" {
		t.Errorf("the first page has %d rows and leads back to %q", n, link("previous"))
	}
}

// Threat T161: what people typed at Duo or here stays text.
func TestUserPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	h.signIn(t, "alice", session.KindAPI)
	b.get("/users/alice")
	for _, want := range []string{"&lt;b&gt;Alice", `id="to-bypass"`, `id="to-lock"`, "Session started", `class="danger small end-session"`} {
		if !strings.Contains(b.last, want) {
			t.Errorf("the page lacks %q: %s", want, b.last)
		}
	}
	if b.get("/users/bob"); !b.shows("duo-problem") || !b.shows("to-enrol") || b.shows("to-bypass") {
		t.Error("the page of a user unknown to Duo does not say so, or offers what cannot be")
	}
	// Threats T157, T158: nothing of the kind for oneself.
	if b.get("/users/admin"); b.shows("to-bypass") || b.shows("to-reset") || b.shows("to-lock") || b.shows("to-account") {
		t.Error("an administrator is offered to weaken himself")
	}
}

// Threat T158: a bypass code needs a reason, is told once, and is in no record.
func TestBypass(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	b.get("/users/alice/bypass")
	for _, reason := range []string{"", "  ", "no", strings.Repeat("x", 201), "two\nlines"} {
		if w := b.post("/users/alice/bypass", "reason", reason, "valid", "3600"); w.Code != http.StatusBadRequest || !b.shows("problem") {
			t.Errorf("reason %q: %d, want the form again", reason, w.Code)
		}
	}
	for _, valid := range []string{"", "0", "-1", "1", "1000000000", "x"} {
		if w := b.post("/users/alice/bypass", "reason", "lost phone", "valid", valid); w.Code != http.StatusBadRequest || !strings.Contains(b.last, "Choose from the list how long") {
			t.Errorf("valid %q: %d, want 400, and to hear of the time: %s", valid, w.Code, b.last)
		}
	}
	if n := h.recorded(audit.DuoCodesCreated); n != 0 {
		t.Fatalf("%d codes made", n)
	}
	b.post("/users/alice/bypass", "reason", "lost phone, ticket 43", "valid", "3600")
	m := regexp.MustCompile(`<textarea id="bypass-code"[^>]*>(\d+)</textarea>`).FindStringSubmatch(b.last)
	if m == nil {
		t.Fatalf("no code on the page: %s", b.last)
	}
	for _, e := range h.trail.Events() {
		if strings.Contains(fmt.Sprint(e), m[1]) {
			t.Errorf("the code is in the record %v", e.Name)
		}
		if e.Name == audit.DuoCodesCreated && (e.Actor != "admin" || e.Username != "alice" || e.Detail["reason"] != "lost phone, ticket 43" || e.Session == "") {
			t.Errorf("record = %+v, want who, whom and why", e)
		}
	}
	if w := b.post("/users/admin/bypass", "reason", "for myself", "valid", "3600"); w.Code != http.StatusForbidden {
		t.Errorf("for oneself: %d, want 403", w.Code)
	}
	if w := b.post("/users/bob/bypass", "reason", "unknown to Duo", "valid", "3600"); w.Code != http.StatusNotFound {
		t.Errorf("for somebody unknown to Duo: %d, want 404", w.Code)
	}
}

// Threat T160: the link that enrols is shown once, or goes where it was said.
func TestEnrol(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	if b.get("/users/bob/enrol"); !b.shows("enrol") {
		t.Fatal("no form")
	}
	for _, tt := range []struct{ deliver, phone, email string }{{"email", "", ""}, {"email", "", "Bob <bob@example.org>"}, {"sms", "", ""}, {"link", "12", ""}, {"none?", "", ""}} {
		if w := b.post("/users/bob/enrol", "deliver", tt.deliver, "phone", tt.phone, "email", tt.email); w.Code != http.StatusBadRequest || !b.shows("problem") {
			t.Errorf("%+v: %d, want the form again", tt, w.Code)
		}
	}
	if b.post("/users/bob/enrol", "deliver", "link", "phone", "+17345550155"); !b.shows("enrol-link") || !strings.Contains(b.last, `class="qr"`) {
		t.Errorf("no link, or no QR code: %s", b.last)
	}
	if w := b.post("/users/bob/enrol", "deliver", "sms", "phone", "+17345550155"); w.Code != http.StatusSeeOther {
		t.Errorf("by text message: %d", w.Code)
	}
	if w := b.post("/users/bob/enrol", "deliver", "link", "phone", "+17345550100"); w.Code != http.StatusConflict {
		t.Errorf("somebody else's phone: %d, want 409", w.Code)
	}
}

// Threat T159: everything goes, with a reason, for somebody else, and his
// sessions end.
func TestReset(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	if w := b.post("/users/alice/reset"); w.Code != http.StatusBadRequest {
		t.Errorf("without a reason: %d, want 400", w.Code)
	}
	if w := b.post("/users/alice/reset", "reason", "stolen \u202e phone"); w.Code != http.StatusBadRequest {
		t.Errorf("a reason that reads otherwise than it is written: %d, want 400", w.Code)
	}
	b.post("/users/alice/bypass", "reason", "for the test", "valid", "3600")
	h.signIn(t, "alice", session.KindAPI, session.KindPage)
	if w := b.post("/users/alice/reset", "reason", "phone stolen"); w.Header().Get("Location") != "/mfa/admin/users/alice/enrol" {
		t.Fatalf("POST = %d %s", w.Code, b.last)
	}
	if u, _ := h.duo.User("alice"); len(u.Phones) != 0 || len(u.BypassCodes) != 0 {
		t.Errorf("Duo has %+v, want no phone and no code", u)
	}
	if live, err := h.sessions.List(t.Context(), "alice"); err != nil || len(live) != 0 || h.recorded(audit.SessionRevoked) != 2 {
		t.Errorf("%d sessions, %d revocations on record, %v, want none and two", len(live), h.recorded(audit.SessionRevoked), err)
	}
	if w := b.post("/users/admin/reset", "reason", "for myself"); w.Code != http.StatusForbidden {
		t.Errorf("for oneself: %d, want 403", w.Code)
	}
}

// A lock is what the form showed: when it has changed meanwhile, the form comes
// again and nothing is done.
func TestLock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	b.get("/users/alice/lock")
	if w := b.post("/users/alice/lock", "reason", "laptop stolen", "version", "old"); w.Code != http.StatusConflict || !b.shows("problem") {
		t.Errorf("with another version: %d, want 409", w.Code)
	}
	if w := b.post("/users/alice/lock"); w.Code != http.StatusBadRequest {
		t.Errorf("without a reason: %d, want 400", w.Code)
	}
	if w := b.post("/users/alice/lock", "reason", "laptop stolen"); w.Code != http.StatusSeeOther {
		t.Fatalf("POST = %d %s", w.Code, b.last)
	}
	if u, _ := h.duo.User("alice"); u.Status != "disabled" {
		t.Errorf("status = %q, want disabled", u.Status)
	}
	h.pass(time.Minute)
	if b.get("/users/alice/lock"); !b.shows("unlock") {
		t.Errorf("no button to unlock: %s", b.last)
	}
	b.post("/users/alice/lock", "reason", "found again")
	if u, _ := h.duo.User("alice"); u.Status != "active" {
		t.Errorf("status = %q, want active", u.Status)
	}
	if b.get("/users/admin/lock"); b.post("/users/admin/lock", "reason", "myself").Code != http.StatusForbidden {
		t.Error("an administrator locks himself out")
	}
}

// A disabled account has no sessions.
func TestAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	h.signIn(t, "alice", session.KindAPI, session.KindPage)
	b.get("/users/alice/account")
	form := b.last
	if w := b.post("/users/alice/account", "reason", "left the house"); w.Code != http.StatusSeeOther {
		t.Fatalf("POST = %d %s", w.Code, b.last)
	}
	u, err := h.accounts.Get(t.Context(), "alice")
	live, _ := h.sessions.List(t.Context(), "alice")
	if err != nil || !u.Disabled || len(live) != 0 {
		t.Errorf("disabled %t, %d sessions, %v", u.Disabled, len(live), err)
	}
	b.last = form
	if w := b.post("/users/alice/account", "reason", "left the house"); w.Code != http.StatusConflict || !b.shows("enable") {
		t.Errorf("the same form again: %d, want 409 and what it is now", w.Code)
	}
	if w := b.post("/users/alice/account", "reason", "came back"); w.Code != http.StatusSeeOther || h.recorded(audit.UserEnabled) != 1 {
		t.Errorf("enable: %d", w.Code)
	}
	if b.get("/users/admin/account"); b.post("/users/admin/account", "reason", "myself").Code != http.StatusForbidden {
		t.Error("an administrator disables himself")
	}
}

// A deed is done to its end though the browser that asked for it is gone: who is
// closed out keeps nothing.
func TestBrowserGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	h.signIn(t, "alice", session.KindAPI)
	b.get("/users/alice/account")
	form := url.Values{"form": {b.token()}, "reason": {"left the house"}, "version": {b.hidden("version")}}
	r := b.request(http.MethodPost, "/mfa/admin/users/alice/account", form)
	gone, cancel := context.WithCancel(r.Context())
	cancel()
	b.send(r.WithContext(gone))
	u, err := h.accounts.Get(t.Context(), "alice")
	live, _ := h.sessions.List(t.Context(), "alice")
	if err != nil || !u.Disabled || len(live) != 0 {
		t.Errorf("disabled %t, %d sessions, %v, want the deed done", u.Disabled, len(live), err)
	}
}

// Sessions are listed and ended: one, those of a user, everybody's.
func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	for range 2 {
		h.signIn(t, "alice", session.KindAPI, session.KindPage)
	}
	h.signIn(t, "bob", session.KindAPI)
	rows := func(path string) int { b.get(path); return strings.Count(b.last, "end-session\"") }
	if all, of, none := rows("/sessions"), rows("/sessions?user=alice"), rows("/sessions?user=nobody"); all != 7 || of != 4 || none != 0 {
		t.Errorf("%d sessions, %d of alice, %d of nobody, want 7, 4, 0", all, of, none)
	}
	live, err := h.sessions.List(t.Context(), "bob")
	must(t, err)
	handle := live[0].Key.Handle()
	for i, again := range []string{"The session has ended.", "The session had ended already."} {
		b.post("/sessions/end", "session", handle)
		if b.get("/sessions"); !strings.Contains(b.last, again) {
			t.Errorf("end %d: no notice %q", i, again)
		}
	}
	if w := b.post("/sessions/end", "session", handle[:4]); w.Code != http.StatusSeeOther || h.recorded(audit.SessionRevoked) != 1 {
		t.Errorf("a part of a handle ends a session")
	}
	if w := b.post("/users/alice/end-sessions", "reason", "laptop stolen"); w.Header().Get("Location") != "/mfa/admin/users/alice" {
		t.Errorf("end those of alice: %d", w.Code)
	}
	if n := rows("/sessions"); n != 2 {
		t.Errorf("%d sessions, want the two of the administrator", n)
	}
	if w := b.post("/sessions/end-all"); w.Code != http.StatusBadRequest {
		t.Errorf("everybody's without a reason: %d, want 400", w.Code)
	}
	if w := b.post("/sessions/end-all", "reason", "key lost"); w.Header().Get("Location") != "/mfa/?next=console" {
		t.Errorf("end everybody's: %d", w.Code)
	}
	if live, err := h.sessions.List(t.Context(), ""); err != nil || len(live) != 0 {
		t.Errorf("%d sessions live, %v, want none", len(live), err)
	}
}

// All sessions are seen, page by page.
func TestSessionPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	for i := range 60 {
		h.signIn(t, fmt.Sprintf("user%02d", i), session.KindAPI)
	}
	b.get("/sessions")
	first := strings.Count(b.last, "end-session\"")
	m := regexp.MustCompile(`id="next"[^>]* href="/mfa/admin([^"]+)"`).FindStringSubmatch(b.last)
	if first != 50 || m == nil {
		t.Fatalf("%d rows, next %v, want 50 and a way on", first, m)
	}
	if b.get(m[1]); strings.Count(b.last, "end-session\"") != 12 {
		t.Errorf("the second page has %d rows, want 12", strings.Count(b.last, "end-session\""))
	}
}
