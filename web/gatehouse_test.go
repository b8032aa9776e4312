package web_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/rules"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/standing"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/web"
	"mfaserver/web/gateway"
	"mfaserver/web/gateway/access"
	"mfaserver/web/portal"
)

// gatehouse is a whole gateway: all rooms are the real ones, the engine behind
// is the recording fake, and only Duo is a stand-in.
type gatehouse struct {
	*site
	engine   *mirthtest.Server
	duo      *mfatest.SecondFactor
	prover   *mfatest.Prover
	trail    *audittest.Memory
	upstream *upstream.Upstream
	tokens   *token.Tokens
	codes    *token.Codes
	glass    *token.BreakGlass
	flow     *mfa.Flow
	sessions *session.Manager
	guard    *access.Guard
}

// loopback is where all clients of these tests are.
var loopback = netip.MustParsePrefix("127.0.0.0/8")

// house rules: alice and carol use the prompt alone or a code, push and other
// programs have rules of their own.
func houseRules() rules.Config {
	return rules.Config{
		Rules: []rules.Rule{
			{
				Name: "pushers", Users: []string{"paula"}, Allow: []rules.Mode{rules.Push, rules.Prompt, rules.Passcode, rules.Code},
				Clients: []rules.ClientRule{{Header: "X-Mirth-Server-Url", Mode: rules.Prompt}},
			},
			{Name: "prompt alone", Users: []string{"carol"}, Allow: []rules.Mode{rules.Prompt}},
			{Name: "nobody", Users: []string{"nora"}, Allow: []rules.Mode{rules.Refuse}},
		},
		Exemptions: []rules.Exemption{{
			Name: "backup", Users: []string{"svc-backup"}, Networks: []netip.Prefix{loopback}, Owner: "alice", Reason: "nightly",
			Until: time.Now().Add(24 * time.Hour), Paths: []string{"/users/current", "/channels/**", "/server/**"}, Methods: []string{"GET"},
		}},
		StepUp: rules.StepUp{MaxAge: time.Minute, Operations: []rules.Operation{{Methods: []string{"POST"}, Paths: []string{"/server/configuration"}}}},
	}
}

const enginePassword = "engine password, with a comma"

func newGatehouse(t *testing.T, bend ...func(*mirthtest.Config, *rules.Config)) *gatehouse {
	t.Helper()
	ec, rc := mirthtest.Config{FoldNames: true, Version: "4.5.2"}, houseRules()
	for i, name := range []string{"admin", "alice", "paula", "carol", "nora", "svc-backup", "svc-deploy"} {
		ec.Users = append(ec.Users, mirthtest.User{ID: i + 1, Name: name, Password: enginePassword})
	}
	for _, b := range bend {
		b(&ec, &rc)
	}
	h := &gatehouse{
		engine: mirthtest.NewServer(ec), duo: &mfatest.SecondFactor{}, prover: &mfatest.Prover{}, trail: &audittest.Memory{},
	}
	t.Cleanup(h.engine.Close)
	set, err := rules.New(rc)
	must(t, err)
	h.openTokens(t)
	h.openEngine(t, set)
	return h
}

func (h *gatehouse) openTokens(t *testing.T) {
	t.Helper()
	var err error
	h.tokens, err = token.NewTokens(token.TokensConfig{Store: token.NewMemoryTokens(), Sealer: newSealer(t), Recorder: h.trail})
	must(t, err)
	h.codes, err = token.NewCodes(token.CodesConfig{Store: token.NewMemoryCodes(), Recorder: h.trail})
	must(t, err)
	h.glass, err = token.NewBreakGlass(token.BreakGlassConfig{Store: token.NewMemoryBreakGlass(), Recorder: h.trail})
	must(t, err)
}

func newSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	key, err := seal.NewKey()
	must(t, err)
	s, err := seal.New(key)
	must(t, err)
	return s
}

// heldCarries are the carries of the flow, as the command wires them.
type heldCarries struct{ *upstream.Upstream }

func (c heldCarries) Release(ctx context.Context, username string, carry mfa.Carry) {
	c.Upstream.Release(ctx, username, carry)
}

func (c heldCarries) Verify(ctx context.Context, username string, carry mfa.Carry) error {
	err := c.Upstream.Verify(ctx, username, carry)
	if errors.Is(err, upstream.ErrGone) || errors.Is(err, upstream.ErrDrift) || errors.Is(err, upstream.ErrCarry) {
		return errors.Join(mfa.ErrCarryGone, err)
	}
	return err
}

// glassCodes are the break-glass codes of the flow, as the command wires them.
type glassCodes struct{ *token.BreakGlass }

func (g glassCodes) Spend(ctx context.Context, username, code string) (string, error) {
	handle, err := g.BreakGlass.Spend(ctx, username, code)
	if errors.Is(err, token.ErrRefused) {
		err = errors.Join(mfa.ErrBreakGlassCode, err)
	}
	return handle, err
}

func (h *gatehouse) openEngine(t *testing.T, set *rules.Set) {
	t.Helper()
	client, err := engine.New(engine.Config{URL: h.engine.URL, CA: h.engine.CAPool()})
	must(t, err)
	t.Cleanup(client.Close)
	limiter, err := throttle.New(upstream.LoginLimits(3, 100))
	must(t, err)
	h.upstream, err = upstream.New(upstream.Config{
		Engine: client, Ledger: upstream.NewMemoryLedger(), Sealer: newSealer(t), Limiter: limiter, MaxFailures: 300,
		Recorder: h.trail, RefusalTime: -1,
	})
	must(t, err)
	t.Cleanup(func() { _ = h.upstream.Close(context.Background()) }) //nolint:usetesting // the test's own context has ended
	behindTokens, err := standing.New(standing.Config{Upstream: h.upstream, Credentials: h.tokens})
	must(t, err)
	t.Cleanup(func() { behindTokens.Close(context.Background()) }) //nolint:usetesting // the test's own context has ended
	h.openFlow(t)
	deps := h.deps(t, set)
	deps.TokenCarries, deps.Gateway = behindTokens, h.openGateway(t, set, client, behindTokens)
	handler, err := web.New(h.config(), deps)
	must(t, err)
	h.site = serveSite(t, handler, slog.New(slog.DiscardHandler))
}

func (h *gatehouse) openFlow(t *testing.T) {
	t.Helper()
	memory := mfa.NewMemory()
	var err error
	h.flow, err = mfa.New(mfa.Config{
		SecondFactor: h.duo, Transactions: memory, Sources: memory, Codes: memory, Accounts: &mfatest.Accounts{}, Recorder: h.trail,
		Enrolment: &mfatest.Enrolment{}, Prover: h.prover, BreakGlass: glassCodes{h.glass},
		Releaser: heldCarries{h.upstream}, Carries: heldCarries{h.upstream},
	})
	must(t, err)
	h.sessions, err = session.New(session.Config{
		Store: session.NewMemoryStore(), Recorder: h.trail,
		OnEnd: func(ctx context.Context, s session.Session) { h.upstream.Release(ctx, s.Username, s.Carry) },
	})
	must(t, err)
}

func (h *gatehouse) openGateway(t *testing.T, set *rules.Set, client *engine.Client, behindTokens *standing.Sessions) *gateway.Gateway {
	t.Helper()
	var err error
	h.guard, err = access.New(access.Config{
		Rules: set, Approver: h.flow, Client: web.Clients(nil), Logger: slog.New(slog.DiscardHandler),
	})
	must(t, err)
	g, err := gateway.New(gateway.Config{
		Target: client.Base(), Transport: client.Transport(), Engine: client, Client: web.ClientAddr(nil), RequestID: web.RequestID,
		Cookies: h.upstream, Sessions: h.sessions, Access: h.guard, Recorder: h.trail, Logger: slog.New(slog.DiscardHandler),
		Stale:      func(ctx context.Context, s session.Session) { behindTokens.Stale(ctx, s.Token, s.Carry) },
		Public:     gateway.Public{Launcher: true, Explorer: true},
		PublicURLs: []string{public},
	})
	must(t, err)
	return g
}

func (h *gatehouse) config() web.Config {
	return web.Config{PublicURLs: []string{public}, ServerVersion: "4.5.2", Administrators: []string{"admin"}, Logger: slog.New(slog.DiscardHandler)}
}

func (h *gatehouse) deps(t *testing.T, set *rules.Set) web.Deps {
	t.Helper()
	second, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 1000, Window: time.Minute}})
	must(t, err)
	pages, err := portal.New(portal.Config{
		PublicURLs: []string{public}, Client: web.Clients(nil), Logger: slog.New(slog.DiscardHandler),
	}, portal.Deps{
		Authenticator: h.upstream, Login: h.flow, Sessions: h.sessions, Codes: h.codes, Notes: h.upstream, Recorder: h.trail,
		Rules: set, Releaser: h.upstream,
	})
	must(t, err)
	return web.Deps{
		Authenticator: h.upstream, Login: h.flow, Prompts: h.flow, Sessions: h.sessions, SessionKeeper: h.sessions, Notes: h.upstream,
		SecondCalls: second, Recorder: h.trail, Rules: set, Proofs: h.flow, Tokens: h.tokens, Codes: h.codes,
		Accounts: &mfatest.Accounts{}, Carries: heldCarries{h.upstream}, Upstream: h.upstream,
		Rooms: []web.Room{{Path: web.PortalPath, Handler: pages}},
	}
}

// call makes a login with one call, as a client that sends no public URL.
func (h *gatehouse) call(t *testing.T, username, password string, headers ...string) answer {
	t.Helper()
	return h.send(t, "POST", "/api/users/_login", form("username", username, "password", password), headers...)
}

// token makes a service token of svc-deploy.
func (h *gatehouse) token(t *testing.T, bend ...func(*token.New)) (token.Token, string) {
	t.Helper()
	n := token.New{
		Name: "deploy", Username: "svc-deploy", UserID: 7, Owner: "alice", By: "test", Expires: time.Now().Add(time.Hour),
		Credential: secret.New(enginePassword),
	}
	for _, b := range bend {
		b(&n)
	}
	made, value, err := h.tokens.Create(t.Context(), n)
	must(t, err)
	return made, value.Reveal()
}

// whoami asks who is signed in.
func (h *gatehouse) whoami(t *testing.T, headers ...string) (int, string) {
	t.Helper()
	got := h.send(t, "GET", "/api/users/current", "", headers...)
	_, rest, _ := strings.Cut(got.body, "<username>")
	name, _, _ := strings.Cut(rest, "</username>")
	return got.StatusCode, name
}

func with(id string) []string { return []string{"Cookie", "JSESSIONID=" + id} }

// idle waits until the engine has no session left but n.
func (h *gatehouse) left(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); h.engine.Sessions() != n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions at the engine, want %d", h.engine.Sessions(), n)
		}
	}
}

// twoCalls is the login with the prompt; it returns the session.
func (h *gatehouse) twoCalls(t *testing.T, username string) answer {
	t.Helper()
	first := h.call(t, username, enginePassword, "X-Mirth-Server-Url", public)
	authURL := element(first.body, "authURL")
	if first.StatusCode != http.StatusUnauthorized || authURL == "" {
		t.Fatalf("first call = %d %s", first.StatusCode, first.body)
	}
	u, err := url.Parse(authURL)
	must(t, err)
	data := username + ":SUCCESS:" + code + ":" + u.Query().Get("state") + ":" + encoded(element(first.body, "redirectUri"))
	return h.send(t, "POST", "/api/users/_login", form("username", username), "X-Mirth-Login-Data", data)
}
