package duotest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// errRequest is an authorize request that cannot be trusted: it gets an error
// page and never a redirect.
var errRequest = errors.New("duotest: authorize request refused")

// authRequest is what a trusted request JWT asks for.
type authRequest struct {
	client      string // client ID
	application string
	redirectURI string
	state       string
	nonce       string
	username    string
	codeName    string // duo_code or code
}

// authorize is GET and POST /oauth/v1/authorize.
func (s *Server) authorize(x *exchange) {
	req, invalid, err := s.readAuthRequest(x)
	if err != nil {
		s.errorPage(x, err)
		return
	}
	s.note(x, func(c *Call) { c.note(req) })
	if invalid != "" {
		s.sendError(x, req, "invalid_request", invalid)
		return
	}
	s.answerPrompt(x, req)
}

// readAuthRequest verifies the request. invalid says what is wrong with a
// request whose redirect URI can be trusted all the same.
func (s *Server) readAuthRequest(x *exchange) (req authRequest, invalid string, err error) {
	if x.badForm != nil {
		return req, "", fmt.Errorf("%w: %w", errRequest, x.badForm)
	}
	client, known := s.universalClient(x.account, x.form.Get("client_id"))
	if !known {
		return req, "", fmt.Errorf("%w: client_id: no such application", errRequest)
	}
	if x.form.Get("response_type") != "code" {
		return req, "", fmt.Errorf("%w: response_type must be code", errRequest)
	}
	c, client, err := client.verifies(x.form.Get("request"))
	if err != nil {
		return req, "", fmt.Errorf("%w: request: %w", errRequest, err)
	}
	if _, err := c.expiry(x.now); err != nil {
		return req, "", fmt.Errorf("%w: request: %w", errRequest, err)
	}
	req = authRequest{
		client: client.Key, application: client.Name,
		redirectURI: c.text("redirect_uri"), state: c.text("state"),
		nonce: c.text("nonce"), username: c.text("duo_uname"), codeName: codeName(c),
	}
	if req.nonce == "" {
		req.nonce = x.form.Get("nonce") // the Python SDK puts it there
	}
	if err := req.check(c, x); err != nil {
		return req, "", fmt.Errorf("%w: %w", errRequest, err)
	}
	switch {
	case c.text("response_type") != "code":
		invalid = "The response_type must be code."
	case !slices.Contains(strings.Fields(c.text("scope")), "openid"):
		invalid = "The scope must contain openid."
	}
	return req, invalid, nil
}

// check holds the claims against the rules of the service and against their
// copies in the query.
func (req authRequest) check(c claims, x *exchange) error {
	switch {
	case c.text("client_id") != req.client:
		return errors.New("client_id: differs from the request's")
	case !c.absentOr("iss", req.client):
		return errors.New("iss: must be the client_id")
	}
	if _, present := c["aud"]; present {
		audience, ok := c.audience()
		if !ok || (audience != x.baseURL() && audience != x.baseURL()+EndpointAuthorize) {
			return errors.New("aud: must be this host")
		}
	}
	if err := checkRedirectURI(req.redirectURI); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(req.state); n < 16 || n > 1024 {
		return errors.New("state: ['Length must be between 16 and 1024.']")
	}
	if utf8.RuneCountInString(req.nonce) > 1024 {
		return errors.New("nonce: ['Length must be between 1 and 1024.']")
	}
	if strings.TrimSpace(req.username) == "" {
		return errors.New("duo_uname: ['Missing data for required field.']")
	}
	for _, p := range [][2]string{{"redirect_uri", req.redirectURI}, {"state", req.state}, {"nonce", req.nonce}} {
		if x.form.Has(p[0]) && x.form.Get(p[0]) != p[1] {
			return fmt.Errorf("%s: differs from the request's", p[0])
		}
	}
	return nil
}

// checkRedirectURI takes https, and http on this machine as Duo's own
// examples have it.
func checkRedirectURI(uri string) error {
	if n := utf8.RuneCountInString(uri); n < 1 || n > 256 {
		return errors.New("redirect_uri: ['Length must be between 1 and 256.']")
	}
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(uri, "#") {
		return errors.New("redirect_uri: ['Not a valid URL.']")
	}
	local := slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return errors.New("redirect_uri: ['Not a valid URL.']")
	}
	return nil
}

// codeName is the callback's parameter: use_duo_code_attribute is a boolean, in
// old Java SDKs "True" and in the C# SDK "true".
func codeName(c claims) string {
	switch c["use_duo_code_attribute"] {
	case true, "true", "True":
		return "duo_code"
	default:
		return "code"
	}
}

// note copies what a request is about into the journal.
func (c *Call) note(req authRequest) {
	c.ClientID, c.State, c.Username, c.Nonce, c.RedirectURI = req.client, req.state, req.username, req.nonce, req.redirectURI
}

// sendCode issues a code and redirects with it.
func (s *Server) sendCode(x *exchange, req authRequest, context object) {
	life := 5 * time.Minute
	if x.faults.CodeLifetime != 0 {
		life = x.faults.CodeLifetime
	}
	code := randomText(alphanumeric, 32)
	s.mu.Lock()
	s.sweep(x.now)
	s.grants[code] = &grant{request: req, context: context, expires: x.now.Add(life)}
	x.call.Code = code
	x.call.note(req)
	s.mu.Unlock()
	s.callback(x, req, [][2]string{{"state", req.state}, {req.codeName, code}})
}

// sendError redirects with an OAuth error.
func (s *Server) sendError(x *exchange, req authRequest, code, description string) {
	s.note(x, func(c *Call) {
		c.note(req)
		c.Error = code
	})
	s.callback(x, req, [][2]string{{"state", req.state}, {"error", code}, {"error_description", description}})
}

// callback redirects to the application; its URI stays byte for byte.
func (s *Server) callback(x *exchange, req authRequest, query [][2]string) {
	separator := "?"
	if strings.Contains(req.redirectURI, "?") {
		separator = "&"
	}
	x.redirect(req.redirectURI + separator + x.faults.Callback.spoil(query))
}

// spoil encodes the query with the faults in it.
func (f CallbackFaults) spoil(query [][2]string) string {
	var out []string
	add := func(name, value string) { out = append(out, url.QueryEscape(name)+"="+url.QueryEscape(value)) }
	set := make(map[string]bool)
	for _, p := range query {
		if slices.Contains(f.Remove, p[0]) {
			continue
		}
		if v, ok := f.Set[p[0]]; ok {
			set[p[0]] = true
			p[1] = v
		}
		add(p[0], p[1])
	}
	for _, name := range slices.Sorted(maps.Keys(f.Set)) {
		if !set[name] {
			add(name, f.Set[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Repeat)) {
		add(name, f.Repeat[name])
	}
	return strings.Join(out, "&")
}

// errorPage is what an untrusted request gets.
func (s *Server) errorPage(x *exchange, err error) {
	s.note(x, func(c *Call) { c.Error = "invalid_request" })
	s.sorry(x, http.StatusBadRequest, noticeRefused(strings.TrimPrefix(err.Error(), errRequest.Error()+": ")))
}
