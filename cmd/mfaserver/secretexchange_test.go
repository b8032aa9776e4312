package main_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// heldLogin is a login between its prompt and its second call.
type heldLogin struct {
	*apiClient
	username, data string
}

func (b *gatewayBench) hold(t *testing.T, username string) heldLogin {
	t.Helper()
	c := b.client(t)
	return heldLogin{c, username, c.approve(t, username, c.challenge(t, username, gatewayPassword))}
}

// ends makes the second call.
func (h heldLogin) ends(t *testing.T, want int) {
	t.Helper()
	a := h.second(t, h.username, h.data)
	if a.status != want {
		t.Errorf("the second call = %d %s, want %d", a.status, a.body, want)
	}
	h.alive(t, want == http.StatusOK)
}

// secrets is the file with these client secrets; previous may be empty.
func secrets(good, old, current, previous string) string {
	text := "client_secret: " + current
	if previous != "" {
		text += ", client_secret_previous: " + previous
	}
	return strings.Replace(good, "client_secret: "+old, text, 1)
}

// Threat T040, fault R27: the client secret is exchanged under load. While both
// are configured, and Duo takes both, every login ends well, whichever began it;
// without the old one those that it began are refused, and no other. No reload
// fails a login or a call meanwhile.
func TestClientSecretIsExchangedUnderLoad(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob", "carol"}, nil)
	r := newReloads(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := &load{ctx: ctx}
	busy := b.client(t)
	busy.login(t, "alice", gatewayPassword)
	l.use(t, busy, true)
	for _, name := range []string{"bob", "carol"} {
		l.signIn(t, b.client(t), name)
	}
	// Each login that was under way at a reload is over after two more of each.
	turns := func() {
		t.Helper()
		until := l.logins.Load() + 6
		eventually(t, "more logins", func() bool { return l.logins.Load() >= until || t.Failed() })
	}
	old := b.duo.Credentials().ClientSecret
	current := old
	for range secretExchanges {
		early, late := b.hold(t, "alice"), b.hold(t, "alice")
		fresh := b.duo.ExchangeClientSecret(true)
		turns()
		r.hangup(t, secrets(r.good, old, fresh, current), saidReplaced)
		between := b.hold(t, "alice")
		early.ends(t, http.StatusOK)
		turns()
		r.hangup(t, secrets(r.good, old, fresh, ""), saidReplaced)
		b.duo.EndPreviousSecret()
		between.ends(t, http.StatusOK)
		late.ends(t, http.StatusUnauthorized)
		current = fresh
		turns()
	}
	cancel()
	l.all.Wait()
	t.Logf("%d logins and %d calls during %d exchanges", l.logins.Load(), l.calls.Load(), secretExchanges)
	got := runCommand(t, "", "--config", b.config, "--output", "json", "audit", "show", "--event", "mfa.refused", "--limit", "1000")
	if n := strings.Count(got.stdout, `"secret_retired"`); n != secretExchanges {
		t.Errorf("%d refusals for a retired secret in the trail, want %d: %s", n, secretExchanges, got.stdout)
	}
	if strings.Contains(fmt.Sprint(b.log), current) || strings.Contains(got.stdout, current) {
		t.Error("a client secret is in the log or the trail")
	}
}

const secretExchanges = 4

// Threat T040: Duo ends the old secret at once, as it does when the secret is
// reset, although the file names it still: logins that it began are refused
// without an alarm about the configuration, others end well.
func TestPreviousSecretThatDuoHasEnded(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"alice", "bob"}, nil)
	r := newReloads(t, b)
	early := b.hold(t, "alice")
	old := b.duo.Credentials().ClientSecret
	fresh := b.duo.ExchangeClientSecret(false)
	r.hangup(t, secrets(r.good, old, fresh, old), saidReplaced)
	early.ends(t, http.StatusUnauthorized)
	b.hold(t, "bob").ends(t, http.StatusOK)
	got := runCommand(t, "", "--config", b.config, "--output", "json", "audit", "show", "--limit", "1000")
	if !strings.Contains(got.stdout, `"secret_retired"`) || strings.Contains(got.stdout, `"duo.misconfigured"`) {
		t.Errorf("the trail: %s", got.stdout)
	}
}
