package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/rules"
	"mfaserver/web/portal"
)

// Where a sign-in carries nothing, an approval is enough for another code: one
// for each. It is as good as that of a whole sign-in, and the session does not
// live longer for it.
func TestCodeBySession(t *testing.T) {
	t.Parallel()
	h := newBentHouse(t, duotest.Approve, nil, func(_ *portal.Config, d *portal.Deps) { d.Releaser = nil })
	p := h.in(t, "alice")
	before, err := h.sessions.List(t.Context(), "alice")
	must(t, err)
	if got := p.get("/mfa/code"); strings.Contains(got.body, `type="password"`) || !strings.Contains(got.body, `id="get-code"`) {
		t.Errorf("form %s", got.body)
	}
	shown := p.get(p.atDuo(p.post("/mfa/code")))
	if shown.StatusCode != http.StatusOK || !strings.HasPrefix(shown.code(), "mfac-") {
		t.Fatalf("callback = %d %s", shown.StatusCode, shown.body)
	}
	if status, body := h.login(t, "alice", shown.code()); status != http.StatusOK || !strings.Contains(body, "<status>SUCCESS</status>") {
		t.Errorf("login with the code = %d %s", status, body)
	}
	after, err := h.sessions.List(t.Context(), "alice")
	must(t, err)
	for _, s := range after {
		if s.Kind == before[0].Kind && !s.Expires.Equal(before[0].Expires) {
			t.Errorf("the session now ends at %s, before %s", s.Expires, before[0].Expires)
		}
	}
	// The page that shows it has forms of the new session.
	if got := p.do(http.MethodPost, "/mfa/sign-out", map[string][]string{"form": {shown.field("form")}}); got.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-out from the page of the code = %d", got.StatusCode)
	}
}

// Before an engine the password is needed once more.
func TestCodeByPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.in(t, "alice")
	if got := p.get("/mfa/code"); !strings.Contains(got.body, `type="password"`) {
		t.Errorf("form %s", got.body)
	}
	if got := p.post("/mfa/code"); got.StatusCode != http.StatusSeeOther || got.Header.Get("Refresh") != "" {
		t.Errorf("without password = %d %v", got.StatusCode, got.Header)
	}
	if got := p.get(p.atDuo(p.signIn("alice", password, "code"))); got.code() == "" {
		t.Errorf("callback = %d %s", got.StatusCode, got.heading())
	}
}

// Rules that allow no codes hold for a session, too.
func TestCodesSwitchedOff(t *testing.T) {
	t.Parallel()
	h := newBentHouse(t, duotest.Approve, []rules.Rule{{Name: "prompt", Allow: []rules.Mode{rules.Prompt}}},
		func(_ *portal.Config, d *portal.Deps) { d.Releaser = nil })
	p := h.in(t, "alice")
	if got := p.get("/mfa/code"); strings.Contains(got.body, `id="get-code"`) || got.text("no-codes") == "" {
		t.Errorf("form %s", got.body)
	}
	if got := p.post("/mfa/code"); got.StatusCode != http.StatusSeeOther || got.Header.Get("Refresh") != "" {
		t.Errorf("post = %d %v", got.StatusCode, got.Header)
	}
}

// The pages about clients name this server and this user, and the ways that are
// open to him.
func TestSetupPages(t *testing.T) {
	t.Parallel()
	push := rules.Rule{Name: "push", Users: []string{"alice"}, Allow: []rules.Mode{rules.Prompt, rules.Push}, Clients: []rules.ClientRule{{UserAgent: "*(Mirth Server Connection)*", Mode: rules.Push}}}
	h := newHouse(t, duotest.Approve, push)
	alice, root := h.in(t, "alice"), h.in(t, "root")
	for _, tt := range []struct {
		who        *person
		name       string
		push, code bool
	}{{alice, "administrator", true, false}, {root, "administrator", false, true}, {alice, "curl", false, false}, {root, "curl", false, true}} {
		got := tt.who.get("/mfa/clients/" + tt.name)
		has := func(id string) bool { return strings.Contains(got.body, `<section id="`+id+`"`) }
		if got.StatusCode != http.StatusOK || !strings.Contains(got.body, h.URL) || has("push") != tt.push || has("code") != tt.code {
			t.Errorf("%s = %d, push %v, code %v", tt.name, got.StatusCode, has("push"), has("code"))
		}
	}
	if got := alice.get("/mfa/clients"); strings.Count(got.body, `href="/mfa/clients/`) != 5 || !strings.Contains(got.body, h.URL+"</textarea>") {
		t.Errorf("clients %s", got.body)
	}
	if got := alice.get("/mfa/clients/none"); got.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown client = %d", got.StatusCode)
	}
	for word, want := range map[string]string{"alice": "alice", "a.b@c-d_1": "a.b@c-d_1", "": "''", "it's $(me)": `'it'\''s $(me)'`, "ä": "'ä'"} {
		if got := portal.ShellWord(word); got != want {
			t.Errorf("ShellWord(%q) = %s, want %s", word, got, want)
		}
	}
}
