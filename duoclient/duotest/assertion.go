package duotest

import (
	"net/http"
	"strings"
	"time"
)

// What Duo says about a client assertion.
const (
	detailAssertion = "The provided client_assertion was invalid."
	detailIssuer    = "Invalid Client assertion: The `iss` claim must match the supplied client_id"
)

// authenticate checks the client_id and client_assertion of a request to
// endpoint and spends the assertion's jti. The text is Duo's for the client;
// empty means that the client is who it says.
func (s *Server) authenticate(x *exchange, endpoint string) (Integration, string) {
	client, c, detail := s.verifyAssertion(x, endpoint)
	if detail != "" {
		return Integration{}, detail
	}
	jti := c.text("jti")
	exp, err := c.expiry(x.now)
	if err != nil || jti == "" || len(jti) > 1024 {
		return Integration{}, detailAssertion
	}
	s.note(x, func(call *Call) { call.ClientID, call.JTI = client.Key, jti })
	if !s.spendAssertion(client.Key+" "+jti, exp, x) {
		return Integration{}, detailAssertion
	}
	return client, ""
}

// verifyAssertion checks all but time and repetition. The Java SDK sends no
// client_id to the token endpoint; then the assertion's issuer counts.
func (s *Server) verifyAssertion(x *exchange, endpoint string) (Integration, claims, string) {
	assertion, clientID := x.form.Get("client_assertion"), x.form.Get("client_id")
	if clientID == "" && endpoint == EndpointToken {
		clientID = unverifiedIssuer(assertion)
	}
	client, known := s.universalClient(x.account, clientID)
	if !known {
		return Integration{}, nil, detailAssertion
	}
	c, client, err := client.verifies(assertion)
	if err != nil {
		return Integration{}, nil, detailAssertion
	}
	if c.text("iss") != client.Key {
		return Integration{}, nil, detailIssuer
	}
	audience, ok := c.audience()
	if c.text("sub") != client.Key || !ok || audience != x.baseURL()+endpoint {
		return Integration{}, nil, detailAssertion
	}
	return client, c, ""
}

// unverifiedIssuer reads iss only to learn whose secret to verify with.
func unverifiedIssuer(token string) string {
	var payload claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || decodeSegment(parts[1], &payload) != nil {
		return ""
	}
	return payload.text("iss")
}

// universalClient finds an integration that may use the Universal Prompt.
func (s *Server) universalClient(a *account, id string) (Integration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := a.integrations.get(id)
	if i == nil || i.Type != TypeUniversal {
		return Integration{}, false
	}
	return i.Integration, true
}

// spendAssertion remembers the assertion until it has expired by any clock,
// and says whether it is new.
func (s *Server) spendAssertion(key string, exp time.Time, x *exchange) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until, seen := s.assertions[key]; seen && x.now.Before(until) && !x.faults.AllowAssertionReplay {
		return false
	}
	s.sweep(x.now)
	s.assertions[key] = exp.Add(leeway)
	return true
}

// healthCheck is POST /oauth/v1/health_check.
func (s *Server) healthCheck(x *exchange) {
	detail := detailAssertion
	if x.badForm == nil {
		_, detail = s.authenticate(x, EndpointHealthCheck)
	}
	if detail != "" {
		s.note(x, func(c *Call) { c.Error = "invalid_client" })
		x.fail(http.StatusBadRequest, 40002, "invalid_client", detail)
		return
	}
	x.json(http.StatusOK, object{{"response", object{{"timestamp", x.now.Unix()}}}, {"stat", "OK"}})
}
