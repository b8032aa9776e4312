package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// rules permit by function.
type rules func(s session.Session, r *http.Request) error

func (f rules) Permit(_ context.Context, s session.Session, r *http.Request, _ func()) error {
	return f(s, r)
}

var errRules = errors.New("rules broken")

// Threat T150: what the rules deny is answered 403 with a reason that programs
// can read, recorded, and does not cross; what nobody can tell is 503.
func TestAccess(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Access = rules(func(s session.Session, r *http.Request) error {
			switch {
			case s.Username != "alice":
				return errRules
			case r.Method == http.MethodPut:
				return &gateway.DeniedError{Reason: "step_up_required"}
			default:
				return nil
			}
		})
	})
	_, cookie := h.signIn(t, "alice", canary)
	for accept, body := range map[string]string{
		"application/json": `{"message":"Forbidden","status":"403","reason":"step_up_required"}`, "application/xml": "", "": "",
	} {
		r := h.request(t, http.MethodPut, "/api/server/configuration", strings.NewReader("x"), cookie)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		res, got := h.do(t, r)
		if res.StatusCode != http.StatusForbidden || got != body || res.Header.Get("X-Mfa-Reason") != "step_up_required" {
			t.Errorf("PUT = %d %q %q, want 403 %q", res.StatusCode, got, res.Header.Get("X-Mfa-Reason"), body)
		}
	}
	events := 0
	for _, e := range h.Trail.Events() {
		if e.Name != audit.GatewayRefused {
			continue
		}
		events++
		if e.Username != "alice" || e.Reason != "step_up_required" || e.Outcome != audit.Refused || e.Detail["method"] != "PUT" ||
			e.Detail["path"] != "/api/server/configuration" || !e.Source.IsLoopback() {
			t.Errorf("event %+v", e)
		}
	}
	if events != 3 {
		t.Errorf("%d events, want 3", events)
	}
	_, other := h.signIn(t, "bob", canary)
	if res, _ := h.get(t, "/api/channels", other); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("GET with broken rules = %d, want 503", res.StatusCode)
	}
	h.Trail.Fail(-1)
	if res, _ := h.do(t, h.request(t, http.MethodPut, "/api/users", http.NoBody, cookie)); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("PUT without a trail = %d, want 503", res.StatusCode)
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
	if res, _ := h.get(t, "/api/channels", cookie); res.StatusCode != http.StatusOK {
		t.Errorf("GET = %d, want 200", res.StatusCode)
	}
}

// Threat T183: what a client chose is short in the trail.
func TestLongPathsAreCutInTheTrail(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Access = rules(func(session.Session, *http.Request) error { return &gateway.DeniedError{Reason: "read_only"} })
	})
	_, cookie := h.signIn(t, "alice", canary)
	h.get(t, "/api/"+strings.Repeat("x", 4000), cookie)
	for _, e := range h.Trail.Events() {
		if len(e.Detail["path"]) > 256 {
			t.Errorf("%d bytes of path", len(e.Detail["path"]))
		}
	}
}

// Threat T184: rules that panic end the request; the server around says so.
func TestAccessPanics(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, func(c *gateway.Config) {
		to(w)(c)
		c.Access = rules(func(session.Session, *http.Request) error { panic("rules") })
	})
	_, cookie := h.signIn(t, "alice", canary)
	res, err := h.Client.Do(h.request(t, http.MethodGet, "/api/channels", http.NoBody, cookie))
	if err == nil {
		_ = res.Body.Close()
		t.Errorf("GET = %d, want no answer", res.StatusCode)
	}
	if n := w.count.Load(); n != 0 {
		t.Errorf("the engine has seen %d requests, want 0", n)
	}
}
