package portal_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/web/portal"
)

// The whole way: password, prompt, code, and the code in place of the password
// at the API, once.
func TestSignInCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.person(t)
	back := p.atDuo(p.signIn("Alice", password, "code"))
	if !strings.HasPrefix(back, "/mfa/callback/code?") {
		t.Errorf("Duo sends back to %s", back)
	}
	shown := p.get(back)
	if shown.StatusCode != http.StatusOK || shown.heading() != "Your sign-in code" || !strings.HasPrefix(shown.code(), "mfac-") {
		t.Fatalf("callback = %d %s", shown.StatusCode, shown.body)
	}
	if csp := shown.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || shown.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", shown.Header)
	}
	if again := p.get(back); again.StatusCode != http.StatusGone || again.code() != "" {
		t.Errorf("the link a second time = %d %s", again.StatusCode, again.heading())
	}
	if status, body := h.login(t, "mallory", shown.code()); status != http.StatusUnauthorized {
		t.Errorf("code of another user = %d %s", status, body)
	}
	if status, body := h.login(t, "alice", shown.code()); status != http.StatusOK || !strings.Contains(body, "SUCCESS") {
		t.Errorf("login with the code = %d %s", status, body)
	}
	if status, body := h.login(t, "alice", shown.code()); status != http.StatusUnauthorized {
		t.Errorf("login with the code once more = %d %s", status, body)
	}
	if carried, released := h.people.counts(); carried != 1 || released != 0 {
		t.Errorf("%d carried, %d released; the code has it", carried, released)
	}
	for _, name := range []audit.Name{audit.PrimaryOK, audit.ChallengeIssued, audit.CallbackSeen, audit.MFAAllowed, audit.CodeIssued, audit.CodeUsed} {
		if !slices.Contains(h.trail.Names(), name) {
			t.Errorf("no %s on the trail: %v", name, h.trail.Names())
		}
	}
}

// A sign-in without a code opens a session of pages and nothing else, and the
// sign-out ends it.
func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.person(t)
	in := p.get(p.atDuo(p.signIn("alice", password, "session")))
	if in.StatusCode != http.StatusSeeOther || in.Header.Get("Location") != "/mfa/" {
		t.Fatalf("callback = %d %v", in.StatusCode, in.Header)
	}
	var page string
	for _, c := range in.Cookies() {
		if !c.Secure || !c.HttpOnly || c.Path != "/" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s", c.Raw)
		}
		if c.Name == "__Host-mfa" {
			page = c.Value
		}
	}
	home := p.get("/mfa/")
	if page == "" || !strings.Contains(home.body, `<span id="user">alice</span>`) {
		t.Fatalf("home = %d %s", home.StatusCode, home.body)
	}
	if carried, released := h.people.counts(); carried != 1 || released != 1 {
		t.Errorf("%d carried, %d released: nothing needs it any more", carried, released)
	}
	// The cookie of the pages is none of the API's.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL+"/api/users/current", nil)
	must(t, err)
	r.Header.Set("X-Requested-With", "x")
	r.Header.Set("Cookie", "JSESSIONID="+page+"; __Host-mfa="+page)
	resp, err := h.Client().Do(r)
	must(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("users/current with the cookie of the pages = %d", resp.StatusCode)
	}
	out := p.do(http.MethodPost, "/mfa/sign-out", url.Values{"form": {home.field("form")}})
	if out.StatusCode != http.StatusSeeOther || strings.Contains(p.get("/mfa/").body, "alice") {
		t.Errorf("sign-out = %d", out.StatusCode)
	}
	// The form belonged to the session, and ended with it.
	if out := p.do(http.MethodPost, "/mfa/sign-out", url.Values{"form": {home.field("form")}}); out.StatusCode != http.StatusBadRequest {
		t.Errorf("second sign-out = %d", out.StatusCode)
	}
	if out := p.do(http.MethodPost, "/mfa/sign-out", url.Values{"form": {p.get("/mfa/").field("form")}}); out.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-out of nobody = %d", out.StatusCode)
	}
}

// Threats T027, T114: a form of another site does nothing.
func TestForgery(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	good := func(form string) url.Values {
		return url.Values{"form": {form}, "username": {"alice"}, "password": {password}, "want": {"code"}}
	}
	for _, tt := range []struct {
		name string
		bend func(p *person, form url.Values)
	}{
		{"cross-site", func(p *person, _ url.Values) { p.site = "cross-site" }},
		{"same-site", func(p *person, _ url.Values) { p.site = "same-site" }},
		{"says nothing", func(p *person, _ url.Values) { p.site = "" }},
		{"no token", func(_ *person, f url.Values) { f.Del("form") }},
		{"empty token", func(_ *person, f url.Values) { f.Set("form", "") }},
		{"other token", func(_ *person, f url.Values) { f.Set("form", "x"+f.Get("form")[1:]) }},
		{"two tokens", func(_ *person, f url.Values) { f.Add("form", f.Get("form")) }},
		{"no cookie", func(p *person, _ url.Values) { p.client.Jar = nil }},
	} {
		p := h.person(t)
		form := good(p.get("/mfa/").field("form"))
		tt.bend(p, form)
		for _, target := range []string{"/mfa/sign-in", "/mfa/sign-out"} {
			if got := p.do(http.MethodPost, target, form); got.StatusCode != http.StatusBadRequest || got.heading() != "Nothing was done" {
				t.Errorf("%s: POST %s = %d %s", tt.name, target, got.StatusCode, got.heading())
			}
		}
	}
	if carried, _ := h.people.counts(); carried != 0 {
		t.Errorf("%d passwords were checked", carried)
	}
}

// Duo's answer belongs to the browser that asked. Another one gets nothing,
// not even from the same address, and ends nothing.
func TestStrangersBrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p, stranger := h.person(t), h.person(t)
	back := p.atDuo(p.signIn("alice", password, "code"))
	stranger.signIn("alice", password, "code") // has a binding, of another sign-in
	for _, who := range []*person{h.person(t), stranger} {
		if got := who.get(back); got.StatusCode != http.StatusBadRequest || got.code() != "" || !strings.Contains(got.heading(), "not where the sign-in began") {
			t.Errorf("callback in another browser = %d %s", got.StatusCode, got.heading())
		}
	}
	// Nor does a sign-in that asked for no code give one, or the other way round.
	if got := p.get(strings.Replace(back, "/callback/code?", "/callback?", 1)); got.StatusCode != http.StatusBadRequest {
		t.Errorf("the other callback = %d", got.StatusCode)
	}
	if got := p.get(back); got.code() == "" {
		t.Errorf("callback in the right browser = %d %s", got.StatusCode, got.heading())
	}
}

// A sign-in of the portal ends there: its link and its code are of no use at
// the API.
func TestPortalSignInIsNoLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve, rules.Rule{Name: "codes", Allow: []rules.Mode{rules.Code, rules.Push}})
	p := h.person(t)
	back, err := url.Parse(p.atDuo(p.signIn("alice", password, "code")))
	must(t, err)
	q := back.Query()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/users/_login", strings.NewReader("username=alice"))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Requested-With", "x")
	r.Header.Set("X-Mirth-Login-Data", loginData("alice", q.Get("duo_code"), q.Get("state"), h.URL+"/mfa/callback/code"))
	resp, err := p.client.Do(r)
	must(t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized || len(resp.Cookies()) != 0 {
		t.Errorf("second call with a code of the portal = %d", resp.StatusCode)
	}
	if got := p.get(back.RequestURI()); got.code() == "" {
		t.Errorf("callback = %d %s", got.StatusCode, got.heading())
	}
}

// Each refusal on a page of its own words, and nothing left behind.
func TestRefusals(t *testing.T) {
	t.Parallel()
	expired := &primary.ExpiredError{Message: "too old"}
	for _, tt := range []struct {
		name               string
		username, password string
		mode               duotest.Mode
		err                error
		rules              []rules.Rule
		want               string
		status             int
		problem            string
	}{
		{name: "wrong password", username: "alice", password: "another one", problem: "Incorrect username or password."},
		{name: "empty password", username: "alice", problem: "Incorrect username or password."},
		{name: "a token", username: "alice", password: "mfat_" + password, problem: "Incorrect username or password."},
		{name: "break-glass", username: "alice", password: password + ",mfab-0000-0000-0000-0000", problem: "Incorrect username or password."},
		{name: "expired", username: "alice", password: password, err: expired, problem: "has expired"},
		{name: "throttled", username: "alice", password: password, err: &primary.ThrottledError{RetryAfter: 90e9}, status: 429, problem: "Too many attempts"},
		{name: "unavailable", username: "alice", password: password, err: primary.ErrUnavailable, status: 503},
		{name: "other error", username: "alice", password: password, err: errors.New("disk"), status: 503},
		{
			name: "no codes for this user", username: "alice", password: password, want: "code",
			rules: []rules.Rule{{Name: "prompt", Allow: []rules.Mode{rules.Prompt}}}, problem: "Incorrect username or password.",
		},
		{
			name: "nothing for this user", username: "alice", password: password, want: "session",
			rules: []rules.Rule{{Name: "a", Users: []string{"alice"}, Allow: []rules.Mode{rules.Refuse}}}, problem: "Incorrect username or password.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, duotest.Approve, tt.rules...)
			h.people.refuse(tt.err)
			if tt.want == "" {
				tt.want = "code"
			}
			if tt.status == 0 {
				tt.status = http.StatusUnauthorized
			}
			got := h.person(t).signIn(tt.username, tt.password, tt.want)
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.problem) || got.Header.Get("Refresh") != "" {
				t.Errorf("sign-in = %d %s", got.StatusCode, got.body)
			}
			if carried, released := h.people.counts(); carried != released {
				t.Errorf("%d carried, %d released", carried, released)
			}
			if tt.password != "" && strings.Contains(got.body, tt.password) {
				t.Error("the password is on the page")
			}
		})
	}
}

// Who denies at the prompt ends the sign-in at once.
func TestDeniedAtThePrompt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Deny)
	p := h.person(t)
	back := p.atDuo(p.signIn("alice", password, "code"))
	if got := p.get(back); got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.body, "Duo did not confirm") {
		t.Errorf("callback = %d %s", got.StatusCode, got.body)
	}
	if carried, released := h.people.counts(); carried != 1 || released != 1 {
		t.Errorf("%d carried, %d released", carried, released)
	}
	if got := p.get(back); got.StatusCode != http.StatusGone {
		t.Errorf("callback once more = %d", got.StatusCode)
	}
}

// Paths and methods that are not the portal's.
func TestAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.person(t)
	for _, tt := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/mfa", 303},
		{"GET", "/mfa/", 200},
		{"HEAD", "/mfa/", 200},
		{"POST", "/mfa/", 405},
		{"GET", "/mfa/sign-in", 405},
		{"GET", "/mfa/sign-out", 405},
		{"POST", "/mfa/callback?state=x", 405},
		{"HEAD", "/mfa/callback", 405},
		{"GET", "/mfa/callback", 400},
		{"GET", "/mfa/callback?state=" + strings.Repeat("a", 36) + "&duo_code=" + strings.Repeat("b", 32), 400},
		{"GET", "/mfa/callback/", 404},
		{"GET", "/mfa/x", 404},
		{"GET", "/mfax", 404},
		{"GET", "/", 404},
	} {
		if got := p.do(tt.method, tt.target, nil); got.StatusCode != tt.status {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.target, got.StatusCode, tt.status)
		}
	}
}

func TestNewRefusesConfigurations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]portal.Config{
		"nothing":  {},
		"http URL": {PublicURLs: []string{"http://a"}, Logger: slog.New(slog.DiscardHandler)},
	} {
		if _, err := portal.New(c, portal.Deps{}); !errors.Is(err, portal.ErrConfig) {
			t.Errorf("%s: New() error = %v, want %v", name, err, portal.ErrConfig)
		}
	}
}
