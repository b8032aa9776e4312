package mfa_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ mfa.SecondFactor = (*duoclient.Universal)(nil)

const (
	callback = "https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback"
	granted  = mfa.PrimaryStatus("SUCCESS")
	grace    = mfa.PrimaryStatus("SUCCESS_GRACE_PERIOD")
)

var epoch = time.Date(2031, time.March, 4, 5, 6, 7, 0, time.UTC)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// rig is a flow among stand-ins.
type rig struct {
	*mfa.Flow
	duo      *mfatest.SecondFactor
	memory   *mfa.Memory
	accounts *mfatest.Accounts
	audit    *mfatest.Recorder
	released *mfatest.Releaser
	prover   *mfatest.Prover
	glass    *mfatest.BreakGlass
	carries  *mfatest.Carries
	clock    *clock
	config   mfa.Config
}

func newRig(t *testing.T, change ...func(*mfa.Config)) *rig {
	t.Helper()
	r := &rig{
		duo: new(mfatest.SecondFactor), memory: mfa.NewMemory(), accounts: new(mfatest.Accounts),
		audit: new(mfatest.Recorder), released: new(mfatest.Releaser), clock: &clock{t: epoch},
		prover: new(mfatest.Prover), glass: new(mfatest.BreakGlass), carries: new(mfatest.Carries),
	}
	c := mfa.Config{
		SecondFactor: r.duo, Transactions: r.memory, Sources: r.memory, Codes: r.memory,
		Accounts: r.accounts, Recorder: r.audit, Releaser: r.released, Now: r.clock.Now,
		Prover: r.prover, BreakGlass: r.glass, Carries: r.carries,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&c)
	}
	r.config = c
	r.restart(t)
	return r
}

// restart is another process that finds the same stores.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	flow, err := mfa.New(r.config)
	if err != nil {
		t.Fatalf("New = %v, want nil", err)
	}
	r.Flow = flow
}

func from(addr string) mfa.Client {
	return mfa.Client{Addr: netip.MustParseAddr(addr), UserAgent: "curl/8", RequestID: "req-1"}
}

// asUser is an accepted password at the usual address.
func asUser(name string) mfa.BeginRequest {
	return mfa.BeginRequest{
		Username: name, Typed: name, UserID: 7, Primary: granted, Message: "welcome",
		RedirectURI: callback, Carry: mfa.Carry("upstream session of " + name), Client: from("192.0.2.1"),
	}
}

// login is a transaction under way and the second call that fits it.
type login struct {
	state  string
	begun  *mfa.Challenge
	second mfa.RedeemRequest
}

func (r *rig) begin(t *testing.T, b mfa.BeginRequest) login {
	t.Helper()
	begun, err := r.Begin(t.Context(), b)
	if err != nil || begun.Challenge == nil || begun.Grant != nil {
		t.Fatalf("Begin = %+v, %v, want a challenge", begun, err)
	}
	return loginOf(begun.Challenge, b)
}

func loginOf(ch *mfa.Challenge, b mfa.BeginRequest) login {
	state := mfatest.StateOf(ch.AuthURL)
	return login{state: state, begun: ch, second: mfa.RedeemRequest{
		FormUsername: b.Typed, HeaderUsername: []string{b.Typed}, Primary: b.Primary,
		Code: "code-" + state, State: state, RedirectURI: b.RedirectURI, Client: b.Client,
	}}
}

func (l login) with(change func(*mfa.RedeemRequest)) mfa.RedeemRequest {
	r := l.second
	r.HeaderUsername = slices.Clone(r.HeaderUsername)
	change(&r)
	return r
}

func (r *rig) redeems(t *testing.T, q mfa.RedeemRequest) *mfa.Grant {
	t.Helper()
	g, err := r.Redeem(t.Context(), q)
	if err != nil || g == nil {
		t.Fatalf("Redeem = %v, %v, want a grant", g, err)
	}
	return g
}

// refuses expects an error that matches all of want and none of the others
// that matter to the caller.
func (r *rig) refuses(t *testing.T, q mfa.RedeemRequest, want ...error) {
	t.Helper()
	g, err := r.Redeem(t.Context(), q)
	if g != nil {
		t.Fatalf("Redeem = %+v, want no grant", g)
	}
	matches(t, "Redeem", err, want...)
}

func matches(t *testing.T, what string, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Errorf("%s = %v, want it to match %v", what, err, w)
		}
	}
	for _, other := range []error{mfa.ErrRefused, mfa.ErrUnavailable, mfa.ErrSecondFactorUnavailable, mfa.ErrStartAgain} {
		if errors.Is(err, other) && !slices.Contains(want, other) {
			t.Errorf("%s = %v, and matches %v too", what, err, other)
		}
	}
}

func (r *rig) phase(t *testing.T, state string) mfa.Phase {
	t.Helper()
	tx, err := r.memory.Find(t.Context(), mfa.KeyOf(state))
	if err != nil {
		t.Fatalf("Find = %v, want nil", err)
	}
	return tx.Phase
}

func (r *rig) wantPhase(t *testing.T, state string, want mfa.Phase) {
	t.Helper()
	if got := r.phase(t, state); got != want {
		t.Errorf("phase = %s, want %s", got, want)
	}
}

func (r *rig) wantExchanges(t *testing.T, want int) {
	t.Helper()
	if got := len(r.duo.Exchanges()); got != want {
		t.Errorf("Duo's token endpoint was asked %d times, want %d", got, want)
	}
}

func (r *rig) wantLast(t *testing.T, name audit.Name, outcome audit.Outcome, reason string) audit.Event {
	t.Helper()
	events := r.audit.Events()
	if len(events) == 0 {
		t.Fatalf("nothing was recorded, want %s", name)
	}
	e := events[len(events)-1]
	if e.Name != name || e.Outcome != outcome || e.Reason != reason {
		t.Errorf("last record is %s %s %q, want %s %s %q", e.Name, e.Outcome, e.Reason, name, outcome, reason)
	}
	return e
}

func (r *rig) wantReleased(t *testing.T, want ...string) {
	t.Helper()
	if got := r.released.Released(); !slices.Equal(got, want) {
		t.Errorf("released %q, want %q", got, want)
	}
}

// exchangeFails scripts the next exchanges.
func (r *rig) exchangeFails(err error) {
	r.duo.OnExchange(func(context.Context, duoclient.ExchangeRequest) (*duoclient.Identity, error) { return nil, err })
}

// outcomeIs scripts what Duo says of the next exchanges.
func (r *rig) outcomeIs(change func(*duoclient.AuthContext)) {
	r.duo.OnExchange(func(_ context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		id := mfatest.Approved(q)
		change(&id.Context)
		return id, nil
	})
}
