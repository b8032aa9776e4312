package web_test

import (
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web"
)

func allowLoopback(c *web.Config) { c.AllowLoopbackRedirect = true }

// Threats T020, T021: the browser may come back to the user's own machine only
// where the configuration says so, and only in the one spelling.
func TestLoopbackRedirect(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld(), allowLoopback)
	for _, base := range []string{"http://127.0.0.1:45123", "http://[::1]:45123", public} {
		s.world.begun = nil
		got := s.first(t, "admin", "right", "X-Mirth-Server-Url", base)
		if want := base + "/api/4.5.2/extensions/mfa/duocallback"; got.StatusCode != 401 || len(s.world.begun) != 1 || s.world.begun[0].RedirectURI != want ||
			!strings.Contains(got.body, "<redirectUri>"+want+"</redirectUri>") {
			t.Errorf("%s: %d %s, want the redirect URI %s", base, got.StatusCode, got.body, want)
		}
	}
	s.world.begun = nil
	for _, base := range []string{
		"http://localhost:45123", "http://127.0.0.2:45123", "http://127.0.0.1", "http://127.0.0.1:45123/", "http://127.0.0.1:45123/x", "http://127.0.0.1:0",
		"http://127.0.0.1:45123@evil.example", "http://evil.example:45123", "http://192.0.2.1:45123", "https://127.0.0.1:45123",
	} {
		got := s.first(t, "admin", "right", "X-Mirth-Server-Url", base)
		if got.StatusCode != 401 || !strings.Contains(got.body, "Send the header X-Mirth-Server-Url") || strings.Contains(got.body, "evil") {
			t.Errorf("%s: %d %s, want the hint", base, got.StatusCode, got.body)
		}
	}
	if len(s.world.begun) != 0 {
		t.Errorf("prompts began for %+v", s.world.begun)
	}
}

// Without the switch the refusal says what is off and what to do, whatever the
// password is; the password is not looked at.
func TestLoopbackRedirectIsOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, password := range []string{"right", "wrong"} {
		got := s.first(t, "admin", password, "X-Mirth-Server-Url", "http://127.0.0.1:45123")
		if got.StatusCode != 401 || !strings.Contains(got.body, "allow_loopback_redirect is off") || !strings.Contains(got.body, "<status>FAIL</status>") ||
			strings.Contains(got.body, "45123") {
			t.Errorf("password %s: %d %s", password, got.StatusCode, got.body)
		}
	}
	if len(s.world.attempts)+len(s.world.begun) != 0 {
		t.Error("the password was checked all the same")
	}
	if e := s.world.events[0]; e.Name != audit.LoginServerURL || e.Outcome != audit.Refused || e.Reason != "allow_loopback_redirect" || e.UnknownUsername != "admin" {
		t.Errorf("audit = %+v", e)
	}
}

// Of a sign-in whose browser comes back to a terminal, the page here shows no
// code: Duo did not send anybody to it.
func TestLoopbackLoginHasNoPage(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w, allowLoopback)
	w.view = func(string, mfa.Client) (mfa.View, error) {
		return mfa.View{
			Username: "admin", Primary: "SUCCESS", RedirectURI: "http://127.0.0.1:45123/api/4.5.2/extensions/mfa/duocallback",
			StartedAt: noon, ExpiresAt: noon, Phase: mfa.Pending, SameClient: true,
		}, nil
	}
	for _, got := range []answer{
		s.browser(t, "GET", callbackAt+goodQuery, ""),
		s.press(t, form("action", "confirm", "state", state, "duo_code", code)),
	} {
		if got.StatusCode != 400 || strings.Contains(got.body, code) || strings.Contains(got.body, "45123") {
			t.Errorf("= %d %s, want 400 without the code", got.StatusCode, got.body)
		}
	}
	if names := w.names(); slices.Contains(names, audit.CallbackSeen) {
		t.Errorf("audit = %v", names)
	}
}
