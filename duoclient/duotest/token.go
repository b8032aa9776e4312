package duotest

import (
	"net/http"
	"time"
)

const (
	grantType     = "authorization_code"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	detailGrant   = "The provided authorization grant (e.g., authorization code) or refresh token is invalid, expired, " +
		"revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
)

// grant is an issued code.
type grant struct {
	request authRequest
	context object // auth_context
	expires time.Time
	used    bool
}

// token is POST /oauth/v1/token.
func (s *Server) token(x *exchange) {
	if x.badForm != nil {
		s.oauthError(x, "invalid_request", x.badForm.Error())
		return
	}
	client, detail := s.authenticate(x, EndpointToken)
	if detail != "" {
		s.oauthError(x, "invalid_client", detail)
		return
	}
	if code, detail := s.badTokenForm(x); code != "" {
		s.oauthError(x, code, detail)
		return
	}
	g, ok := s.redeem(x, client)
	if !ok {
		s.oauthError(x, "invalid_grant", detailGrant)
		return
	}
	idToken, err := s.idToken(x, client, g)
	if err != nil {
		s.config.Logger.Error("ID token cannot be made", "err", err)
		s.oauthError(x, "server_error", "The ID token could not be made.")
		x.status = http.StatusInternalServerError
		return
	}
	x.json(http.StatusOK, object{
		{"id_token", idToken},
		{"access_token", randomText(alphanumeric, 40)},
		{"expires_in", int(maxLife.Seconds())},
		{"token_type", "Bearer"},
	})
}

func (s *Server) badTokenForm(x *exchange) (code, detail string) {
	for _, name := range []string{"grant_type", "client_assertion_type", "code", "redirect_uri"} {
		if x.form.Get(name) == "" {
			return "invalid_request", "Missing required parameter: " + name
		}
	}
	if x.form.Get("grant_type") != grantType {
		return "unsupported_grant_type", "The grant_type must be " + grantType
	}
	if x.form.Get("client_assertion_type") != assertionType {
		return "invalid_request", "The client_assertion_type must be " + assertionType
	}
	return "", ""
}

// redeem spends the code of the request before anything is answered: of two
// calls at once one succeeds. A code that is refused is not spent.
func (s *Server) redeem(x *exchange, client Integration) (grant, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[x.form.Get("code")]
	if g == nil {
		return grant{}, false
	}
	x.call.note(g.request)
	if (g.used && !x.faults.AllowCodeReuse) || !x.now.Before(g.expires) ||
		g.request.client != client.Key || g.request.redirectURI != x.form.Get("redirect_uri") {
		return grant{}, false
	}
	g.used = true
	return *g, true
}

// oauthError answers as RFC 6749, section 5.2.
func (s *Server) oauthError(x *exchange, code, description string) {
	s.note(x, func(c *Call) { c.Error = code })
	x.json(http.StatusBadRequest, object{{"error", code}, {"error_description", description}})
}

// idToken makes the ID token of a redeemed code.
func (s *Server) idToken(x *exchange, client Integration, g grant) (string, error) {
	issued := x.now.Add(x.faults.IDToken.IssuedAt).Unix()
	payload := object{
		{"iss", x.baseURL() + EndpointToken},
		{"sub", g.request.username},
		{"preferred_username", g.request.username},
		{"aud", client.Key},
		{"iat", issued},
		{"exp", x.now.Add(maxLife + x.faults.IDToken.Expires).Unix()},
		{"auth_time", x.now.Unix()},
		{"auth_result", object{{"result", "allow"}, {"status", "allow"}, {"status_msg", "Login Successful"}}},
		{"auth_context", g.context},
	}
	if g.request.nonce != "" {
		payload = append(payload, member{"nonce", g.request.nonce})
	}
	token, err := signIDToken(spoilContext(payload, x.faults.IDToken), client.Secret, x.faults.IDToken)
	if err != nil || !x.faults.RepeatToken {
		return token, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.firstToken == "" {
		s.firstToken = token
	}
	return s.firstToken, nil
}

// spoilContext writes the named faults into auth_context.
func spoilContext(payload object, f IDTokenFaults) object {
	for _, m := range []member{
		{"reason", f.Reason}, {"factor", f.Factor}, {"event_type", f.EventType}, {"result", f.Result},
	} {
		if m.value != "" {
			payload = payload.with("auth_context."+m.name, m.value)
		}
	}
	return payload
}
