package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/rules"
	"mfaserver/mfa"
)

const stockAgent = "Jersey/2.22.1 (Mirth Server Connection)"

// What a client says of itself chooses only among what its user may use: a
// stock client cannot turn the prompt into a push. A name that the engine
// takes for another's does not change the rule, and the refusals read alike.
func TestModesAreTheUsersOwn(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t, func(_ *mirthtest.Config, c *rules.Config) {
		c.Rules[0].Clients = append([]rules.ClientRule{{UserAgent: "*(Mirth Server Connection)", Mode: rules.Push}}, c.Rules[0].Clients...)
	})
	withURL := []string{"X-Mirth-Server-Url", public}
	stock := []string{"User-Agent", stockAgent}
	for _, tt := range []struct {
		name, username, password string
		headers                  []string
		status                   int
		want                     string
	}{
		{"prompt", "carol", enginePassword, withURL, 401, "DuoLoginStatus"},
		{"stock client, prompt alone", "carol", enginePassword, stock, 401, "X-Mirth-Server-Url"},
		{"stock client with the header", "carol", enginePassword, append(stock, withURL...), 401, "DuoLoginStatus"},
		{"stock client, push allowed", "paula", enginePassword, stock, 200, "SUCCESS"},
		{"header chooses the prompt", "paula", enginePassword, withURL, 401, "DuoLoginStatus"},
		{"passcode not allowed", "carol", enginePassword + ",123456", withURL, 401, deniedXML},
		{"push not allowed", "carol", enginePassword + ",push", withURL, 401, deniedXML},
		{"code not allowed", "carol", h.signInCode(t, "carol"), nil, 401, deniedXML},
		{"refused", "nora", enginePassword, withURL, 401, deniedXML},
		{"refused, wrong password", "nora", "wrong", withURL, 401, deniedXML},
		{"refused, break-glass", "nora", enginePassword + "," + h.glassFor(t, "nora"), nil, 401, deniedXML},
		{"another spelling of a push user", "PAULA", enginePassword, withURL, 401, "DuoLoginStatus"},
		{"another spelling of who is refused", "Nora", enginePassword, withURL, 401, deniedXML},
		{"with a blank", "nora ", enginePassword, withURL, 401, deniedXML},
		{"another spelling of an exempt user", "SVC-backup", enginePassword, nil, 401, "X-Mirth-Server-Url"},         // Threat T014
		{"and with the header", "SVC-backup", enginePassword, withURL, 401, "DuoLoginStatus"},                        // Threat T014
		{"exempt, behind a proxy", "svc-backup", enginePassword, append(withURL, "Via", "x"), 401, "DuoLoginStatus"}, // Threat T097
		{"the name bypass", "bypass", enginePassword, withURL, 401, deniedXML},                                       // Threat T014
		{"break-glass alone", "alice", h.glassFor(t, "alice"), withURL, 401, deniedXML},
		{"wrong break-glass", "alice", enginePassword + ",mfab-0000-0000-0000-0000", nil, 401, deniedXML},
		{"break-glass of another user", "alice", enginePassword + "," + h.glassFor(t, "carol"), nil, 401, deniedXML},
		{"no such token", "alice", "mfat_x", nil, 401, deniedXML},
		{"no such code", "alice", "mfac-0000-0000-00000", nil, 401, deniedXML},
		{"code of another user", "alice", h.signInCode(t, "paula"), nil, 401, deniedXML},
		{"empty password before a factor", "paula", ",push", nil, 401, deniedXML},
		{"wrong password before a factor", "paula", "wrong,push", nil, 401, deniedXML},
	} {
		asked := len(h.prover.Asked())
		got := h.call(t, tt.username, tt.password, tt.headers...)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: login = %d %s, want %d with %s", tt.name, got.StatusCode, got.body, tt.status, tt.want)
		}
		if n := len(h.prover.Asked()) - asked; n > 0 && tt.status != http.StatusOK {
			t.Errorf("%s: %d questions were put", tt.name, n)
		}
	}
	for _, r := range h.engine.Requests() {
		if strings.Contains(string(r.Body), "mfa") {
			t.Errorf("the engine was sent %s", r.Body)
		}
	}
}

// Whatever is refused after a right password leaves nothing at the engine.
func TestNothingIsLeftOfARefusedLogin(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	h.prover.Says("deny", "deny")
	for _, c := range []struct{ username, password string }{
		{"nora", enginePassword},
		{"paula", enginePassword},
		{"paula", enginePassword + ",654321"},
		{"alice", enginePassword + ",mfab-0000-0000-0000-0000"},
		{"carol", h.signInCode(t, "carol")},
	} {
		if got := h.call(t, c.username, c.password); got.StatusCode != http.StatusUnauthorized || got.body != deniedXML {
			t.Errorf("%s: login = %d %s", c.username, got.StatusCode, got.body)
		}
	}
	if n := len(h.trail.Find(audit.MFAModeRefused)); n != 2 {
		t.Errorf("%d records of refused modes, want those of nora and carol", n)
	}
	// The code of carol was not spent, so its session is the code's until it
	// expires.
	h.left(t, 1)
}

// A session that cannot be started, or whose carry somebody else has ended,
// leaves nothing at the engine, and no cookie.
func TestNothingIsLeftOfASessionThatFails(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	p := h.proof(t, "alice")
	value, _, err := h.codes.Issue(t.Context(), p)
	must(t, err)
	h.upstream.Release(t.Context(), "alice", p.Carry)
	h.left(t, 0)
	got := h.call(t, "alice", value.Reveal())
	if got.StatusCode != http.StatusUnauthorized || got.body != deniedXML || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("code whose session is gone: %d %v %s", got.StatusCode, got.Header, got.body)
	}
	h.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) {
		h.trail.Fail(2) // of the records that follow
		return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
	})
	if got := h.call(t, "paula", enginePassword); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("login without an audit trail: %d %v %s", got.StatusCode, got.Header, got.body)
	}
	h.left(t, 0)
}

// A push waits; the client's going away ends the question and the login.
func TestDisconnectEndsTheQuestion(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t)
	asked, ended := make(chan struct{}), make(chan struct{})
	h.prover.OnProve(func(ctx context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
		close(asked)
		<-ctx.Done()
		close(ended)
		return mfa.ProofResult{}, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/api/users/_login", strings.NewReader(form("username", "paula", "password", enginePassword)))
	must(t, err)
	r.Header.Set("X-Requested-With", "x")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	gone := make(chan error, 1)
	go func() {
		resp, err := h.Client().Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		gone <- err
	}()
	<-asked
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the question goes on without its client")
	}
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("Do() error = %v", err)
	}
	if _, err := h.trail.WaitFor(t.Context(), audit.ProofCancelled); err != nil {
		t.Error(err)
	}
	h.left(t, 0)
}

// FAIL_EXPIRED and a grace period are passed on, a lockout is not (threats
// T006, T017).
func TestWordsOfTheEngine(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t, func(c *mirthtest.Config, _ *rules.Config) {
		c.Users[2].Grace = "Change it <soon> & well."
		c.Users[1].Expired = true
		c.Users[4].Expired = true
		c.MaxFailures = 1
	})
	got := h.call(t, "alice", enginePassword, "X-Mirth-Server-Url", public)
	if got.StatusCode != 401 || element(got.body, "status") != "FAIL_EXPIRED" || !strings.HasPrefix(element(got.body, "message"), "Your password has expired.") {
		t.Errorf("expired password: %d %s", got.StatusCode, got.body)
	}
	if got := h.call(t, "nora", enginePassword); got.body != deniedXML {
		t.Errorf("expired password of who is refused anyway: %s", got.body)
	}
	got = h.call(t, "paula", enginePassword)
	if got.StatusCode != 200 || element(got.body, "status") != "SUCCESS_GRACE_PERIOD" || element(got.body, "message") != "Change it <soon> & well." {
		t.Errorf("grace period: %d %s", got.StatusCode, got.body)
	}
	for range 2 {
		if got := h.call(t, "carol", "wrong", "X-Mirth-Server-Url", public); got.StatusCode != 401 || got.body != deniedXML {
			t.Errorf("locked at the engine: %d %s", got.StatusCode, got.body)
		}
	}
	if len(h.trail.Find(audit.PrimaryExpired)) != 2 {
		t.Errorf("audit: %v", h.trail.Names())
	}
}

// Passcodes sent, a device that is not there, and Duo's trouble are told apart
// for whoever gave the right password; a denial is not.
func TestEndsOfAPush(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, password string
		script         func(h *gatehouse)
		status         int
		want           string
	}{
		{"sms", enginePassword + ",sms", func(h *gatehouse) { h.prover.Says("deny", "sent") }, 401, "Passcodes were sent"},
		{"denied", enginePassword, func(h *gatehouse) { h.prover.Says("deny", "deny") }, 401, deniedXML},
		{"fraud", enginePassword, func(h *gatehouse) { h.prover.Says("deny", "fraud") }, 401, deniedXML},
		{"not answered", enginePassword, func(h *gatehouse) { h.prover.Says("deny", "timeout") }, 401, deniedXML},
		{"not enrolled", enginePassword, func(h *gatehouse) {
			h.prover.OnPreauth(func(context.Context, string, netip.Addr) (mfa.PreauthResult, error) { return mfa.PreauthEnroll, nil })
		}, 401, "not enrolled"},
		{"Duo is down", enginePassword, func(h *gatehouse) { h.prover.Fails(errors.New("down")) }, 401, "second factor is unavailable"},
		{"let in without being asked", enginePassword, func(h *gatehouse) { h.prover.Says("allow", "bypass") }, 401, deniedXML},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newGatehouse(t)
			tt.script(h)
			got := h.call(t, "paula", tt.password)
			if got.StatusCode != tt.status || !strings.Contains(got.body, tt.want) {
				t.Errorf("login = %d %s, want %d with %s", got.StatusCode, got.body, tt.status, tt.want)
			}
			h.left(t, 0)
		})
	}
}
