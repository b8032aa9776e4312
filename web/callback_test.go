package web_test

import (
	"context"
	"errors"
	"html"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web"
)

// browser makes a request as a browser does: no header of the API.
func (s *site) browser(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	return s.send(t, method, target, body, append([]string{"X-Requested-With", "", "Accept", "text/html"}, headers...)...)
}

// press sends one of the page's forms.
func (s *site) press(t *testing.T, body string, headers ...string) answer {
	t.Helper()
	if !slices.Contains(headers, "Sec-Fetch-Site") {
		headers = append(headers, "Sec-Fetch-Site", "same-origin", "Origin", "null")
	}
	return s.browser(t, "POST", callbackAt, body, headers...)
}

func TestCallbackShowsTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w, func(c *web.Config) { c.CurlCAFile = "/tmp/ca file.pem" })
	got := s.browser(t, "GET", callbackAt+goodQuery, "")
	if got.StatusCode != 200 {
		t.Fatalf("= %d", got.StatusCode)
	}
	text := html.UnescapeString(got.body)
	for _, want := range []string{
		`id="user">admin<`, `id="from">127.0.0.1<`, "curl/7.88.1", "22 Nov 2026, 12:00:00 UTC", "22 Nov 2026, 12:10:00 UTC",
		">" + loginData + "</textarea>", `id="deny"`, "Never give this code to anyone", "works once",
		"--header 'X-Mirth-Login-Data: " + loginData + "'", "--data-urlencode 'username=admin'", "--cacert '/tmp/ca file.pem'",
		"'https://mirth.example.org:8443/api/4.5.2/users/_login'</textarea>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(text, `id="confirm"`) || strings.Contains(text, "postMessage(") {
		t.Error("page asks for a confirmation, or posts messages")
	}
	e := w.events[0]
	if len(w.events) != 1 || e.Name != audit.CallbackSeen || e.Username != "admin" || e.Transaction != mfa.KeyOf(state).Handle() {
		t.Errorf("audit = %+v", w.events)
	}
	for _, target := range []string{"/api" + "/extensions/mfa/duocallback", "/api/9.9/extensions/mfa/duocallback"} {
		if got := s.browser(t, "GET", target+goodQuery, ""); got.StatusCode != 200 || strings.Contains(got.body, "9.9") {
			t.Errorf("GET %s = %d", target, got.StatusCode)
		}
	}
}

// Threat T046: loading the page changes nothing, however often; HEAD neither.
func TestCallbackHasNoEffect(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for range 20 {
		if got := s.browser(t, "GET", callbackAt+goodQuery, ""); got.StatusCode != 200 {
			t.Fatalf("GET = %d", got.StatusCode)
		}
	}
	s.browser(t, "HEAD", callbackAt+goodQuery, "")
	s.browser(t, "GET", callbackAt+"?error=access_denied&state="+state, "")
	if len(s.world.denied)+len(s.world.redeemed) != 0 {
		t.Error("the page had an effect")
	}
	if got := s.second(t, "admin", loginData); got.StatusCode != 200 {
		t.Errorf("second call afterwards = %d, want 200", got.StatusCode)
	}
}

// Threat T047: parameters that are not Duo's. Threat T044: nothing of them is
// on the page, and all such pages are one.
func TestBadParameters(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	reference := s.browser(t, "GET", callbackAt, "")
	if reference.StatusCode != 400 || !strings.Contains(reference.body, "This link does not work") {
		t.Fatalf("= %d %s", reference.StatusCode, reference.body)
	}
	queries := []string{
		"state=" + state, "duo_code=" + code, "state=&duo_code=", "state=" + state + "&duo_code=", "state&duo_code",
		"state=" + state + "&state=" + state + "&duo_code=" + code,
		"state=" + state + "&duo_code=" + code + "&duo_code=" + code,
		"state[]=" + state + "&duo_code=" + code,
		"state=" + state + "&code=" + code,
		"state=" + state + "&code=" + code + "&duo_code=" + code,
		"state=" + state + "&duo_code=" + code + "&next=https://evil.example",
		"state=" + state + "&duo_code=" + code + "&",
		"state=" + state + ";duo_code=" + code,
		"state=" + state + "&duo_code=" + code + "&error=access_denied",
		"state=" + strings.ToUpper(state) + "&duo_code=" + code,
		"state=" + state + "0&duo_code=" + code,
		"state=" + state[1:] + "&duo_code=" + code,
		"state=" + strings.Repeat("0", 36) + "&duo_code=" + code, // unknown
		"state=" + state + "&duo_code=" + strings.Repeat("a", 1025),
		"error=access_denied", "error=access_denied&state=" + strings.Repeat("0", 36),
		"error=Access_Denied&state=" + state, "error=&state=" + state,
		"error=access_denied&state=" + state + "&error_uri=https://evil.example",
		"error=access_denied&state=" + state + "&error_description=" + strings.Repeat("a", 1025),
	}
	for _, v := range vectors() {
		v = url.QueryEscape(v)
		queries = append(queries, "state="+v+"&duo_code="+code, "state="+state+"&duo_code="+v, "error="+v+"&state="+state)
	}
	for _, q := range queries {
		got := s.browser(t, "GET", callbackAt+"?"+q, "")
		if got.StatusCode != 400 || withoutNonce(got.body) != withoutNonce(reference.body) {
			t.Errorf("?%.80s = %d, want the one page", q, got.StatusCode)
		}
	}
}

var nonce = regexp.MustCompile(`nonce(="|-)[A-Za-z0-9_-]{24}`)

func withoutNonce(s string) string { return nonce.ReplaceAllString(s, "nonce${1}N") }

// vectors are texts that become markup where somebody forgets to escape.
func vectors() []string {
	seeds := []string{
		`"><script>alert(1)</script>`, `';alert(1)//`, `<img src=x onerror=alert(1)>`, `</textarea><script>alert(1)</script>`, `</title><svg onload=alert(1)>`,
		`{{7*7}}`, `{{.}}`, `${7*7}`, "\r\nSet-Cookie: x=1", "\u2028alert(1)", `javascript:alert(1)`, `" autofocus onfocus=alert(1) x="`, `--><script>`, `]]><script>`,
		`<a href="data:text/html,x">`, `&lt;script&gt;`, `%3Cscript%3E`, `\x3cscript\x3e`, `<style>*{}</style>`, `<base href=//evil>`,
	}
	var all []string
	for _, s := range seeds {
		for _, wrap := range []string{"%s", "a%s", "%sa", "%s%s", "<!--%s", "\"%s", "'%s", "`%s", "\x00%s", "x:%s"} {
			all = append(all, strings.ReplaceAll(wrap, "%s", s))
		}
	}
	return all
}

// Threat T044: what comes from the transaction is escaped as well.
func TestCallbackEscapes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	plain := goodView()
	w.view = func(string, mfa.Client) (mfa.View, error) { return plain, nil }
	tags := regexp.MustCompile(`<[a-zA-Z/!][^>]*`)
	shape := func(body string) []string {
		var names []string
		for _, tag := range tags.FindAllString(withoutNonce(body), -1) {
			names = append(names, strings.Fields(tag)[0])
		}
		return names
	}
	want := shape(s.browser(t, "GET", callbackAt+goodQuery, "").body)
	for _, v := range vectors() {
		plain.Username, plain.UserAgent, plain.Addr = v, v, v
		got := s.browser(t, "GET", callbackAt+goodQuery, "")
		if !slices.Equal(shape(got.body), want) {
			t.Errorf("%q changes the page's elements", v)
		}
		if regexp.MustCompile(`<[^>]*\son[a-z]+\s*=`).MatchString(got.body) {
			t.Errorf("%q makes an event handler", v)
		}
	}
}

// Threat T041: a stranger's browser gets a warning first, and the code only
// after a confirmation.
func TestWarning(t *testing.T) {
	t.Parallel()
	w := newWorld()
	view := goodView()
	view.SameClient, view.Addr = false, "203.0.113.7"
	w.view = func(string, mfa.Client) (mfa.View, error) { return view, nil }
	s := newSite(t, w)
	got := s.browser(t, "GET", callbackAt+goodQuery, "")
	if got.StatusCode != 200 || !strings.Contains(got.body, `role="alert"`) || !strings.Contains(got.body, `id="confirm"`) || !strings.Contains(got.body, `id="deny"`) ||
		strings.Contains(got.body, `id="login-data"`) || strings.Contains(got.body, "X-Mirth-Login-Data") {
		t.Errorf("warning = %d %s", got.StatusCode, got.body)
	}
	if names := w.names(); !slices.Equal(names, []audit.Name{audit.CallbackMismatch, audit.MFAIPMismatch}) {
		t.Errorf("audit = %v", names)
	}
	if d := w.events[1].Detail; d["first_call"] != "203.0.113.7" || d["callback"] != "127.0.0.1" {
		t.Errorf("mismatch = %v", d)
	}
	confirm := form("action", "confirm", "state", state, "duo_code", code)
	got = s.press(t, confirm)
	if got.StatusCode != 200 || !strings.Contains(html.UnescapeString(got.body), loginData) {
		t.Errorf("confirmed = %d", got.StatusCode)
	}
}

// Threats T041, T046: only the button of our own page acts.
func TestDeny(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	deny := form("action", "deny", "state", state)
	for _, tt := range []struct {
		name    string
		headers []string
	}{
		{"no word from a browser", []string{"Sec-Fetch-Site", "", "Origin", ""}},
		{"cross-site", []string{"Sec-Fetch-Site", "cross-site", "Origin", public}},
		{"same-site", []string{"Sec-Fetch-Site", "same-site", "Origin", public}},
		{"typed", []string{"Sec-Fetch-Site", "none"}},
		{"old browser, other origin", []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}},
		{"old browser, null", []string{"Sec-Fetch-Site", "", "Origin", "null"}},
		{"two origins", []string{"Sec-Fetch-Site", "", "Origin", public, "Origin", public}},
		{"two sites", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "same-origin"}},
	} {
		if got := s.press(t, deny, tt.headers...); got.StatusCode != 400 || len(w.denied) != 0 {
			t.Errorf("%s = %d, denied %d; want 400 and nothing", tt.name, got.StatusCode, len(w.denied))
		}
	}
	for name, body := range map[string]string{
		"no action":       form("state", state),
		"other action":    form("action", "approve", "state", state),
		"no state":        form("action", "deny"),
		"bad state":       form("action", "deny", "state", "x"),
		"unknown state":   form("action", "deny", "state", strings.Repeat("0", 36)),
		"two states":      deny + "&state=" + state,
		"confirm no code": form("action", "confirm", "state", state),
		"confirm bad":     form("action", "confirm", "state", state, "duo_code", "<script>"),
		"bad percent":     "action=deny&state=%zz",
	} {
		if got := s.press(t, body); got.StatusCode != 400 || !strings.Contains(got.body, "This link does not work") {
			t.Errorf("%s = %d", name, got.StatusCode)
		}
	}
	if got := s.press(t, deny, "Content-Type", "text/plain"); got.StatusCode != 415 {
		t.Errorf("text = %d, want 415", got.StatusCode)
	}
	if len(w.denied) != 0 {
		t.Fatal("a bad request denied")
	}
	got := s.press(t, deny)
	if got.StatusCode != 200 || !strings.Contains(got.body, "The sign-in was denied") || len(w.denied) != 1 {
		t.Errorf("deny = %d, %d denied", got.StatusCode, len(w.denied))
	}
	if got := s.press(t, deny, "Sec-Fetch-Site", "", "Origin", "https://localhost:8443"); got.StatusCode != 200 {
		t.Errorf("older browser from a public URL = %d, want 200", got.StatusCode)
	}
}

// Threat T048: Duo's refusal has one text, whatever Duo says.
func TestDuoErrors(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	var reference string
	for _, q := range []string{
		"error=access_denied&state=" + state, "error=server_error&state=" + state, "state=" + state + "&error=temporarily_unavailable",
		"error=access_denied&error_description=secret+description&state=" + state, "error=made_up&state=" + state,
	} {
		got := s.browser(t, "GET", callbackAt+"?"+q, "")
		body := withoutNonce(got.body)
		if reference == "" {
			reference = body
		}
		if got.StatusCode != 200 || !strings.Contains(body, "The sign-in was refused") || !strings.Contains(body, `id="deny"`) || body != reference ||
			strings.Contains(body, "login-data") || strings.Contains(body, "description") {
			t.Errorf("?%s = %d %s", q, got.StatusCode, body)
		}
	}
}

// A sign-in that is over shows no code; troubles are told apart from it.
func TestCallbackStates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		phase  mfa.Phase
		err    error
		status int
		text   string
	}{
		{"claimed", mfa.Claimed, nil, 200, titleOfCodePage},
		{"redeemed", mfa.Redeemed, nil, 410, "This sign-in has ended"},
		{"denied", mfa.Denied, nil, 410, "This sign-in has ended"},
		{"burned", mfa.Burned, nil, 410, "This sign-in has ended"},
		{"expired", "", errors.Join(mfa.ErrRefused, mfa.ErrExpired), 400, "This link does not work"},
		{"store down", "", errors.Join(mfa.ErrUnavailable, errDisk), 503, "cannot answer"},
		{"unknown", "", errDisk, 503, "cannot answer"},
	} {
		w := newWorld()
		w.view = func(string, mfa.Client) (mfa.View, error) {
			v := goodView()
			v.Phase = tt.phase
			return v, tt.err
		}
		s := newSite(t, w)
		for _, got := range []answer{
			s.browser(t, "GET", callbackAt+goodQuery, ""),
			s.press(t, form("action", "confirm", "state", state, "duo_code", code)),
		} {
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.text) || strings.Contains(got.body, "disk") {
				t.Errorf("%s = %d %s", tt.name, got.StatusCode, got.body)
			}
			if tt.status != 200 && strings.Contains(got.body, code) {
				t.Errorf("%s shows the code", tt.name)
			}
		}
	}
	w := newWorld()
	w.recordErr = errDisk
	if got := newSite(t, w).browser(t, "GET", callbackAt+goodQuery, ""); got.StatusCode != 503 || strings.Contains(got.body, code) {
		t.Errorf("audit down = %d", got.StatusCode)
	}
}

const titleOfCodePage = "Finish signing in"

// The command is one word per argument, whatever the username.
func TestCurlCommandInAShell(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	for _, name := range []string{"admin", "O'Brien", `a"b`, "$(touch x)", "`id`", `back\slash`, "a b", "--help", "!!", "josé", "*", "'; exit 1; '"} {
		command := web.CurlCommand("https://a/api/4.5.2/users/_login", "/c'a.pem", name, name+":x")
		script := `curl() { for a; do printf '%s\n' "$a"; done; }` + "\n" + command
		out, err := exec.CommandContext(context.WithoutCancel(t.Context()), sh, "-c", script).Output()
		want := strings.Join([]string{
			"--include", "--cacert", "/c'a.pem", "--header", "X-Requested-With: curl", "--header", "X-Mirth-Login-Data: " + name + ":x",
			"--data-urlencode", "username=" + name, "https://a/api/4.5.2/users/_login", "",
		}, "\n")
		if err != nil || string(out) != want {
			t.Errorf("%q: %v\n%s\nwant\n%s", name, err, out, want)
		}
	}
}
