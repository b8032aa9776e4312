package web_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mfaserver/mfa"
)

// Threat T045: the query leaves the address bar at once, nothing is fetched
// from elsewhere, nothing breaks the policy of the page.
func TestCallbackInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	b := openTab(t)
	allowClipboard(b)
	b.do(
		chromedp.EmulateViewport(900, 1000),
		chromedp.Navigate(s.URL+callbackAt+goodQuery),
		chromedp.WaitVisible(chromedp.CSS("button.copy")),
	)
	if at := read(b, chromedp.Evaluate[string]("location.pathname + location.search")); at != callbackAt {
		t.Errorf("address bar = %s, want %s", at, callbackAt)
	}
	user, data := read(b, chromedp.Text(chromedp.CSS("#user"))), read(b, chromedp.Value(chromedp.CSS("#login-data")))
	if user != "admin" || data != loginData {
		t.Errorf("user %q, data %q", user, data)
	}
	b.screenshot("code-light")
	for _, id := range []string{"curl", "login-data"} {
		button := `button[data-copies="` + id + `"]`
		b.do(chromedp.Click(chromedp.CSS(button)))
		read(b, chromedp.Poll[bool](`document.querySelector('`+button+`').textContent === "Copied"`))
		want := read(b, chromedp.Value(chromedp.CSS("#"+id)))
		if got := read(b, chromedp.Evaluate[string]("navigator.clipboard.readText()", chromedp.EvalAwaitPromise)); got != want {
			t.Errorf("copy button of %s gave %q, want %q", id, got, want)
		}
	}
	if status := read(b, chromedp.Text(chromedp.CSS("#copied"))); status != "Copied to the clipboard." {
		t.Errorf("status = %q", status)
	}
	looks(t, b)
	b.check(s.URL)

	b.do(chromedp.Click(chromedp.CSS("#deny")), chromedp.WaitNotPresent(chromedp.CSS("#login-data")))
	if title := read(b, chromedp.Text(chromedp.CSS("h1"))); title != "The sign-in was denied" || len(s.world.denied) != 1 {
		t.Errorf("after Deny: %q, %d denied", title, len(s.world.denied))
	}
	b.screenshot("denied-narrow")
	b.check(s.URL)
}

func allowClipboard(b *tab) {
	b.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		if _, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// looks checks the page in the dark and on a small telephone.
func looks(t *testing.T, b *tab) {
	t.Helper()
	const background = "getComputedStyle(document.body).backgroundColor"
	light := read(b, chromedp.Evaluate[string](background))
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}); err != nil {
		t.Fatal(err)
	}
	if dark := read(b, chromedp.Evaluate[string](background)); dark == light {
		t.Errorf("background is %s in the dark as well", dark)
	}
	b.screenshot("code-dark")
	b.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile))
	if width := read(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); width > 360 {
		t.Errorf("the page is %d pixels wide on a screen of 360", width)
	}
	b.screenshot("code-narrow")
	unlabelled := `[...document.querySelectorAll("textarea, button, input:not([type=hidden])")]
		.filter(e => !e.textContent.trim() || e.tagName === "TEXTAREA")
		.filter(e => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !document.getElementById(e.getAttribute("aria-labelledby"))).length`
	if n := read(b, chromedp.Evaluate[int](unlabelled)); n != 0 {
		t.Errorf("%d controls have no label", n)
	}
	if n := read(b, chromedp.Evaluate[int](`document.querySelectorAll("main").length * document.querySelectorAll("h1").length`)); n != 1 {
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
	b := openTab(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(
		chromedp.EmulateViewport(900, 800),
		chromedp.Navigate(s.URL+callbackAt+goodQuery),
		chromedp.WaitVisible(chromedp.CSS("#confirm")),
	)
	title := read(b, chromedp.Text(chromedp.CSS("h1")))
	b.screenshot("warning")
	b.do(chromedp.Click(chromedp.CSS("#confirm")), chromedp.WaitVisible(chromedp.CSS("#login-data")))
	data, curl := read(b, chromedp.Value(chromedp.CSS("#login-data"))), read(b, chromedp.Value(chromedp.CSS("#curl")))
	buttons := read(b, chromedp.Evaluate[int](`document.querySelectorAll("button.copy:not([hidden])").length`))
	b.screenshot("code-no-script")
	if title != "Did you start this sign-in?" || data != loginData || !strings.Contains(curl, loginData) || buttons != 0 {
		t.Errorf("title %q, data %q, curl %q, %d copy buttons", title, data, curl, buttons)
	}
	b.do(chromedp.Click(chromedp.CSS("#deny")), chromedp.WaitNotPresent(chromedp.CSS("#login-data")))
	if len(w.denied) != 1 {
		t.Errorf("%d denied, want 1", len(w.denied))
	}
	b.check(s.URL)
}

// The refusal page has no code, and its console shows no error but the status.
func TestRefusedPageInABrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	b := openTab(t)
	b.do(chromedp.EmulateViewport(900, 600), chromedp.Navigate(s.URL+callbackAt+"?error=access_denied&state="+state), chromedp.WaitVisible(chromedp.CSS("#deny")))
	b.screenshot("refused")
	if at := read(b, chromedp.Evaluate[string]("location.search")); at != "" {
		t.Errorf("query = %q, want none", at)
	}
	b.check(s.URL)
	b.do(chromedp.Navigate(s.URL+callbackAt), chromedp.WaitVisible(chromedp.CSS("h1")))
	b.screenshot("bad")
	if title := read(b, chromedp.Text(chromedp.CSS("h1"))); title != "This link does not work" {
		t.Errorf("title = %q", title)
	}
}
