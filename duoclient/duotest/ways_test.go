package duotest_test

import (
	"bytes"
	"image/png"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// everything gives test1 one of each and switches all policies on.
func everything(c *duotest.Config) {
	c.Auto, c.VerifiedPush, c.RememberDays = duotest.Ask, 4, 30
	c.Users = []duotest.User{{
		Name: "test1", BypassCodes: []string{"123456789"},
		Phones:   []duotest.Phone{duotest.Smartphone("+17345550100"), {ID: "DPDESK", Number: "+442079460000", Name: "Desk", Type: "Landline"}},
		WebAuthn: []duotest.WebAuthnCredential{{Key: "WAONE", Name: "Blue key"}, {Key: "WATWO"}},
	}}
}

func with(p params, name, value string) params {
	out := maps.Clone(p)
	out[name] = value
	return out
}

func (p *page) digits() string {
	p.t.Helper()
	m := regexp.MustCompile(`id="verification-code">([0-9 ]+)<`).FindStringSubmatch(p.last.body)
	if m == nil {
		p.t.Fatalf("no digits:\n%s", p.last.body)
	}
	return strings.ReplaceAll(m[1], " ", "")
}

func (p *page) state() string {
	p.t.Helper()
	got := p.post("/prompt/status", url.Values{"tx": {p.tx}})
	state, _ := p.object(got.body)["state"].(string)
	return state
}

func TestPromptVerifiedPush(t *testing.T) {
	t.Parallel()
	a := start(t, everything)
	p := a.open("test1")
	code := p.digits()
	if len(code) != 4 {
		t.Errorf("digits = %q, want 4", code)
	}
	for _, wrong := range []string{"", "x", code + "0"} {
		p.press("approve", "code", wrong)
		p.shows("not the code that the application shows", `id="approve"`)
	}
	if p.state() != "waiting" {
		t.Errorf("state = %s", p.state())
	}
	if u, _ := a.User("test1"); u.Failures != 0 {
		t.Errorf("failures = %d: a slip on the phone is none", u.Failures)
	}
	a.wantContext(a.callback(p.press("approve", "code", code)), "authentication", "verified_duo_push", "user_approved")

	p = a.open("test1")
	code = p.digits()
	p.press("push", "device", "DPDESK")
	p.shows("takes no push")
	h := a.phone("test1")
	h.press("approve", "9999x")
	h.shows("not the code")
	h.press("approve", code)
	if p.state() != "ready" {
		t.Errorf("state = %s, want ready", p.state())
	}
	a.wantContext(a.callback(p.press("continue")), "authentication", "verified_duo_push", "user_approved")
	if p.state() != "over" {
		t.Errorf("state = %s, want over", p.state())
	}
	p = a.open("test1")
	if err := a.AnswerPush("test1", duotest.AnswerApprove); err != nil {
		t.Fatal(err)
	}
	a.wantContext(a.callback(p.press("continue")), "authentication", "verified_duo_push", "user_approved")
}

// The Enter key does what belongs to the field that was filled.
func TestEnterKey(t *testing.T) {
	t.Parallel()
	a := start(t, everything)
	p := a.open("test1")
	p.press("continue", "passcode", "1")
	p.shows("Incorrect passcode.")
	p.press("continue", "bypass_code", "1")
	p.shows("Incorrect bypass code.")
	p.press("continue", "code", "1")
	p.shows("not the code")
	p.press("continue")
	p.lacks("Incorrect")
	u, _ := a.User("test1")
	a.wantContext(a.callback(p.press("continue", "passcode", u.Phones[0].Passcode)), "authentication", "duo_mobile_passcode", "valid_passcode")
	p = a.open("newcomer")
	a.wantContext(a.callback(p.press("continue", "phone_number", "+17345550177")), "enrollment", "duo_push", "user_approved")
}

// A push that nobody answers rings for a minute; the prompt goes on after it.
func TestPromptTimeout(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, ask, now.config)
	p := a.open("test1")
	now.pass(a, 59*time.Second)
	if got := p.state(); got != "waiting" {
		t.Errorf("state = %s", got)
	}
	now.pass(a, 1*time.Second)
	if got := p.state(); got != "ready" {
		t.Errorf("state after a minute = %s, want ready", got)
	}
	p.press("continue")
	p.shows("Login timed out", `role="alert"`, "Try again")
	p.lacks(`id="approve"`)
	p.press("push")
	now.pass(a, 60*time.Second)
	p.press("approve")
	p.shows("Login timed out")
	l := a.Logins()
	if len(l) != 2 || l[0].Reason != "no_response" || l[0].Result != "denied" {
		t.Errorf("log = %+v", l)
	}
	if u, _ := a.User("test1"); u.Failures != 0 {
		t.Errorf("failures = %d: not answering is none", u.Failures)
	}
	p.press("push")
	now.pass(a, 60*time.Second)
	u, _ := a.User("test1")
	a.callback(p.press("passcode", "passcode", u.Phones[0].Passcode))
}

func TestPromptCallAndSMS(t *testing.T) {
	t.Parallel()
	a := start(t, everything)
	p := a.open("test1")
	p.press("call", "device", "DPDESK")
	p.shows("Calling", "press a key", "<h3>Desk (&#43;442079460000)</h3>")
	p.lacks(`id="verification-code"`)
	p.press("deny")
	p.shows("Login request denied.")
	p.press("sms", "device", "DPDESK")
	p.shows("takes no text messages")
	p.press("sms")
	p.shows("New passcodes were sent")
	p.lacks(`id="approve"`)
	p.press("call", "device", "DPNONE")
	p.shows("cannot be called")
	p.press("call", "device", "DPDESK")
	a.wantContext(a.callback(p.press("approve")), "authentication", "phone_call", "user_approved")
	if l := a.Logins(); len(l) != 2 || l[0].Reason != "no_keys_pressed" {
		t.Errorf("log = %+v", l)
	}
}

func TestSecurityKey(t *testing.T) {
	t.Parallel()
	a := start(t, everything)
	p := a.open("test1")
	p.shows("Blue key, Security Key", `id="security-key"`)
	p.press("touch", "key", "WAONE")
	p.shows("none of your security keys")
	p.press("key")
	p.shows(`id="virtual-key"`, `id="touch"`, `id="touch-WATWO"`, "Touch Blue key")
	p.lacks(`id="approve"`)
	for _, wrong := range []string{"", "WAX"} {
		p.press("touch", "key", wrong)
		p.shows("none of your security keys", `id="touch"`)
	}
	c := a.context(a.callback(p.press("touch", "key", "WATWO")))
	device, _ := c["auth_device"].(map[string]any)
	if c["factor"] != "webauthn_security_key" || c["reason"] != "user_approved" || device["name"] != "Security Key" {
		t.Errorf("auth_context = %v", c)
	}
	if u, _ := a.User("test1"); u.WebAuthn[0].LastUsed.IsZero() == u.WebAuthn[1].LastUsed.IsZero() || u.WebAuthn[1].LastUsed.IsZero() {
		t.Errorf("keys = %+v, want the second used", u.WebAuthn)
	}
	a.AddUser(duotest.User{Name: "keyless", Phones: []duotest.Phone{duotest.Smartphone("+17345550101")}})
	p = a.open("keyless")
	p.lacks(`id="security-key"`)
	p.press("key")
	p.shows("none of your security keys")
	a.AddUser(duotest.User{Name: "key only", WebAuthn: []duotest.WebAuthnCredential{{Key: "WATHREE"}}})
	p = a.open("key only")
	p.lacks(`id="push"`, `id="touch"`)
	p.press("key")
	a.callback(p.press("touch", "key", "WATHREE"))
}

// The cookie of a remembered browser belongs to the simulator's
// host alone, and is good for one user, for as long as the policy says.
func TestRememberedBrowser(t *testing.T) {
	t.Parallel()
	var now clock
	a := start(t, everything, now.config)
	a.AddUser(duotest.User{Name: "eve", Phones: []duotest.Phone{duotest.Smartphone("+17345550101")}})
	p := a.open("test1")
	p.shows(`id="remember"`, "for 30 days")
	got := p.press("bypass", "bypass_code", "wrong", "remember", "yes")
	p.shows(`value="yes" checked`)
	if len(got.header.Values("Set-Cookie")) != 0 {
		t.Error("a cookie before anything is proved")
	}
	got = p.press("bypass", "bypass_code", "123456789", "remember", "yes")
	a.callback(got)
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	if err != nil || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" ||
		cookie.Domain != "" || !strings.HasPrefix(cookie.Name, "__Host-") || cookie.MaxAge != 30*24*60*60 {
		t.Errorf("cookie = %+v, %v", cookie, err)
	}
	authorize := func(user string, c *http.Cookie) answer {
		r := a.request(http.MethodGet, duotest.EndpointAuthorize, a.authQuery(a.requestClaims().with("duo_uname", user)), nil)
		r.AddCookie(c)
		return a.do(r)
	}
	passes := func(user string, c *http.Cookie) bool { return authorize(user, c).header.Get("Location") != "" }
	q := a.callback(authorize("test1", cookie))
	a.wantContext(q, "authentication", "remembered_device", "remembered_device")
	other, _ := a.User("eve")
	if passes("eve", cookie) || passes("eve", &http.Cookie{Name: "__Host-simulated-duo-" + other.ID, Value: cookie.Value}) ||
		passes("test1", &http.Cookie{Name: cookie.Name, Value: "guess"}) {
		t.Error("the cookie is good for somebody else, or a guess is")
	}
	a.UpdateUser("test1", func(u *duotest.User) { u.Status = duotest.StatusDisabled })
	if passes("test1", cookie) {
		t.Error("a disabled user passes")
	}
	a.UpdateUser("test1", func(u *duotest.User) { u.Status = duotest.StatusActive })
	now.pass(a, 30*24*time.Hour)
	if passes("test1", cookie) {
		t.Error("remembered for ever")
	}
	now.pass(a, -1*time.Second)
	if !passes("test1", cookie) {
		t.Error("forgotten too early")
	}
	h := a.phone("test1")
	h.shows("Remembered browsers: 1", `id="forget"`)
	h.submit(h.link, url.Values{"answer": {"forget"}})
	if passes("test1", cookie) {
		t.Error("not forgotten")
	}
}

func TestNotRemembered(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	p.lacks(`id="remember"`)
	if got := p.press("approve", "remember", "yes"); len(got.header.Values("Set-Cookie")) != 0 {
		t.Error("a cookie where the policy has none")
	}
}

var scanLink = regexp.MustCompile(`id="activation-link" href="([^"]+)"`)

// Somebody new scans the code: with the camera beside the prompt, or elsewhere.
func TestEnrolByScanning(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("one")
	p.shows(`id="qr"`, `id="scan"`, `id="continue"`)
	p.press("continue")
	p.shows("not scanned yet")
	a.wantContext(a.callback(p.press("scan")), "enrollment", "duo_push", "user_approved")
	if u, _ := a.User("one"); len(u.Phones) != 1 || !u.Phones[0].Activated || u.Phones[0].Number != "" {
		t.Errorf("one = %+v", u)
	}

	p = a.open("two")
	link := scanLink.FindStringSubmatch(p.last.body)[1]
	if page := a.visit(link); page.status != http.StatusOK || !strings.Contains(page.body, "a new phone of two") {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	if got := p.state(); got != "waiting" {
		t.Errorf("state = %s", got)
	}
	if page := a.submit(link, nil); page.status != http.StatusOK || !strings.Contains(page.body, "takes pushes now") {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	if got := p.state(); got != "ready" {
		t.Errorf("state = %s, want ready", got)
	}
	a.wantContext(a.callback(p.press("continue")), "enrollment", "duo_push", "user_approved")

	p = a.open("three")
	link = scanLink.FindStringSubmatch(p.last.body)[1]
	a.callback(p.press("cancel"))
	if page := a.submit(link, nil); page.status != http.StatusGone {
		t.Errorf("scanned after cancel = %d", page.status)
	}
	if a.ActivatePhone(link) {
		t.Error("activated after cancel")
	}
	if _, known := a.User("three"); known {
		t.Error("a cancelled enrolment made a user")
	}
	p = a.open("four")
	if !a.ActivatePhone(scanLink.FindStringSubmatch(p.last.body)[1]) {
		t.Error("not activated")
	}
	a.callback(p.press("continue"))
}

func TestPortalByScanning(t *testing.T) {
	t.Parallel()
	a := start(t)
	portal := func(name string) (link, code string) {
		link = a.auth().preauth(params{"username": name})["enroll_portal_url"].(string)
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		return link, u.Query().Get("code")
	}
	_, code := portal("carol")
	if page := a.submit(a.URL+"/portal", url.Values{"code": {code}, "scan": {"yes"}}); page.status != http.StatusOK {
		t.Errorf("scan = %d %s", page.status, page.body)
	}
	link, _ := portal("dave")
	if !a.ActivatePhone(scanLink.FindStringSubmatch(a.visit(link).body)[1]) {
		t.Error("not activated")
	}
	if page := a.visit(link); page.status != http.StatusGone {
		t.Errorf("the portal afterwards = %d", page.status)
	}
	for _, name := range []string{"carol", "dave"} {
		if u, ok := a.User(name); !ok || !u.Enrolled() {
			t.Errorf("%s = %+v", name, u)
		}
	}
}

func TestBarcode(t *testing.T) {
	t.Parallel()
	a := start(t)
	got := a.visit(a.URL + "/frame/qr?value=duo%3A%2F%2Fabc-YXBp")
	picture, err := png.Decode(bytes.NewReader([]byte(got.body)))
	if err != nil || picture.Bounds().Dx() < 21 || picture.Bounds().Dx() != picture.Bounds().Dy() {
		t.Errorf("barcode = %v, %v", got.header, err)
	}
	if got := a.visit(a.URL + "/frame/qr?value=" + strings.Repeat("x", 5000)); got.status != http.StatusBadRequest {
		t.Errorf("too long = %d", got.status)
	}
}

// Texts that users and applications bring are never markup, and never taken
// for the names that words are filled in by.
func TestPageTexts(t *testing.T) {
	t.Parallel()
	a := start(t, ask, func(c *duotest.Config) { c.Application = "{username}<i>" })
	a.AddUser(duotest.User{Name: "{application}</strong>", Phones: []duotest.Phone{duotest.Smartphone("+17345550101")}})
	p := a.open("{application}</strong>")
	p.shows(`<strong id="application">{username}&lt;i&gt;</strong>`, `<strong id="username">{application}&lt;/strong&gt;</strong>`)
}
