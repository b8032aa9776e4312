package web_test

import (
	"encoding/base64"
	"html"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
)

// element is the text of the first element of that name.
func element(xml, name string) string {
	_, rest, _ := strings.Cut(xml, "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return html.UnescapeString(text)
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// The two calls through the gateway, a request, and the logout at both ends.
func TestTwoCallsThroughTheGateway(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	got := h.twoCalls(t, "alice")
	if got.StatusCode != http.StatusOK || element(got.body, "status") != "SUCCESS" || element(got.body, "updatedUsername") != "alice" {
		t.Fatalf("second call = %d %s", got.StatusCode, got.body)
	}
	id := got.sessionID(t)
	if status, name := h.whoami(t, with(id)...); status != http.StatusOK || name != "alice" {
		t.Errorf("users/current = %d %q, want alice", status, name)
	}
	channels := h.send(t, "GET", "/api/4.5.2/channels", "", with(id)...)
	if channels.StatusCode != http.StatusOK || !strings.Contains(channels.body, "ADT inbound") {
		t.Errorf("channels = %d %.200s", channels.StatusCode, channels.body)
	}
	for _, upstreamID := range h.engine.Cookies() {
		if strings.Contains(channels.body, upstreamID) || len(channels.Header.Values("Set-Cookie")) > 0 {
			t.Error("a cookie of the engine crossed")
		}
	}
	if out := h.send(t, "POST", "/api/users/_logout", "", with(id)...); out.StatusCode != http.StatusNoContent {
		t.Errorf("logout = %d", out.StatusCode)
	}
	if status, _ := h.whoami(t, with(id)...); status != http.StatusUnauthorized {
		t.Errorf("users/current after logout = %d, want 401", status)
	}
	h.left(t, 0)
}

// Each login in one call of design section 4.
func TestOneCallThroughTheGateway(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	h.glassFor(t, "alice")
	_, value := h.token(t)
	for _, tt := range []struct {
		name, username, password string
		factor                   string
	}{
		{"push", "paula", enginePassword, "push"},
		{"push by name", "paula", enginePassword + ",push", "push"},
		{"phone", "paula", enginePassword + ",PHONE", "phone"},
		{"passcode", "paula", enginePassword + ",123456", "passcode"},
		{"long passcode", "paula", enginePassword + ", 123456789", "passcode"},
		{"sign-in code", "alice", h.signInCode(t, "alice"), ""},
		{"sign-in code as typed", "alice", strings.ToLower(strings.ReplaceAll(h.signInCode(t, "alice"), "-", " ")), ""},
		{"break-glass", "alice", enginePassword + "," + h.glassFor(t, "alice"), ""},
		{"token as password", "svc-deploy", value, ""},
		{"exempt", "svc-backup", enginePassword, ""},
	} {
		asked := len(h.prover.Asked())
		got := h.call(t, tt.username, tt.password)
		if got.StatusCode != http.StatusOK || element(got.body, "status") != "SUCCESS" {
			t.Errorf("%s: login = %d %s", tt.name, got.StatusCode, got.body)
			continue
		}
		proofs := h.prover.Asked()[asked:]
		if (tt.factor == "") != (len(proofs) == 0) || len(proofs) == 1 && proofs[0].Factor != tt.factor {
			t.Errorf("%s: asked %+v, want factor %q", tt.name, proofs, tt.factor)
		}
		if status, name := h.whoami(t, with(got.sessionID(t))...); status != http.StatusOK || name != tt.username {
			t.Errorf("%s: users/current = %d %q", tt.name, status, name)
		}
	}
	for _, r := range h.engine.Requests() {
		for _, own := range []string{"mfat_", "mfac", "mfab", "123456", "%2Cpush", "PHONE"} {
			if strings.Contains(string(r.Body), own) || strings.Contains(r.Header.Get("Authorization"), own) {
				t.Errorf("%s %s reached the engine with %s", r.Method, r.Target, own)
			}
		}
	}
}

// signInCode is what the portal gives out for a user.
func (h *gatehouse) signInCode(t *testing.T, username string) string {
	t.Helper()
	p := h.proof(t, username)
	value, _, err := h.codes.Issue(t.Context(), p)
	must(t, err)
	return value.Reveal()
}

func (h *gatehouse) proof(t *testing.T, username string) token.Proof {
	t.Helper()
	carry, err := h.upstream.Open(t.Context(), username, secret.New(enginePassword))
	must(t, err)
	return token.Proof{Username: username, UserID: 2, Primary: "SUCCESS", Carry: carry, Factor: "duo_push", Reason: "user_approved"}
}

func (h *gatehouse) glassFor(t *testing.T, username string) string {
	t.Helper()
	made, err := h.glass.Make(t.Context(), username, 3, "test", "envelope")
	must(t, err)
	return made[0].Reveal()
}

// A service token is a principal by itself, as Bearer and as the password of
// Basic, without X-Requested-With. One session at the engine serves it.
// Threats T018, T138: no other Authorization is looked at, and none crosses.
func TestTokenPrincipals(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	made, value := h.token(t)
	basic := func(name, password string) string { return "Basic " + encoded(name+":"+password) }
	for _, tt := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"bearer", []string{"Authorization", "Bearer " + value}, 200},
		{"bearer, lower case", []string{"Authorization", "bearer " + value}, 200},
		{"basic", []string{"Authorization", basic("svc-deploy", value)}, 200},
		{"basic of another user", []string{"Authorization", basic("alice", value)}, 401},
		{"cut", []string{"Authorization", "Bearer " + value[:len(value)-1]}, 401},
		{"two headers", []string{"Authorization", "Bearer " + value, "Authorization", "Bearer " + value}, 401},
		{"and a password", []string{"Authorization", basic("alice", enginePassword), "Authorization", "Bearer " + value}, 401},
		{"a password", []string{"Authorization", basic("alice", enginePassword), "X-Requested-With", "x"}, 401},
		{"a password without X-Requested-With", []string{"Authorization", basic("alice", enginePassword)}, 400},
		{"bypass", []string{"Authorization", basic("bypass", "x"), "X-Requested-With", "x"}, 401},
		{"other scheme", []string{"Authorization", "Token " + value, "X-Requested-With", "x"}, 401},
		{"in the query", []string{"X-Requested-With", "x"}, 401},
		{"in a cookie", []string{"Cookie", "JSESSIONID=" + value, "X-Requested-With", "x"}, 401},
	} {
		headers := tt.headers
		if !strings.Contains(strings.Join(headers, " "), "X-Requested-With") {
			headers = append(headers, "X-Requested-With", "")
		}
		target := "/api/channels"
		if tt.name == "in the query" {
			target += "?access_token=" + value
		}
		if got := h.send(t, "GET", target, "", headers...); got.StatusCode != tt.status {
			t.Errorf("%s = %d %s, want %d", tt.name, got.StatusCode, got.body, tt.status)
		}
	}
	h.left(t, 1)
	for _, r := range h.engine.Requests() {
		if r.Header.Get("Authorization") != "" || strings.Contains(r.Header.Get("Cookie")+r.Target, "mfat_") {
			t.Errorf("%s %s carries a credential of a client: %v", r.Method, r.Target, r.Header)
		}
	}
	// A revocation holds at the next request, also for a session that the
	// token began.
	login := h.call(t, "svc-deploy", value)
	id := login.sessionID(t)
	must(t, ignore(h.tokens.Revoke(t.Context(), made.ID, "test", "over")))
	if status, _ := h.whoami(t, with(id)...); status != http.StatusUnauthorized {
		t.Errorf("session of a revoked token = %d, want 401", status)
	}
	if got := h.send(t, "GET", "/api/channels", "", "Authorization", "Bearer "+value); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("revoked token = %d, want 401", got.StatusCode)
	}
	if got := h.call(t, "svc-deploy", value); got.StatusCode != http.StatusUnauthorized || got.body != deniedXML {
		t.Errorf("login with a revoked token = %d %s", got.StatusCode, got.body)
	}
}

// Scopes: paths, read-only, and those of an exemption, at every request.
func TestScopes(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	_, narrow := h.token(t, func(n *token.New) { n.Paths = []string{"/channels"} })
	_, reader := h.token(t, func(n *token.New) { n.ReadOnly = true })
	exempt := h.call(t, "svc-backup", enginePassword).sessionID(t)
	byToken := func(v string) []string { return []string{"Authorization", "Bearer " + v, "X-Requested-With", ""} }
	for _, tt := range []struct {
		name, method, target string
		headers              []string
		status               int
	}{
		{"within paths", "GET", "/api/channels", byToken(narrow), 200},
		{"within paths, versioned", "GET", "/api/4.5.2/channels", byToken(narrow), 200},
		{"outside of paths", "GET", "/api/users", byToken(narrow), 403},
		{"reads", "GET", "/api/users", byToken(reader), 200},
		{"writes", "POST", "/api/channels/_redeployAll", byToken(reader), 403},
		{"exempt, within", "GET", "/api/channels", with(exempt), 200},
		{"exempt, other path", "GET", "/api/users", with(exempt), 403},
		{"exempt, other method", "POST", "/api/channels/_redeployAll", with(exempt), 403},
	} {
		if got := h.send(t, tt.method, tt.target, "", tt.headers...); got.StatusCode != tt.status {
			t.Errorf("%s: %s %s = %d, want %d", tt.name, tt.method, tt.target, got.StatusCode, tt.status)
		}
	}
	reasons := map[string]bool{}
	for _, e := range h.trail.Find(audit.GatewayRefused) {
		reasons[e.Reason] = true
	}
	if !reasons["token_scope"] || !reasons["exemption_scope"] || !reasons["read_only"] {
		t.Errorf("reasons on the trail: %v", reasons)
	}
}

// ignore drops the value of a call whose error matters.
func ignore[T any](_ T, err error) error { return err }
