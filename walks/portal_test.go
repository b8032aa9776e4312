package walks_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
)

// enter fills in the portal's form and presses a button; the prompt follows.
func (v *visitor) enter(button, username, password string) {
	v.t.Helper()
	v.Visit(v.d.server + "/mfa/")
	v.Type("#username", username)
	v.Type("#password", password)
	v.press(button)
}

// signIn goes through the portal and the prompt with a push.
func (v *visitor) signIn(username string) {
	v.t.Helper()
	v.enter("#sign-in", username, v.d.password)
	v.approve()
	v.Wait("#sign-out")
}

// portalWalks are those through the portal. Every way through the prompt is
// walked with scripts and without.
func portalWalks() []walk {
	var walks []walk
	walks = append(walks, each("portal/approve", func(t *testing.T, _ *house, v *visitor) {
		name := v.either("ada.abel", "david.ito")
		v.Visit(v.d.server + "/mfa/")
		v.audit("portal-sign-in")
		v.enter("#sign-in", name, v.d.password)
		v.Wait("#approve")
		v.audit("prompt")
		v.approve()
		v.Wait("#sign-out")
		v.audit("portal")
		if user := v.Text("#user"); user != name {
			t.Errorf("signed in as %q", user)
		}
		v.Follow("#sign-out")
		v.Wait("#sign-in")
	})...)
	walks = append(walks, each("portal/deny", denied)...)
	walks = append(walks, each("portal/passcode", func(_ *testing.T, _ *house, v *visitor) {
		v.enter("#sign-in", v.either("hugo.hale", "quinn.vogel"), v.d.password)
		code := v.passcode()
		v.submit("#passcode", "000000", "#passcode-submit")
		v.Wait("#message.bad")
		v.audit("prompt-wrong-passcode")
		v.submit("#passcode", code, "#passcode-submit")
		v.Wait("#sign-out")
	})...)
	walks = append(walks, each("portal/bypass-code", func(t *testing.T, _ *house, v *visitor) {
		name := v.either("ines.ito", "vera.costa")
		code := v.d.bypassCode(t, name)
		v.enter("#sign-in", name, v.d.password)
		v.submit("#bypass_code", code, "#bypass-submit")
		v.Wait("#sign-out")
	})...)
	walks = append(walks, each("portal/security-key", func(_ *testing.T, _ *house, v *visitor) {
		v.enter("#sign-in", v.either("chiara.costa", "noor.silva"), v.d.password)
		v.press("#security-key")
		v.Wait("#touch")
		v.audit("prompt-security-key")
		v.press("#touch")
		v.Wait("#sign-out")
	})...)
	walks = append(walks, each("portal/remembered", remembered)...)
	walks = append(walks, each("portal/code", func(t *testing.T, _ *house, v *visitor) {
		name := v.either("jonas.jansen", "yuki.eriksen")
		v.enter("#get-code", name, v.d.password)
		v.approve()
		v.Wait("#code")
		v.audit("portal-code")
		code := v.Value("#code")
		v.Visit(v.d.server + "/mfa/clients/curl")
		out, jar := v.curl(t, code)
		if !strings.Contains(out, "<status>SUCCESS</status>") {
			t.Errorf("login with the code = %s", out)
		}
		if out := v.run(t, jar, "curl -b jar", ""); !strings.Contains(out, "<username>"+name+"</username>") {
			t.Errorf("users/current with the cookies = %s", out)
		}
		if again, _ := v.curl(t, code); strings.Contains(again, "<status>SUCCESS") {
			t.Error("the code worked twice")
		}
	})...)
	return append(walks,
		walk{"portal/timeout", timedOut},
		walk{"portal/enrolment-by-number", func(t *testing.T, h *house) {
			v := h.visitor(t, h.demo).withoutScripts()
			v.enter("#sign-in", "david.drum", v.d.password)
			v.Wait("#enroll-submit")
			v.audit("prompt-enrolment")
			v.submit("#phone_number", "+1 734 555 0199", "#enroll-submit")
			v.Wait("#sign-out")
			v.Follow("#sign-out")
			v.signIn("david.drum") // the phone is there
		}},
		walk{"portal/enrolment-by-scan", func(t *testing.T, h *house) {
			v := h.visitor(t, h.demo)
			v.enter("#sign-in", "priya.park", v.d.password)
			v.Wait("#scan")
			v.audit("prompt-enrolment")
			v.press("#scan")
			v.Wait("#sign-out")
		}},
	)
}

// remembered has Duo remember the browser, which is not asked again; another
// browser is.
func remembered(t *testing.T, h *house, v *visitor) {
	name := v.either("leon.quist", "hugo.moreau")
	v.enter("#sign-in", name, v.d.password)
	v.press("#remember")
	v.audit("prompt-remember")
	v.approve()
	v.Wait("#sign-out")
	v.Follow("#sign-out")
	v.enter("#sign-in", name, v.d.password)
	v.Wait("#sign-out")
	if factor := v.Text("#factor"); !strings.Contains(strings.ToLower(factor), "remembered") {
		t.Errorf("the portal says %q, want that the browser was remembered", factor)
	}
	other := h.visitor(t, v.d)
	other.enter("#sign-in", name, v.d.password)
	other.Wait("#approve")
}

// curl runs the command that the page of curl has for a sign-in code, in a
// folder of its own, which it returns with what curl printed.
func (v *visitor) curl(t *testing.T, code string) (out, folder string) {
	t.Helper()
	folder = t.TempDir()
	return v.run(t, folder, "read -rs CODE", code+"\n"), folder
}

// run runs the command of the page that begins so, with the authority of the
// demo.
func (v *visitor) run(t *testing.T, folder, begins, input string) string {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s", program)
		}
	}
	lines := browsertest.Read(v.Tab, chromedp.Evaluate[[]string](`[...document.querySelectorAll("textarea, input[readonly]")].map(a => a.value)`))
	i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, begins) })
	if i < 0 {
		t.Fatalf("the page has no command that begins with %s: %q", begins, lines)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", lines[i])
	cmd.Dir, cmd.Stdin = folder, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "CURL_CA_BUNDLE="+v.d.caFile)
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v", lines[i], err)
	}
	return string(printed)
}

// denied refuses a push, cancels, and comes back: it is not over.
func denied(_ *testing.T, _ *house, v *visitor) {
	name := v.either("bruno.birch", "bruno.lindt")
	v.enter("#sign-in", name, "not the password")
	v.Wait("#problem")
	v.audit("portal-refused")
	v.enter("#sign-in", name, v.d.password)
	v.press("#deny")
	v.Wait("#message.bad")
	v.audit("prompt-denied")
	v.press("#cancel")
	v.Wait("#problem")
	v.audit("portal-cancelled")
	v.signIn(name)
}

// timedOut signs in where nobody answers.
func timedOut(t *testing.T, h *house) {
	v := h.visitor(t, h.startDemo(t, "--auto", "timeout", "--auto-timeout", "100ms"))
	v.enter("#sign-in", v.d.username, v.d.password)
	v.Wait("#problem")
	v.Wait("#sign-in")
}
