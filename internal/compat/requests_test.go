package compat_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

// Every SDK's requests get through, and the answers hold exactly what the
// strictest parser among them (Java's) knows.
func TestShapesAccepted(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, sh := range shapes() {
		w := newWire(t, s, sh)
		status, answer := w.post(duotest.EndpointHealthCheck, w.health, w.healthForm())
		response, _ := answer["response"].(map[string]any)
		if status != 200 || answer["stat"] != "OK" || len(answer) != 2 || len(response) != 1 {
			t.Errorf("%s: health check = %d %v", w.name, status, answer)
		}
		code := w.passed()
		status, answer = w.post(duotest.EndpointToken, w.token, w.tokenForm(code))
		members := slices.Sorted(maps.Keys(answer))
		if status != 200 || !slices.Equal(members, []string{"access_token", "expires_in", "id_token", "token_type"}) ||
			answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 || answer["access_token"] == "" {
			t.Errorf("%s: token = %d %v", w.name, status, answer)
			continue
		}
		c := w.claims(answer)
		if c["aud"] != w.id || c["preferred_username"] != "test1" || c["iss"] != "https://"+w.host+"/oauth/v1/token" {
			t.Errorf("%s: claims = %v", w.name, c)
		}
		if got, ok := c["nonce"]; ok != w.shape.nonce || (ok && got != w.login.nonce) {
			t.Errorf("%s: nonce = %v, %v", w.name, got, ok)
		}
		status, answer = w.post(duotest.EndpointToken, w.token, w.tokenForm(code))
		if status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("%s: replayed code = %d %v", w.name, status, answer)
		}
	}
}

// The same shapes with one thing wrong are refused as the service does.
func TestShapesRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, sh := range shapes() {
		wrong := newWire(t, s, sh)
		wrong.secret = strings.Repeat("x", 40)
		refuses(t, wrong, "wrong secret", true)

		late := newWire(t, s, sh)
		late.now -= 3600 + 120
		refuses(t, late, "expired", true)

		elsewhere := newWire(t, s, sh)
		elsewhere.host = "api-test0001.duosecurity.com"
		// Java and Postman name no host in the request.
		named := strings.Contains(sh.request(elsewhere.login), elsewhere.host)
		refuses(t, elsewhere, "another host", named)

		short := newWire(t, s, sh)
		short.state = "fifteen-letters"
		if status, _ := short.authorize(short.request(short.login)); status != 400 {
			t.Errorf("%s, state of 15: authorize = %d", sh.name, status)
		}
		replays(t, newWire(t, s, sh))
	}
}

// refuses tries all three endpoints.
func refuses(t *testing.T, w wire, what string, atPrompt bool) {
	t.Helper()
	status, answer := w.post(duotest.EndpointHealthCheck, w.health, w.healthForm())
	if status != 400 || answer["stat"] != "FAIL" || answer["code"] != 40002.0 || answer["message"] != "invalid_client" ||
		answer["message_detail"] != "The provided client_assertion was invalid." || len(answer) != 5 {
		t.Errorf("%s, %s: health check = %d %v", w.name, what, status, answer)
	}
	if status, q := w.authorize(w.request(w.login)); atPrompt && (status != 400 || len(q) != 0) {
		t.Errorf("%s, %s: authorize = %d %v", w.name, what, status, q)
	}
	good := newWire(t, w.s, w.shape)
	status, answer = w.post(duotest.EndpointToken, w.token, w.tokenForm(good.passed()))
	if status != 400 || answer["error"] != "invalid_client" || len(answer) != 2 {
		t.Errorf("%s, %s: token = %d %v", w.name, what, status, answer)
	}
}

// replays sends assertions and codes where they do not belong.
func replays(t *testing.T, w wire) {
	t.Helper()
	form := w.healthForm()
	w.post(duotest.EndpointHealthCheck, w.health, form)
	if status, answer := w.post(duotest.EndpointHealthCheck, w.health, form); status != 400 || answer["message"] != "invalid_client" {
		t.Errorf("%s: replayed jti = %d %v", w.name, status, answer)
	}
	token := w.tokenForm(w.passed())
	token.Set("client_assertion", w.newAssertion(duotest.EndpointHealthCheck))
	if status, answer := w.post(duotest.EndpointToken, w.token, token); status != 400 || answer["error"] != "invalid_client" {
		t.Errorf("%s: assertion of another endpoint = %d %v", w.name, status, answer)
	}
	token = w.tokenForm(w.passed())
	token.Set("redirect_uri", redirectURI+"?")
	if status, answer := w.post(duotest.EndpointToken, w.token, token); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("%s: another redirect_uri = %d %v", w.name, status, answer)
	}
	token = w.tokenForm(w.passed())
	token.Set("client_id", "DI"+strconv.Itoa(100_000_000_000_000_000)+"0")
	if status, answer := w.post(duotest.EndpointToken, w.token, token); status != 400 || answer["error"] != "invalid_client" {
		t.Errorf("%s: another client_id = %d %v", w.name, status, answer)
	}
}
