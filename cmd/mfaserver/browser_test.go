package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
	"mfaserver/internal/mirth"
)

// approveInBrowser does what a person does with the authURL and returns the
// login data that the callback page shows.
func approveInBrowser(b *browsertest.Tab, status mirth.DuoLoginStatus) string {
	b.Do(
		chromedp.Navigate(status.AuthURL),
		chromedp.Click(chromedp.CSS("#push")),
		chromedp.Click(chromedp.CSS("#approve")),
		chromedp.WaitVisible(chromedp.CSS("#login-data")),
	)
	return strings.TrimSpace(browsertest.Read(b, chromedp.Value(chromedp.CSS("#login-data"))))
}

// The whole of what a person does with the demo: first call, prompt, Approve,
// and the login data of the callback page given to the second call.
func TestDemoInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	_, ready := startDemo(t)
	for _, accept := range []string{"application/xml", "application/json"} {
		c := newAPIClient(t, ready.ServerURL, ready.CAFile)
		c.accept = accept
		status := c.challenge(t, ready.Username, ready.Password)
		data := approveInBrowser(b, status)
		if user := browsertest.Read(b, chromedp.Text(chromedp.CSS("#user"))); strings.TrimSpace(user) != ready.Username {
			t.Errorf("the callback page names %q, want %q", user, ready.Username)
		}
		if a := c.second(t, ready.Username, data); a.status != http.StatusOK || !strings.Contains(a.body, "SUCCESS") {
			t.Fatalf("second call with the page's login data = %d %s", a.status, a.body)
		}
		if a := c.current(t); a.status != http.StatusOK || !strings.Contains(a.body, ready.Username) {
			t.Errorf("users/current = %d %s", a.status, a.body)
		}
	}
}

// Threat T041: Deny on the callback page ends the login for good.
func TestDenyInABrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	_, ready := startDemo(t)
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	data := approveInBrowser(b, c.challenge(t, ready.Username, ready.Password))
	b.Do(chromedp.Click(chromedp.CSS("#deny")), chromedp.WaitNotPresent(chromedp.CSS("#login-data")))
	if a := c.second(t, ready.Username, data); a.status != http.StatusUnauthorized {
		t.Errorf("second call after Deny = %d %s, want 401", a.status, a.body)
	}
}
