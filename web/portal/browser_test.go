package portal_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/browsertest"
)

// A person gets a code in a real browser without JavaScript: the prompt, the
// cookies and the policy of the pages work together.
func TestCodeInABrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	b := browsertest.Open(t)
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.Do(
		chromedp.EmulateViewport(900, 800),
		chromedp.Navigate(h.URL+"/mfa/"),
		chromedp.WaitVisible(chromedp.CSS("#get-code")),
		chromedp.SendKeys(chromedp.CSS("#username"), "alice"),
		chromedp.SendKeys(chromedp.CSS("#password"), password),
	)
	b.Screenshot("portal-sign-in")
	b.Do(chromedp.Click(chromedp.CSS("#get-code")), chromedp.WaitVisible(chromedp.CSS("#code")))
	code := browsertest.Read(b, chromedp.Value(chromedp.CSS("#code")))
	b.Screenshot("portal-code")
	b.Check(h.URL, h.duo.URL)
	if status, body := h.login(t, "alice", code); status != http.StatusOK {
		t.Errorf("login with %q = %d %s", code, status, body)
	}
	b.Do(chromedp.Click(chromedp.CSS("#sign-out")), chromedp.WaitVisible(chromedp.CSS("#sign-in")))
	b.Screenshot("portal-signed-out")
}

// With JavaScript the code can be copied; on a small screen in the dark nothing
// is cut off, and every control has a name.
func TestPortalLooks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, duotest.Approve)
	b := browsertest.Open(t)
	b.Do(
		chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile),
		chromedp.Navigate(h.URL+"/mfa/"),
		chromedp.WaitVisible(chromedp.CSS("#sign-in")),
	)
	narrow(t, b)
	b.Screenshot("portal-narrow")
	b.Do(
		chromedp.SendKeys(chromedp.CSS("#username"), "alice"),
		chromedp.SendKeys(chromedp.CSS("#password"), password),
		chromedp.Click(chromedp.CSS("#get-code")),
		chromedp.WaitVisible(chromedp.CSS("button.copy")),
	)
	narrow(t, b)
	if at := browsertest.Read(b, chromedp.Evaluate[string]("location.search")); at != "" {
		t.Errorf("address bar still holds %s", at)
	}
	b.Screenshot("portal-code-narrow")
	b.Check(h.URL, h.duo.URL)
}

func narrow(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	if width := browsertest.Read(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width > 360 {
		t.Errorf("the page is %d pixels wide on a screen of 360", width)
	}
	unlabelled := `[...document.querySelectorAll("textarea, button, input:not([type=hidden])")]
		.filter(e => !(e.tagName === "BUTTON" && e.textContent.trim()) && !(e.labels && e.labels.length)).length`
	if n := browsertest.Read(b, chromedp.Evaluate[int](unlabelled)); n != 0 {
		t.Errorf("%d controls have no label", n)
	}
}
