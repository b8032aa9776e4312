package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
	"mfaserver/mfa"
)

// Threat T045: the query leaves the address bar at once, nothing is fetched
// from elsewhere, nothing breaks the policy of the page.
func TestCallbackInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	b := browsertest.Open(t)
	allowClipboard(t, b)
	b.Do(
		chromedp.EmulateViewport(900, 1000),
		chromedp.Navigate(s.URL+callbackAt+goodQuery),
		chromedp.WaitVisible(chromedp.CSS("button.copy")),
	)
	if at := browsertest.Read(b, chromedp.Evaluate[string]("location.pathname + location.search")); at != callbackAt {
		t.Errorf("address bar = %s, want %s", at, callbackAt)
	}
	user, data := browsertest.Read(b, chromedp.Text(chromedp.CSS("#user"))), browsertest.Read(b, chromedp.Value(chromedp.CSS("#login-data")))
	if user != "admin" || data != loginData {
		t.Errorf("user %q, data %q", user, data)
	}
	b.Screenshot("code-light")
	for _, id := range []string{"curl", "login-data"} {
		button := `button[data-copies="` + id + `"]`
		b.Do(chromedp.Click(chromedp.CSS(button)))
		browsertest.Read(b, chromedp.Poll[bool](`document.querySelector('`+button+`').textContent === "Copied"`))
		want := browsertest.Read(b, chromedp.Value(chromedp.CSS("#"+id)))
		if got := browsertest.Read(b, chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise)); got != want {
			t.Errorf("copy button of %s gave %q, want %q", id, got, want)
		}
	}
	if status := browsertest.Read(b, chromedp.Text(chromedp.CSS("#copied"))); status != "Copied to the clipboard." {
		t.Errorf("status = %q", status)
	}
	looks(t, b)
	b.Check(s.URL)

	b.Do(chromedp.Click(chromedp.CSS("#deny")), chromedp.WaitNotPresent(chromedp.CSS("#login-data")))
	if title := browsertest.Read(b, chromedp.Text(chromedp.CSS("h1"))); title != "The sign-in was denied" || len(s.world.denied) != 1 {
		t.Errorf("after Deny: %q, %d denied", title, len(s.world.denied))
	}
	b.Screenshot("denied-narrow")
	b.Check(s.URL)
}

func allowClipboard(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(b.Context, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// looks checks the page in the dark and on a small telephone.
func looks(t *testing.T, b *browsertest.Tab) {
	t.Helper()
	const background = "getComputedStyle(document.body).backgroundColor"
	light := browsertest.Read(b, chromedp.Evaluate[string](background))
	if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}); err != nil {
		t.Fatal(err)
	}
	if dark := browsertest.Read(b, chromedp.Evaluate[string](background)); dark == light {
		t.Errorf("background is %s in the dark as well", dark)
	}
	b.Screenshot("code-dark")
	b.Do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	if width := browsertest.Read(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width > 360 {
		t.Errorf("the page is %d pixels wide on a screen of 360", width)
	}
	b.Screenshot("code-narrow")
	unlabelled := `[...document.querySelectorAll("textarea, button, input:not([type=hidden])")]
		.filter(e => !e.textContent.trim() || e.tagName === "TEXTAREA")
		.filter(e => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !document.getElementById(e.getAttribute("aria-labelledby"))).length`
	if n := browsertest.Read(b, chromedp.Evaluate[int](unlabelled)); n != 0 {
		t.Errorf("%d controls have no label", n)
	}
	if n := browsertest.Read(b, chromedp.Evaluate[int](`document.querySelectorAll("main").length * document.querySelectorAll("h1").length`)); n != 1 {
		t.Errorf("main and h1 are there %d times", n)
	}
}

// Without JavaScript the page shows and does the same but for copying. A
// stranger's browser comes through the warning.
func TestCallbackWithoutJavaScript(t *testing.T) {
	t.Parallel()
	w := newWorld()
	view := goodView()
	view.SameClient = false
	w.view = func(string, mfa.Client) (mfa.View, error) { return view, nil }
	s := newSite(t, w)
	b := browsertest.Open(t)
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.Do(
		chromedp.EmulateViewport(900, 800),
		chromedp.Navigate(s.URL+callbackAt+goodQuery),
		chromedp.WaitVisible(chromedp.CSS("#confirm")),
	)
	title := browsertest.Read(b, chromedp.Text(chromedp.CSS("h1")))
	b.Screenshot("warning")
	b.Do(chromedp.Click(chromedp.CSS("#confirm")), chromedp.WaitVisible(chromedp.CSS("#login-data")))
	data, curl := browsertest.Read(b, chromedp.Value(chromedp.CSS("#login-data"))), browsertest.Read(b, chromedp.Value(chromedp.CSS("#curl")))
	buttons := browsertest.Read(b, chromedp.Evaluate[int](`document.querySelectorAll("button.copy:not([hidden])").length`))
	b.Screenshot("code-no-script")
	if title != "Did you start this sign-in?" || data != loginData || !strings.Contains(curl, loginData) || buttons != 0 {
		t.Errorf("title %q, data %q, curl %q, %d copy buttons", title, data, curl, buttons)
	}
	b.Do(chromedp.Click(chromedp.CSS("#deny")), chromedp.WaitNotPresent(chromedp.CSS("#login-data")))
	if len(w.denied) != 1 {
		t.Errorf("%d denied, want 1", len(w.denied))
	}
	b.Check(s.URL)
}

// The refusal page has no code, and its console shows no error but the status.
func TestRefusedPageInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	b := browsertest.Open(t)
	b.Do(chromedp.EmulateViewport(900, 600), chromedp.Navigate(s.URL+callbackAt+"?error=access_denied&state="+state), chromedp.WaitVisible(chromedp.CSS("#deny")))
	b.Screenshot("refused")
	if at := browsertest.Read(b, chromedp.Evaluate[string]("location.search")); at != "" {
		t.Errorf("query = %q, want none", at)
	}
	b.Check(s.URL)
	b.Do(chromedp.Navigate(s.URL+callbackAt), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.Screenshot("bad")
	if title := browsertest.Read(b, chromedp.Text(chromedp.CSS("h1"))); title != "This link does not work" {
		t.Errorf("title = %q", title)
	}
}
