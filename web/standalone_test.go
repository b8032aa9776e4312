package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/token"
	"mfaserver/session"
	"mfaserver/web"
)

// tokenDirectory knows one token.
type tokenDirectory struct {
	token token.Token
	err   error
}

const tokenValue = "mfat_value"

func (d *tokenDirectory) Check(ctx context.Context, value string, addr netip.Addr) (token.Token, error) {
	if value != tokenValue {
		return token.Token{}, token.ErrUnknown
	}
	return d.CheckID(ctx, d.token.ID, addr)
}

func (d *tokenDirectory) CheckID(_ context.Context, id string, _ netip.Addr) (token.Token, error) {
	if d.err != nil || id != d.token.ID {
		return token.Token{}, errors.Join(d.err, token.ErrUnknown)
	}
	return d.token, nil
}

// brokenTokens cannot be asked.
type brokenTokens struct{}

func (brokenTokens) Check(context.Context, string, netip.Addr) (token.Token, error) {
	return token.Token{}, fmt.Errorf("%w: disk", token.ErrUnavailable)
}

func (b brokenTokens) CheckID(ctx context.Context, _ string, addr netip.Addr) (token.Token, error) {
	return b.Check(ctx, "", addr)
}

func newTokenSite(t *testing.T, w *world, tokens web.Tokens) *site {
	t.Helper()
	d := w.deps(t)
	d.Tokens = tokens
	h, err := web.New(w.config(), d)
	must(t, err)
	s := serveSite(t, h, w.config().Logger)
	s.world = w
	return s
}

// Standing alone a token is the principal of a user of our own directory, for
// as long as that is one.
func TestTokensStandingAlone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	tokens := &tokenDirectory{token: token.Token{ID: "t1", Username: "duo1", UserID: 2, ReadOnly: true, ExpiresAt: noon.Add(time.Hour)}}
	s := newTokenSite(t, w, tokens)
	bearer := []string{"Authorization", "Bearer " + tokenValue, "X-Requested-With", ""}
	status := func() int { return s.send(t, "GET", "/api/users/current", "", bearer...).StatusCode }
	if got := status(); got != http.StatusOK {
		t.Errorf("users/current = %d", got)
	}
	login := s.send(t, "POST", "/api/users/_login", form("username", "duo1", "password", tokenValue))
	if login.StatusCode != http.StatusOK || len(w.started) != 1 || w.started[0].Token != "t1" || !w.started[0].ReadOnly || w.started[0].Administrator {
		t.Errorf("login = %d %s, started %+v", login.StatusCode, login.body, w.started)
	}
	if got := s.send(t, "POST", "/api/users/_login", form("username", "admin", "password", tokenValue)); got.body != deniedXML {
		t.Errorf("login under another name = %d %s", got.StatusCode, got.body)
	}
	byCookie := func() int {
		return s.send(t, "GET", "/api/users/current", "", "Cookie", "JSESSIONID=new-session-id").StatusCode
	}
	if got := byCookie(); got != http.StatusOK {
		t.Errorf("session of a token = %d", got)
	}
	tokens.token.Paths = []string{"/channels"}
	if a, b := status(), byCookie(); a != http.StatusForbidden || b != http.StatusForbidden {
		t.Errorf("outside of the scope = %d, %d", a, b)
	}
	tokens.token.Paths = nil
	w.users[1].Disabled = true
	if a, b := status(), byCookie(); a != http.StatusUnauthorized || b != http.StatusUnauthorized {
		t.Errorf("token of a disabled user = %d, %d", a, b)
	}
	w.users = w.users[:1]
	if a, b := status(), byCookie(); a != http.StatusUnauthorized || b != http.StatusUnauthorized {
		t.Errorf("token of a user who is gone = %d, %d", a, b)
	}
	if len(w.attempts) != 0 {
		t.Errorf("%d passwords were checked", len(w.attempts))
	}
}

// Whether a token is good must be known: a store that fails is no refusal, and
// what looks like a token goes to no directory where there are none.
func TestTokensThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newTokenSite(t, w, brokenTokens{})
	if got := s.send(t, "GET", "/api/users/current", "", "Authorization", "Bearer "+tokenValue); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("bearer = %d", got.StatusCode)
	}
	if got := s.send(t, "POST", "/api/users/_login", form("username", "duo1", "password", tokenValue)); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("login = %d", got.StatusCode)
	}
	without := newSite(t, newWorld())
	if got := without.send(t, "GET", "/api/users/current", "", "Authorization", "Bearer "+tokenValue); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("bearer where there are no tokens = %d", got.StatusCode)
	}
	for _, password := range []string{tokenValue, "mfac-0000-0000-00000", "mfab-0000-0000-0000-0000"} {
		got := without.send(t, "POST", "/api/users/_login", form("username", "duo1", "password", password), "X-Mirth-Server-Url", public)
		if got.StatusCode != http.StatusUnauthorized || got.body != deniedXML {
			t.Errorf("login with %.5s where there are none = %d %s", password, got.StatusCode, got.body)
		}
	}
	if len(without.world.attempts) != 0 {
		t.Errorf("%d passwords were checked", len(without.world.attempts))
	}
}

// A session of an exemption that is over, or of a set of rules without it, is
// of no use.
func TestExemptSessionStandingAlone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.sessions["exempt"] = session.Session{Key: session.KeyOf("exempt"), Username: "admin", UserID: 1, Exemption: "gone"}
	s := newSite(t, w)
	if got := s.send(t, "GET", "/api/users/current", "", "Cookie", "JSESSIONID=exempt"); got.StatusCode != http.StatusForbidden {
		t.Errorf("= %d, want 403", got.StatusCode)
	}
}

// Threat T129: before an engine each endpoint is public, ours or behind the
// session; what is not listed is the engine's, behind the session too.
func TestRoutesOfAGateway(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	var got []string
	for _, r := range h.handler.Routes() {
		got = append(got, string(r.Access)+" "+r.Path)
	}
	want := []string{
		"public /users/_login", "session /users/_logout", "session /users/_inactivityLogout", "public /server/version", "public /server/status",
		"public /openapi.json", "browser /extensions/mfa/duocallback",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Routes() = %q", got)
	}
}

func TestNewRefusesHalfAGateway(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for name, bend := range map[string]func(*web.Deps){
		"rules without proofs":   func(d *web.Deps) { d.Rules = &rules.Set{} },
		"codes without accounts": func(d *web.Deps) { d.Codes = codesOf{} },
		"no directory":           func(d *web.Deps) { d.Directory = nil },
		"a room at the root":     func(d *web.Deps) { d.Rooms = []web.Room{{Path: "/", Handler: http.NotFoundHandler()}} },
		"a room elsewhere":       func(d *web.Deps) { d.Rooms = []web.Room{{Path: "/mfax", Handler: http.NotFoundHandler()}} },
	} {
		d := w.deps(t)
		bend(&d)
		if _, err := web.New(w.config(), d); !errors.Is(err, web.ErrConfig) {
			t.Errorf("%s: New() error = %v, want %v", name, err, web.ErrConfig)
		}
	}
}

type codesOf struct{}

func (codesOf) Redeem(context.Context, string, string, netip.Addr) (token.Proof, error) {
	return token.Proof{}, primary.ErrRefused
}
