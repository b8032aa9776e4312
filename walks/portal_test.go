package walks_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
)

// enter fills in the portal's form and presses a button; the prompt follows.
func (v *visitor) enter(button, username, password string) {
	v.t.Helper()
	v.Visit(v.d.server + "/mfa/")
	v.Type("#username", username)
	v.Type("#password", password)
	v.Do(chromedp.Click(chromedp.CSS(button)))
}

// portalWalks are those through the portal.
func portalWalks() []walk {
	walks := each("portal/approve", func(t *testing.T, _ *house, v *visitor) {
		v.Visit(v.d.server + "/mfa/")
		v.audit("portal-sign-in")
		v.enter("#sign-in", v.d.username, v.d.password)
		v.Wait("#approve")
		v.audit("prompt")
		v.approve()
		v.Wait("#sign-out")
		v.audit("portal")
		if user := v.Text("#user"); user != v.d.username {
			t.Errorf("signed in as %q, want %q", user, v.d.username)
		}
		v.Follow("#sign-out")
		v.Wait("#sign-in")
	})
	walks = append(walks, each("portal/code", func(t *testing.T, _ *house, v *visitor) {
		v.enter("#get-code", v.d.username, v.d.password)
		v.approve()
		v.Wait("#code")
		v.audit("portal-code")
		code := v.Value("#code")
		if status, body := v.d.login(t, v.d.username, code); status != http.StatusOK {
			t.Errorf("login with the code = %d %s", status, body)
		}
		if status, _ := v.d.login(t, v.d.username, code); status == http.StatusOK {
			t.Error("the code worked twice")
		}
	})...)
	return append(walks, walk{"portal/deny", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		v.enter("#sign-in", v.d.username, "not the password")
		v.Wait("#problem")
		v.audit("portal-refused")
		v.enter("#sign-in", v.d.username, v.d.password)
		v.Follow("#deny")
		v.audit("prompt-denied")
		v.Follow("#cancel")
		v.Wait("#problem")
		v.audit("portal-cancelled")
		// It is not over: the next attempt works.
		v.enter("#sign-in", v.d.username, v.d.password)
		v.approve()
		v.Wait("#sign-out")
	}})
}
