package duotest_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

var txField = regexp.MustCompile(`name="tx" value="([A-Za-z0-9]{43})"`)

// page is the prompt as a person has it open.
type page struct {
	*app

	tx   string
	last answer
}

func ask(c *duotest.Config) { c.Auto = duotest.Ask }

// open shows the prompt to a user.
func (a *app) open(user string) *page {
	a.t.Helper()
	got := a.authorize(a.requestClaims().with("duo_uname", user))
	m := txField.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || m == nil {
		a.t.Fatalf("page = %d\n%s", got.status, got.body)
	}
	return &page{a, m[1], got}
}

// press posts one of the page's forms.
func (p *page) press(action string, fields ...string) answer {
	p.t.Helper()
	form := url.Values{"tx": {p.tx}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	p.last = p.post("/prompt/"+action, form)
	return p.last
}

func (p *page) shows(what ...string) {
	p.t.Helper()
	for _, w := range what {
		if !strings.Contains(p.last.body, w) {
			p.t.Errorf("page lacks %q:\n%s", w, p.last.body)
		}
	}
}

func (p *page) lacks(what ...string) {
	p.t.Helper()
	for _, w := range what {
		if strings.Contains(p.last.body, w) {
			p.t.Errorf("page has %q:\n%s", w, p.last.body)
		}
	}
}

// context redeems a code and returns the auth_context.
func (a *app) context(callback url.Values) map[string]any {
	a.t.Helper()
	got := a.exchange(callback.Get("duo_code"))
	token, _ := a.object(got.body)["id_token"].(string)
	if got.status != http.StatusOK {
		a.t.Fatalf("token = %d %s", got.status, got.body)
	}
	c, _ := a.object(a.segment(token, 1))["auth_context"].(map[string]any)
	return c
}

func (a *app) wantContext(callback url.Values, event, factor, reason string) {
	a.t.Helper()
	c := a.context(callback)
	if c["event_type"] != event || c["factor"] != factor || c["reason"] != reason || c["result"] != "success" {
		a.t.Errorf("auth_context = %v, want %s, %s, %s", c, event, factor, reason)
	}
}

func (a *app) wantDenied(callback url.Values, description string) {
	a.t.Helper()
	if callback.Get("error") != "access_denied" || callback.Get("error_description") != description ||
		callback.Get("state") != state || callback.Has("duo_code") {
		a.t.Errorf("callback = %v, want access_denied (%s)", callback, description)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	a.AddUser(duotest.User{Name: `<b>"bob"</b>`, Phones: []duotest.Phone{
		duotest.Smartphone("+17345550100"), {ID: "DPDESK", Number: "+442079460000", Name: "<i>Desk</i>"},
	}})
	p := a.open(`<b>"bob"</b>`)
	p.shows("&lt;b&gt;&#34;bob&#34;&lt;/b&gt;", `id="application">Web SDK<`, `id="virtual-phone"`, "My iPhone (734-555-0100)",
		"&lt;i&gt;Desk&lt;/i&gt; (&#43;442079460000)", `id="device-DPDESK"`, `id="message"`,
		`<button id="push"`, `<button id="approve"`, `<button id="deny"`, `<button id="fraud"`, `<button id="cancel"`,
		`<button id="passcode-submit"`, `<button id="bypass-submit"`, `id="passcode" name="passcode"`,
		`id="bypass_code" name="bypass_code"`, `id="passcode-hint"`, "127.0.0.1")
	p.lacks("<b>", "<i>", "http-equiv", "enroll-submit")
	user, _ := a.User(`<b>"bob"</b>`)
	p.shows("<code>"+user.Phones[0].Passcode+"</code>", "<code>"+user.Phones[1].Passcode+"</code>")
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
	} {
		if got := p.last.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	csp := p.last.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://localhost:8443"} {
		if !strings.Contains(csp, want) {
			t.Errorf("CSP lacks %q: %s", want, csp)
		}
	}
	if len(p.last.header.Values("Set-Cookie")) > 0 {
		t.Error("the page sets a cookie")
	}
}

// An IPv6 redirect URI cannot stand in a CSP, and nothing can get into one.
func TestPageFormTarget(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	for uri, want := range map[string]string{
		"https://[::1]:8443/cb":           "form-action 'self' https:",
		"https://a.example;script-src/cb": "form-action 'self' https:",
		"http://localhost/cb":             "form-action 'self' http://localhost",
	} {
		got := a.authorize(a.requestClaims().with("redirect_uri", uri))
		if csp := got.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, want) {
			t.Errorf("%s: CSP = %q, want ...%q", uri, csp, want)
		}
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	p.press("push")
	p.shows("Pushed a login request", `id="approve"`)
	q := a.callback(p.press("approve"))
	if p.last.status != http.StatusSeeOther || q.Get("state") != state {
		t.Errorf("approve = %d %v", p.last.status, q)
	}
	a.wantContext(q, "authentication", "duo_push", "user_approved")
	if got := p.press("approve"); got.status != http.StatusGone || got.header.Get("Location") != "" {
		t.Errorf("second approve = %d %v", got.status, got.header)
	}
	if got := p.press("cancel"); got.status != http.StatusGone {
		t.Errorf("cancel after approve = %d", got.status)
	}
}

// A browser keeps its page when the phone rings already, so that a click on
// Approve right after does not meet a page that is going away.
func TestPushAgain(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	push := func() answer {
		r := a.request(http.MethodPost, "/prompt/push", nil, url.Values{"tx": {p.tx}})
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		return a.do(r)
	}
	if got := push(); got.status != http.StatusNoContent || got.body != "" {
		t.Errorf("push while it rings = %d %s", got.status, got.body)
	}
	p.press("deny")
	if got := push(); got.status != http.StatusOK || !strings.Contains(got.body, `id="approve"`) {
		t.Errorf("push after deny = %d %s", got.status, got.body)
	}
}

func TestPushDenied(t *testing.T) {
	t.Parallel()
	for action, text := range map[string]string{"deny": "Login request denied.", "fraud": "reported as fraud"} {
		a := start(t, ask)
		p := a.open("test1")
		if got := p.press(action); got.status != http.StatusOK {
			t.Errorf("%s = %d", action, got.status)
		}
		p.shows(text, `role="alert"`, "Try again", `id="push"`)
		p.lacks(`id="approve"`, `id="virtual-phone"`)
		p.press("approve")
		p.shows("No push is waiting")
		p.press("push")
		p.shows(`id="approve"`)
		a.wantContext(a.callback(p.press("approve")), "authentication", "duo_push", "user_approved")
	}
}

func TestPushChoice(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	second := duotest.Smartphone("+17345550199")
	second.ID, second.Name = "DPSECOND", "Second"
	a.AddUser(duotest.User{Name: "eve", Phones: []duotest.Phone{{ID: "DPEVE", Activated: true}}})
	a.UpdateUser("test1", func(u *duotest.User) {
		u.NoAutoPrompt = true
		u.Phones = append(u.Phones, second, duotest.Phone{ID: "DPDESK", Number: "+17345550111"})
	})
	p := a.open("test1")
	p.lacks(`id="virtual-phone"`, `id="message"`)
	for _, wrong := range []string{"DPDESK", "DPEVE", "nothing"} {
		p.press("push", "device", wrong)
		p.shows("That device takes no push.")
	}
	p.press("push", "device", "DPSECOND")
	p.shows("<h3>Second (734-555-0199)</h3>")
	c := a.context(a.callback(p.press("approve")))
	if d, _ := c["auth_device"].(map[string]any); d["name"] != "Second (734-555-0199)" {
		t.Errorf("auth_device = %v", d)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	a.wantDenied(a.callback(p.press("cancel")), "The user cancelled the login.")
	if got := p.press("approve"); got.status != http.StatusGone {
		t.Errorf("approve after cancel = %d", got.status)
	}
}

func TestLockout(t *testing.T) {
	t.Parallel()
	a := start(t, ask, func(c *duotest.Config) { c.LockoutThreshold = 3 })
	p := a.open("test1")
	p.press("passcode", "passcode", "x")
	p.press("deny")
	if u, _ := a.User("test1"); u.Failures != 2 || u.Status != duotest.StatusActive {
		t.Errorf("after two failures: %+v", u)
	}
	p.press("bypass", "bypass_code", "x")
	p.shows("locked out")
	if u, _ := a.User("test1"); u.Status != duotest.StatusLocked {
		t.Errorf("after three failures: %+v", u)
	}
	u, _ := a.User("test1")
	p.press("passcode", "passcode", u.Phones[0].Passcode)
	p.shows("locked out", `id="error"`, `id="cancel"`)
	a.wantDenied(a.callback(p.press("cancel")), "The user cancelled the login.")
	a.UpdateUser("test1", func(u *duotest.User) { u.Status = duotest.StatusActive })
	p = a.open("test1")
	a.wantContext(a.callback(p.press("approve")), "authentication", "duo_push", "user_approved")
	if u, _ := a.User("test1"); u.Failures != 0 || !u.LastLogin.Equal(epoch) {
		t.Errorf("after a success: %+v", u)
	}
}

// The forms work with the transaction id alone and not without it.
func TestTransaction(t *testing.T) {
	t.Parallel()
	var now sync.Map
	now.Store("now", epoch)
	a := start(t, ask, func(c *duotest.Config) {
		c.Now = func() time.Time { v, _ := now.Load("now"); when, _ := v.(time.Time); return when }
	})
	p, q := a.open("test1"), a.open("test1")
	if p.tx == q.tx {
		t.Error("two prompts share an id")
	}
	for _, tx := range []string{"", "guess", strings.Repeat("a", 43)} {
		if got := a.post("/prompt/approve", url.Values{"tx": {tx}}); got.status != http.StatusGone || got.header.Get("Location") != "" {
			t.Errorf("tx %q: %d", tx, got.status)
		}
	}
	if got := a.do(a.request(http.MethodGet, "/prompt/approve", url.Values{"tx": {p.tx}}, nil)); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET = %d", got.status)
	}
	now.Store("now", epoch.Add(5*time.Minute))
	if got := p.press("approve"); got.status != http.StatusGone {
		t.Errorf("after five minutes: %d", got.status)
	}
}
