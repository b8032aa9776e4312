package web

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/token"
	"mfaserver/session"
)

// errScope: the token or the exemption behind a session does not cover the
// request.
var errScope = errors.New("web: outside of the scope")

// The reasons of a refusal by scope, as the gateway words them.
const (
	reasonTokenScope     = "token_scope"
	reasonExemptionScope = "exemption_scope"
)

// reasonToken is how a session of a service token came to be.
const reasonToken = "service_token"

// visitor finds whose request r is: that of the service token in its
// Authorization header, or that of its session. What is behind a session is
// looked up again each time, so that its end and its scope hold at once.
//
// Every other use of Authorization is ignored, and none is ever passed on
// (threats T018, T138).
func (s *Server) visitor(r *http.Request) (session.Session, error) {
	if c, ok := tokenCredential(r.Header); ok {
		return s.principal(r, c)
	}
	sess, err := s.deps.Sessions.Load(r)
	if err != nil {
		return session.Session{}, err
	}
	if err := s.stillGood(r, &sess); err != nil {
		return session.Session{}, err
	}
	return sess, nil
}

// stillGood looks up what a session without a second factor rests on.
func (s *Server) stillGood(r *http.Request, sess *session.Session) error {
	if sess.Token != "" {
		t, err := s.tokenOf(r, sess)
		if err != nil {
			return err
		}
		return s.withinToken(r, sess, &t)
	}
	if sess.Exemption == "" {
		return nil
	}
	path, ok := rules.APIPath(r.URL.EscapedPath())
	c := s.client(r)
	if ok && !c.Forwarded && s.deps.Rules.Covers(sess.Exemption, sess.Username, r.Method, path, c.Addr, s.cfg.Now()) {
		return nil
	}
	return s.outOfScope(r, sess, reasonExemptionScope)
}

// tokenOf finds the live token behind a session.
func (s *Server) tokenOf(r *http.Request, sess *session.Session) (token.Token, error) {
	if s.deps.Tokens == nil {
		return token.Token{}, fmt.Errorf("%w: there are no tokens", token.ErrRefused)
	}
	t, err := s.deps.Tokens.CheckID(r.Context(), sess.Token, s.client(r).Addr)
	if err != nil {
		return token.Token{}, err
	}
	if t.Username != sess.Username {
		return token.Token{}, token.ErrWrongUser
	}
	return t, s.tokenUser(r.Context(), &t)
}

// principal is the session of a request with a token: it lives for this
// request alone and has no key.
func (s *Server) principal(r *http.Request, c credential) (session.Session, error) {
	if s.deps.Tokens == nil {
		return session.Session{}, fmt.Errorf("%w: there are no tokens", token.ErrRefused)
	}
	client := s.client(r)
	t, err := s.deps.Tokens.Check(r.Context(), c.value, client.Addr)
	if err != nil {
		return session.Session{}, err
	}
	if c.named && c.username != t.Username {
		return session.Session{}, s.foreignToken(r.Context(), client, &t)
	}
	if err := s.tokenUser(r.Context(), &t); err != nil {
		return session.Session{}, err
	}
	sess := s.tokenSession(client, &t)
	sess.CreatedAt, sess.Expires = s.cfg.Now(), t.ExpiresAt
	if err := s.withinToken(r, &sess, &t); err != nil {
		return session.Session{}, err
	}
	return sess, nil
}

// tokenUser refuses a token whose user is gone or disabled in our own
// directory. An engine's accounts are its own: there the credential decides.
func (s *Server) tokenUser(ctx context.Context, t *token.Token) error {
	if s.deps.Directory == nil {
		return nil
	}
	u, err := s.deps.Directory.Get(ctx, t.Username)
	switch {
	case errors.Is(err, primary.ErrUserUnknown), err == nil && u.Disabled:
		return fmt.Errorf("%w: no such user", token.ErrRefused)
	default:
		return err
	}
}

func (s *Server) withinToken(r *http.Request, sess *session.Session, t *token.Token) error {
	path, ok := rules.APIPath(r.URL.EscapedPath())
	if ok && t.CoversPath(path) {
		sess.ReadOnly = sess.ReadOnly || t.ReadOnly
		return nil
	}
	return s.outOfScope(r, sess, reasonTokenScope)
}

// outOfScope records that a session asked for more than it may.
func (s *Server) outOfScope(r *http.Request, sess *session.Session, reason string) error {
	path := r.URL.EscapedPath()
	e := audit.Event{
		Name: audit.GatewayRefused, Outcome: audit.Refused, Username: sess.Username, Reason: reason,
		Detail: map[string]string{"method": r.Method, "path": mirth.Outline(path)},
	}
	if sess.Key != (session.Key{}) {
		e.Session = sess.Key.Handle()
	}
	if sess.Token != "" {
		e.Detail["token"] = sess.Token
	}
	if err := s.record(r.Context(), s.client(r), e); err != nil {
		return err
	}
	return errScope
}

// credential is a service token in an Authorization header.
type credential struct {
	value string
	// named is set where a username comes along.
	named    bool
	username string
}

// tokenCredential finds a service token in the Authorization header, as Bearer
// or as the password of Basic. Any other content is no credential here. Of
// several headers none is the right one.
func tokenCredential(h http.Header) (credential, bool) {
	var found credential
	count := 0
	for _, line := range h.Values("Authorization") {
		if c, ok := parseAuthorization(line); ok {
			found = c
			count++
		}
	}
	if count > 0 && len(h.Values("Authorization")) > 1 {
		return credential{}, true // which Check refuses
	}
	return found, count == 1
}

// bearsToken reports whether a request means to authenticate by a token.
// Browsers do not do so for other sites by themselves, so such a request needs
// no X-Requested-With.
func bearsToken(h http.Header) bool {
	_, ok := tokenCredential(h)
	return ok
}

func parseAuthorization(line string) (credential, bool) {
	scheme, rest, _ := strings.Cut(strings.Trim(line, " \t"), " ")
	rest = strings.Trim(rest, " \t")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return credential{value: rest}, isToken(rest)
	case strings.EqualFold(scheme, "Basic"):
		plain, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return credential{}, false
		}
		name, password, _ := strings.Cut(string(plain), ":")
		return credential{value: password, named: true, username: name}, isToken(password)
	default:
		return credential{}, false
	}
}

func isToken(value string) bool {
	kind, _ := token.KindOf(value)
	return kind == token.KindToken
}
