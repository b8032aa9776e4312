package duotest

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// dateSkew is how far a request's clock may be off.
const dateSkew = 300 * time.Second

// EndpointPing is the one call of the Auth API that needs no signature.
const EndpointPing = "/auth/v2/ping"

// errInstead is an answer that a fault takes the place of.
var errInstead = errors.New("duotest: answered by a fault")

// serveAPI answers a call of a signed API: who calls, may they, is there such
// a call, and only then its parameters.
func (s *Server) serveAPI(x *exchange) {
	c, route, err := s.admit(x)
	var response any
	if err == nil {
		response, err = s.run(c, route)
	}
	var refusal *apiError
	switch {
	case errors.Is(err, errInstead):
		x.succeed("", nil)
	case errors.As(err, &refusal):
		if x.wrong.Instead {
			x.wrong = AnswerFaults{} // whoever is not let in learns that first
		}
		s.note(x, func(call *Call) { call.Error = refusal.message })
		x.refuse(refusal)
	case err != nil:
		s.config.Logger.Error("call failed", "endpoint", x.call.Endpoint, "err", err)
		x.refuse(&apiError{50000, "Internal error", ""})
	default:
		x.answer(response)
	}
}

// answer sends what a route returned.
func (x *exchange) answer(response any) {
	switch r := response.(type) {
	case listing:
		x.succeed(r.items, r.metadata)
	case picture:
		x.status, x.body = http.StatusOK, r
		x.header.Set("Content-Type", "image/png")
	case fields:
		x.succeed(sorted(r), nil)
	default:
		x.succeed(r, nil)
	}
}

func (s *Server) run(c *apiCall, route *apiRoute) (any, error) {
	if route.waits != nil {
		return route.waits(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return route.serve(c)
}

// admit checks a request in the order of the service.
func (s *Server) admit(x *exchange) (*apiCall, *apiRoute, error) {
	parts, params, badParams := x.readSigned()
	c := &apiCall{exchange: x, params: params}
	route, ids, methods := s.match(parts.method, parts.path)
	c.ids = ids
	open := parts.path == EndpointPing
	if !open {
		var err error
		if c.integration, err = s.identify(x, &parts); err != nil {
			return nil, nil, err
		}
		if err = s.permit(c, route, parts.path); err != nil {
			return nil, nil, err
		}
	}
	if x.wrong.Instead {
		return nil, nil, errInstead
	}
	switch {
	case route == nil && len(methods) > 0:
		x.header["Allow"] = methods
		return nil, nil, errMethod()
	case route == nil:
		return nil, nil, errNotFound()
	case badParams != nil:
		return nil, nil, badParams
	}
	s.note(x, func(call *Call) { call.Username = params.Get("username") })
	return c, route, nil
}

// identify says whose signature a request carries.
func (s *Server) identify(x *exchange, parts *signedParts) (*integration, error) {
	key, signature, ok := basicCredentials(x.r.Header.Get("Authorization"))
	if !ok {
		return nil, errNoCredentials()
	}
	i := s.integrationFor(x.account, key)
	if i == nil {
		return nil, errUnknownKey()
	}
	parts.date = x.r.Header.Get("X-Duo-Date")
	if parts.date == "" {
		parts.date = x.r.Header.Get("Date")
	}
	if parts.date == "" {
		return nil, errNoTimestamp()
	}
	sent, err := mail.ParseDate(parts.date)
	if err != nil || x.now.Sub(sent).Abs() > dateSkew {
		return nil, errBadTimestamp()
	}
	switch version := parts.verify(i.Secret, signature); {
	case version == 0:
		return nil, errBadSignature()
	case version > 2 && len(parts.body) > 0 && !parts.json:
		return nil, errContentType()
	}
	s.note(x, func(call *Call) { call.ClientID = key })
	return i, nil
}

// basicCredentials reads the Authorization header.
func basicCredentials(header string) (key, signature string, ok bool) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}

// integrationFor finds the keys of a call: the account's own ones, and for a
// child also the Accounts API keys of its parent.
func (s *Server) integrationFor(a *account, key string) *integration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := a.integrations.get(key); i != nil {
		clone := *i
		return &clone
	}
	if i := s.account.integrations.get(key); a.child && i != nil && i.Type == TypeAccounts {
		clone := *i
		return &clone
	}
	return nil
}

// permit checks type, permission and address of a caller that is known.
func (s *Server) permit(c *apiCall, route *apiRoute, path string) error {
	if err := c.checkType(path); err != nil {
		return err
	}
	if !allowsAddress(c.integration.Networks, c.r.RemoteAddr) {
		return errForbidden("")
	}
	if route == nil || route.permission == "" || c.integration.Type != TypeAdmin || c.integration.Permissions == nil {
		return nil
	}
	granted := c.integration.Permissions
	if slices.Contains(granted, route.permission) ||
		(route.permission == GrantAdminsRead && slices.Contains(granted, GrantAdmins)) ||
		(route.permission == GrantReadResource && slices.Contains(granted, GrantWriteResource)) {
		return nil
	}
	return errForbidden("")
}

// checkType holds the kind of keys against the API. The parent's Accounts API
// keys open a child's Admin API, with the child's account_id among the signed
// parameters.
func (c *apiCall) checkType(path string) error {
	kind := c.integration.Type
	fits := true
	switch {
	case strings.HasPrefix(path, "/auth/"):
		fits = kind == TypeAuth
	case strings.HasPrefix(path, "/accounts/"):
		fits = kind == TypeAccounts && !c.account.child
	case strings.HasPrefix(path, "/admin/") && kind == TypeAccounts && c.account.child:
		switch c.text("account_id") {
		case c.account.id:
		case "":
			return errInvalid("account_id")
		default:
			return errForbidden("")
		}
	case strings.HasPrefix(path, "/admin/"):
		fits = kind == TypeAdmin
	}
	if !fits {
		return errForbidden(wrongType)
	}
	return nil
}

// allowsAddress holds the caller against the networks of an integration.
func allowsAddress(networks []string, remote string) bool {
	if len(networks) == 0 {
		return true
	}
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, n := range networks {
		if prefix, err := netip.ParsePrefix(n); err == nil && prefix.Contains(addr) {
			return true
		}
		if one, err := netip.ParseAddr(n); err == nil && one == addr {
			return true
		}
	}
	return false
}
