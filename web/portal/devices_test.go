package portal_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/web/portal"
)

// link is the link for a new device on a page.
func (g page) link() string {
	found := regexp.MustCompile(`(?s)<textarea id="device-link"[^>]*>(.*?)</textarea>`).FindStringSubmatch(g.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// Threat T160: a device is added after a fresh approval; its code is shown in
// the session that asked alone, until the device is set up, and its link is in
// no address, no record and no other browser.
func TestAddADevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	h.duo.UpdateUser("alice", func(u *duotest.User) { u.Phones[0].Name = "<i>My phone</i>" })
	p := h.in(t, "alice")
	if got := p.get("/mfa/devices"); strings.Contains(got.body, "<i>My") || !strings.Contains(got.body, "&lt;i&gt;My phone") || !strings.Contains(got.body, "0100") || strings.Contains(got.body, "5550100") {
		t.Errorf("devices %s", got.body)
	}
	if got := p.post("/mfa/devices/add", "number", "12"); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.text("problem"), "country code") {
		t.Errorf("a bad number = %d %q", got.StatusCode, got.text("problem"))
	}
	if got := p.post("/mfa/devices/add", "number", "+17345550111"); !strings.Contains(got.text("problem"), "somebody else") {
		t.Errorf("a number of somebody else's = %d %q", got.StatusCode, got.text("problem"))
	}
	made := p.post("/mfa/devices/add", "name", "Spare", "number", "+1 734 555 0199")
	if made.StatusCode != http.StatusSeeOther || made.Header.Get("Location") != "/mfa/devices/new" {
		t.Fatalf("add = %d %s", made.StatusCode, made.body)
	}
	shown := p.get("/mfa/devices/new")
	link := shown.link()
	if !strings.HasPrefix(link, "https://") || !strings.Contains(shown.body, "<svg") || shown.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("new device %s", shown.body)
	}
	if got := p.get("/mfa/devices/new/state"); got.StatusCode != http.StatusNoContent {
		t.Errorf("state while waiting = %d", got.StatusCode)
	}
	if other := h.in(t, "alice"); other.get("/mfa/devices/new").link() != "" {
		t.Error("the link is in another browser")
	}
	stranger := h.in(t, "alice")
	stranger.carry(p, "__Host-mfa_device")
	if stranger.get("/mfa/devices/new").link() != "" {
		t.Error("the link is in another session that has the browser's cookie")
	}
	if !h.duo.ActivatePhone(link) {
		t.Fatal("the link does not activate")
	}
	if got := p.get("/mfa/devices/new/state"); got.StatusCode != http.StatusOK {
		t.Errorf("state when ready = %d", got.StatusCode)
	}
	if got := p.get("/mfa/devices/new"); got.text("device-done") == "" || got.link() != "" {
		t.Errorf("ready %s", got.body)
	}
	if got := p.get("/mfa/devices/new"); got.text("device-lapsed") == "" {
		t.Errorf("once more %s", got.body)
	}
	for _, e := range h.trail.Events() {
		if strings.Contains(strings.Join([]string{e.Reason, e.Actor, e.Detail["reason"]}, " "), link) {
			t.Errorf("the link is recorded: %+v", e)
		}
		if e.Name == audit.DuoActivationShown && (e.Actor != "alice" || e.Detail["reason"] != "own device, after duo_push") {
			t.Errorf("recorded %+v", e)
		}
	}
}

// Threat T160: a device that a thief adds shows at its owner's next visits, and
// not to whoever added it; what its owner typed stays text.
func TestOwnerLearnsOfTheDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	owner, thief := h.in(t, "alice"), h.in(t, "alice")
	if got := owner.get("/mfa/"); strings.Contains(got.body, "devices-added") {
		t.Errorf("before: %s", got.body)
	}
	thief.post("/mfa/devices/add", "name", "<i>Spare")
	for range 2 {
		if got := owner.get("/mfa/"); !strings.Contains(got.body, `id="devices-added"`) || !strings.Contains(got.body, "&lt;i&gt;Spare") ||
			!strings.Contains(got.body, "tell the help desk.") || !strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("the owner's page: %s", got.body)
		}
	}
	if got := h.in(t, "alice").get("/mfa/"); !strings.Contains(got.body, "devices-added") {
		t.Errorf("at the next sign-in: %s", got.body)
	}
	for name, who := range map[string]*person{"whoever added it": thief, "somebody else": h.in(t, "root")} {
		if got := who.get("/mfa/"); strings.Contains(got.body, "devices-added") || got.text("user") == "" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if e := h.trail.Find(audit.DeviceAdded); len(e) != 1 || e[0].Username != "alice" || e[0].Detail["proof"] != "duo_push" {
		t.Errorf("recorded %+v", e)
	}
	h.noTrail.Store(true)
	if got := owner.get("/mfa/"); got.StatusCode != http.StatusOK || got.text("user") != "alice" {
		t.Errorf("without the trail = %d %s", got.StatusCode, got.body)
	}
}

// carry puts a cookie of another browser into this one.
func (p *person) carry(from *person, name string) {
	p.t.Helper()
	at, err := url.Parse(p.h.URL + "/mfa/")
	must(p.t, err)
	for _, c := range from.client.Jar.Cookies(at) {
		if c.Name == name {
			c.Path, c.Secure = "/", true
			p.client.Jar.SetCookies(at, []*http.Cookie{c})
			return
		}
	}
	p.t.Fatalf("there is no cookie %s", name)
}

// Signing out takes the code of a device that waits with it; whoever signs in
// next in that browser does not see it.
func TestSignOutForgetsTheNewDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.in(t, "alice")
	p.post("/mfa/devices/add")
	if p.get("/mfa/devices/new").link() == "" {
		t.Fatal("no link")
	}
	if got := p.get(p.atDuo(p.signIn("root", password, "session"))); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in = %d", got.StatusCode)
	}
	if p.get("/mfa/devices/new").link() != "" {
		t.Error("root sees alice's link")
	}
	p = h.in(t, "alice")
	p.post("/mfa/devices/add")
	p.post("/mfa/sign-out")
	if got := p.get(p.atDuo(p.signIn("alice", password, "session"))); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in = %d", got.StatusCode)
	}
	if p.get("/mfa/devices/new").link() != "" {
		t.Error("the link outlived the session")
	}
}

// An approval of ten minutes ago is too old: Duo asks again, and the session
// does not live longer for it (threats T042, T112, T150).
func TestAddingNeedsAFreshApproval(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.in(t, "alice")
	before, err := h.sessions.List(t.Context(), "alice")
	must(t, err)
	h.ahead.Store(int64(9 * time.Minute))
	if got := p.get("/mfa/devices/add"); got.heading() != "Confirm that it is you" {
		t.Errorf("form after nine minutes: %s", got.heading())
	}
	h.ahead.Store(int64(11 * time.Minute))
	if got := p.post("/mfa/devices/add"); got.StatusCode != http.StatusForbidden || got.heading() != "Confirm that it is you" {
		t.Errorf("post after eleven minutes = %d %s", got.StatusCode, got.heading())
	}
	if a, _ := h.duo.User("alice"); len(a.Phones) != 1 {
		t.Fatalf("alice has %d phones", len(a.Phones))
	}
	h.ahead.Store(0)
	back := p.atDuo(p.post("/mfa/confirm", "next", "add"))
	if !strings.HasPrefix(back, "/mfa/callback/confirm?") {
		t.Errorf("Duo sends back to %s", back)
	}
	if got := p.get(back); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/mfa/devices/add" {
		t.Fatalf("callback = %d %s", got.StatusCode, got.body)
	}
	if got := p.get("/mfa/devices/add"); !strings.Contains(got.notice(), "confirmed you") || got.heading() != "Add a device" {
		t.Errorf("then %q %q", got.heading(), got.notice())
	}
	after, err := h.sessions.List(t.Context(), "alice")
	must(t, err)
	if len(after) != 1 || !after[0].Expires.Equal(before[0].Expires) || !after[0].ApprovedAt.After(before[0].ApprovedAt) || after[0].Key == before[0].Key {
		t.Errorf("session %+v became %+v", before, after)
	}
	if got := p.get(back); got.StatusCode != http.StatusGone {
		t.Errorf("the link once more = %d", got.StatusCode)
	}
}

// Who does not confirm stays signed in, and nothing is added. The answer counts
// for the session that asked alone.
func TestNotConfirmed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.in(t, "alice")
	h.duo.SetAuto(duotest.Deny)
	got := p.get(p.atDuo(p.post("/mfa/confirm", "next", "add")))
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/mfa/devices/add" {
		t.Errorf("denied = %d %v", got.StatusCode, got.Header)
	}
	if got := p.get("/mfa/"); !strings.Contains(got.notice(), "did not confirm you") || got.text("user") != "alice" {
		t.Errorf("then %q", got.notice())
	}
	h.duo.SetAuto(duotest.Approve)
	back := p.atDuo(p.post("/mfa/confirm", "next", "add"))
	p.post("/mfa/sign-out")
	if got := p.get(back); got.StatusCode != http.StatusGone || got.heading() != "This sign-in has ended" {
		t.Errorf("after the sign-out = %d %s", got.StatusCode, got.heading())
	}
	if h.live(t, "alice") != 0 {
		t.Error("an approval made a session where there was none")
	}
}

// What policy does not let people do is not offered, and not done.
func TestDevicesNotOffered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		bend bend
		says string
	}{
		{"no Admin API", func(_ *portal.Config, d *portal.Deps) { d.Devices = nil }, "no access to Duo"},
		{"switched off", func(c *portal.Config, _ *portal.Deps) { c.NoSelfService = true }, "ask the help desk."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newBentHouse(t, duotest.Approve, nil, tt.bend)
			p := h.in(t, "alice")
			if got := p.get("/mfa/devices"); strings.Contains(got.body, "/mfa/devices/add") || !strings.Contains(got.body, tt.says) {
				t.Errorf("devices %s", got.body)
			}
			if got := p.get("/mfa/devices/add"); got.Header.Get("Location") != "/mfa/devices" {
				t.Errorf("add = %d", got.StatusCode)
			}
			if got := p.post("/mfa/devices/add"); got.Header.Get("Location") != "/mfa/devices" {
				t.Errorf("post = %d", got.StatusCode)
			}
			if a, _ := h.duo.User("alice"); len(a.Phones) != 1 {
				t.Errorf("alice has %d phones", len(a.Phones))
			}
		})
	}
}

// Somebody who has no device may enrol one while the rule for it lets him, and
// only then.
func TestEnrolmentByRule(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		h := newBentHouse(t, duotest.Approve, nil, func(c *portal.Config, _ *portal.Deps) {
			c.AllowEnrolment = func(u primary.User, _ time.Time) bool { return allowed && u.Username == "alice" }
		})
		p := h.in(t, "alice")
		h.duo.UpdateUser("alice", func(u *duotest.User) { u.Phones = nil })
		h.ahead.Store(int64(time.Hour))
		heading := p.get("/mfa/devices/add").heading()
		if want := map[bool]string{false: "Confirm that it is you", true: "Add a device"}[allowed]; heading != want {
			t.Errorf("allowed %v: %q, want %q", allowed, heading, want)
		}
	}
}

// Duo's trouble is said, and is no trouble for the rest.
func TestDevicesWithoutDuo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	p := h.in(t, "alice")
	h.duo.Close()
	if got := p.get("/mfa/devices"); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.text("problem"), "did not answer") || got.text("signed-in-as") != "alice" {
		t.Errorf("devices = %d %s", got.StatusCode, got.body)
	}
	if got := p.get("/mfa/sessions"); got.StatusCode != http.StatusOK {
		t.Errorf("sessions = %d", got.StatusCode)
	}
}
