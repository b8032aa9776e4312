package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// asked are the targets that the engine has seen.
func (h *gatehouse) asked() []string {
	var targets []string
	for _, r := range h.engine.Requests() {
		targets = append(targets, r.Method+" "+r.Target)
	}
	return targets
}

// Threats T129, T139: a full session does not take to the engine what is ours,
// and what is not of the API is a file or nothing.
func TestWhatIsNotForwarded(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	id := h.twoCalls(t, "alice").sessionID(t)
	before := len(h.asked())
	for _, tt := range []struct {
		target string
		status int
	}{
		{"/nowhere", 404},
		{"/apix", 404},
		{"/api", 404},
		{"/api/extensions/mfa", 404},
		{"/api/extensions/mfa/", 404},
		{"/api/extensions/mfa/other", 404},
		{"/api/4.5.2/extensions/mfa/other", 404},
		{"/api/extensions/MFA/other", 404},
		{"/api/channels/_login", 404},
		{"/api/channels/_Logout/x", 404},
	} {
		// Without the header of programs as well: what is forwarded needs it.
		for _, headers := range [][]string{with(id), append(with(id), "X-Requested-With", "")} {
			if strings.Contains(tt.target, "channels") && len(headers) > 2 {
				continue
			}
			if got := h.send(t, "GET", tt.target, "", headers...); got.StatusCode != tt.status || got.body != "" {
				t.Errorf("GET %s with %d headers = %d %q, want %d", tt.target, len(headers), got.StatusCode, got.body, tt.status)
			}
		}
	}
	if all := h.asked(); len(all) != before {
		t.Errorf("the engine was asked for %q", all[before:])
	}
	// Its neighbour is the engine's.
	h.send(t, "GET", "/api/extensions/mfaother", "", with(id)...)
	if all := h.asked(); !slices.Contains(all, "GET /api/extensions/mfaother") {
		t.Errorf("the engine was asked for %q, want its own folder", all[before:])
	}
}

// However a login is spelled, nobody has to be signed in to learn that it is
// not there.
func TestLoginsOfTheEngine(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	for _, target := range []string{"/api/channels/_login", "/api/users/_LOGIN", "/api/x/_inactivitylogout"} {
		if got := h.send(t, "POST", target, ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s = %d, want 404", target, got.StatusCode)
		}
	}
}

// The page that explains the API is for everybody, without the header that
// browsers do not send.
func TestExplorerIsPublic(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	page := h.send(t, "GET", "/api/", "", "X-Requested-With", "")
	if page.StatusCode == http.StatusBadRequest || page.StatusCode == http.StatusUnauthorized {
		t.Errorf("GET /api/ = %d", page.StatusCode)
	}
}

// A token whose session at the engine cannot be had is no bad token.
func TestTokenWithoutAnEngine(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	_, value := h.token(t)
	h.engine.Close()
	got := h.send(t, "GET", "/api/channels", "", "Authorization", "Bearer "+value)
	if got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET = %d, want 503", got.StatusCode)
	}
}

// What is asked below the API is never noted as a file.
func TestNotedRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	s.send(t, "GET", "/api/nowhere", "")
	if logged := w.logged(); !strings.Contains(logged, `"route":"none"`) {
		t.Errorf("logged %s", logged)
	}
	s.send(t, "GET", "/nowhere", "")
	if logged := w.logged(); !strings.Contains(logged, `"route":"files"`) {
		t.Errorf("logged %s", logged)
	}
}
