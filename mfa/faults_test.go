package mfa_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

var errFault = errors.New("injected fault")

// faulty stands before stores, directory and audit trail and fails the n-th
// call of all: before it has an effect or after it.
type faulty struct {
	rig    *rig
	n      int
	after  bool
	calls  int
	struck string
}

func (f *faulty) call(what string, do func() error) error {
	f.calls++
	if f.calls != f.n {
		return do()
	}
	f.struck = what
	if f.after {
		_ = do()
	}
	return errFault
}

func (f *faulty) Insert(ctx context.Context, t mfa.Transaction, l mfa.Limits, now time.Time) (replaced []mfa.Transaction, err error) {
	err = f.call("insert", func() error { replaced, err = f.rig.memory.Insert(ctx, t, l, now); return err })
	return replaced, err
}

func (f *faulty) Find(ctx context.Context, k mfa.Key) (t mfa.Transaction, err error) {
	err = f.call("find", func() error { t, err = f.rig.memory.Find(ctx, k); return err })
	return t, err
}

func (f *faulty) Update(ctx context.Context, k mfa.Key, change func(*mfa.Transaction) error) (t mfa.Transaction, err error) {
	err = f.call("update", func() error { t, err = f.rig.memory.Update(ctx, k, change); return err })
	return t, err
}

func (f *faulty) Siblings(ctx context.Context, b [sha256.Size]byte, now time.Time) (ts []mfa.Transaction, err error) {
	err = f.call("siblings", func() error { ts, err = f.rig.memory.Siblings(ctx, b, now); return err })
	return ts, err
}

func (f *faulty) Sweep(ctx context.Context, before time.Time, limit int) (n int, live []mfa.Transaction, err error) {
	err = f.call("sweep", func() error { n, live, err = f.rig.memory.Sweep(ctx, before, limit); return err })
	return n, live, err
}

func (f *faulty) Known(ctx context.Context, user string, addr netip.Addr, now time.Time) (known bool, err error) {
	err = f.call("known", func() error { known, err = f.rig.memory.Known(ctx, user, addr, now); return err })
	return known, err
}

func (f *faulty) Remember(ctx context.Context, user string, addr netip.Addr, until time.Time) error {
	return f.call("remember", func() error { return f.rig.memory.Remember(ctx, user, addr, until) })
}

func (f *faulty) Spend(ctx context.Context, code [sha256.Size]byte, until, now time.Time) (fresh bool, err error) {
	err = f.call("spend", func() error { fresh, err = f.rig.memory.Spend(ctx, code, until, now); return err })
	return fresh, err
}

func (f *faulty) Unchanged(ctx context.Context, user string, since time.Time) (same bool, err error) {
	err = f.call("unchanged", func() error { same, err = f.rig.accounts.Unchanged(ctx, user, since); return err })
	return same, err
}

func (f *faulty) Record(ctx context.Context, e audit.Event) error {
	return f.call("record "+string(e.Name), func() error { return f.rig.audit.Record(ctx, e) })
}

func (f *faulty) Verify(ctx context.Context, user string, c mfa.Carry) error {
	return f.call("verify", func() error { return f.rig.carries.Verify(ctx, user, c) })
}

// Live and what else the flow asks a store for.
func (f *faulty) Live(ctx context.Context, k mfa.Key, limit int) (txs []mfa.Transaction, err error) {
	err = f.call("live", func() error { txs, err = f.rig.memory.Live(ctx, k, limit); return err })
	return txs, err
}

// faultyGlass is the same before break-glass codes, whose method has the name
// of one of a store.
type faultyGlass struct{ *faulty }

func (f faultyGlass) Spend(ctx context.Context, user, code string) (handle string, err error) {
	err = f.call("spend break-glass", func() error { handle, err = f.rig.glass.Spend(ctx, user, code); return err })
	return handle, err
}

// scenario is a run in which something may fail. It returns what the last
// call said.
type scenario struct {
	name string
	run  func(t *testing.T, r *rig) (*mfa.Grant, []error)
	// grants is set when the run without a fault ends with a grant.
	grants bool
}

func scenarios() []scenario {
	return []scenario{
		{"login", runLogin, true},
		{"login with siblings", runSiblings, true},
		{"three misses", runMisses, false},
		{"refused by Duo", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			return runExchange(t, r, duoclient.ErrCodeRefused)
		}, false},
		{"cut off", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			return runExchange(t, r, duoclient.ErrOutage)
		}, false},
		{"not sent", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			return runExchange(t, r, errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage))
		}, false},
		{"not enough", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.outcomeIs(func(ac *duoclient.AuthContext) { ac.Reason = "bypass_user" })
			return runLogin(t, r)
		}, false},
		{"relayed", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.outcomeIs(func(ac *duoclient.AuthContext) { ac.AccessDeviceIP = "8.8.8.8" })
			return runLogin(t, r)
		}, true},
		{"too late", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.during(func() { r.clock.Add(time.Hour) })
			return runLogin(t, r)
		}, false},
		{"account changed", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.during(func() { r.accounts.Change("alice") })
			return runLogin(t, r)
		}, false},
		{"denied", runDeny, false},
		{"swept", runSweep, false},
		{"fail open", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.healthIs(duoclient.ErrOutage)
			begun, err := r.Begin(t.Context(), asUser("alice"))
			return begun.Grant, []error{err}
		}, true},
		{"push", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			g, err := r.Prove(t.Context(), oneCall("alice"), push)
			return g, []error{err}
		}, true},
		{"push denied", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.prover.Says("deny", "deny")
			g, err := r.Prove(t.Context(), oneCall("alice"), push)
			return g, []error{err}
		}, false},
		{"break glass", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			r.glass.Add("alice", "code")
			g, err := r.BreakGlass(t.Context(), oneCall("alice"), "code")
			return g, []error{err}
		}, true},
		{"exempt", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			g, err := r.Exempt(t.Context(), oneCall("alice"), "backup")
			return g, []error{err}
		}, true},
		{"unfinished", func(t *testing.T, r *rig) (*mfa.Grant, []error) {
			t.Helper()
			l, err := tryBegin(t, r, asUser("alice"))
			if err != nil {
				return nil, []error{err}
			}
			_, uerr := r.EndUnfinished(t.Context())
			g, err := r.Redeem(t.Context(), l.second)
			return g, []error{uerr, err}
		}, false},
	}
}

// tryBegin returns a second call, or the zero one when Begin failed.
func tryBegin(t *testing.T, r *rig, b mfa.BeginRequest) (login, error) {
	t.Helper()
	begun, err := r.Begin(t.Context(), b)
	if err != nil {
		if begun != (mfa.Begun{}) {
			t.Errorf("Begin = %+v, %v, want nothing beside an error", begun, err)
		}
		return login{}, err
	}
	return loginOf(begun.Challenge, b), nil
}

func runLogin(t *testing.T, r *rig) (*mfa.Grant, []error) {
	t.Helper()
	l, err := tryBegin(t, r, asUser("alice"))
	g, rerr := r.Redeem(t.Context(), l.second)
	if err != nil {
		return g, []error{err}
	}
	return g, []error{rerr}
}

func runSiblings(t *testing.T, r *rig) (*mfa.Grant, []error) {
	t.Helper()
	first, err := tryBegin(t, r, asUser("alice"))
	if err != nil {
		return nil, []error{err}
	}
	b := asUser("alice")
	b.Client.Binding = first.begun.Binding
	errs := make([]error, 0, 8)
	for range 6 { // one more than a client may have
		_, err := tryBegin(t, r, b)
		errs = append(errs, err)
	}
	l, err := tryBegin(t, r, b)
	if err != nil {
		return nil, append(errs, err)
	}
	g, err := r.Redeem(t.Context(), l.second)
	return g, append(errs, err)
}

func runMisses(t *testing.T, r *rig) (*mfa.Grant, []error) {
	t.Helper()
	l, err := tryBegin(t, r, asUser("alice"))
	if err != nil {
		return nil, []error{err}
	}
	var errs []error
	for range 3 {
		_, err := r.Redeem(t.Context(), l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "eve" }))
		errs = append(errs, err)
	}
	return nil, errs
}

func runExchange(t *testing.T, r *rig, failure error) (*mfa.Grant, []error) {
	t.Helper()
	r.exchangeFails(failure)
	return runLogin(t, r)
}

func runDeny(t *testing.T, r *rig) (*mfa.Grant, []error) {
	t.Helper()
	l, err := tryBegin(t, r, asUser("alice"))
	if err != nil {
		return nil, []error{err}
	}
	derr := r.Deny(t.Context(), l.state, mfa.Client{})
	if derr != nil {
		return nil, []error{derr}
	}
	g, err := r.Redeem(t.Context(), l.second)
	return g, []error{err}
}

func runSweep(t *testing.T, r *rig) (*mfa.Grant, []error) {
	t.Helper()
	l, err := tryBegin(t, r, asUser("alice"))
	if err != nil {
		return nil, []error{err}
	}
	r.clock.Add(time.Hour)
	_, serr := r.Sweep(t.Context())
	g, err := r.Redeem(t.Context(), l.second)
	return g, []error{serr, err}
}

// Invariant I4, threats R04-R06, T195: whichever call of a store, of the
// directory or of the audit trail fails, before or after its effect, there is
// no grant and the caller is told both the class and the cause.
func TestEveryCallFailsOnce(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/after=%t", s.name, after), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					struck := failNth(t, s, n, after)
					if struck == "" {
						if n < 2 {
							t.Errorf("only %d calls, the scenario tests nothing", n-1)
						}
						return
					}
				}
			})
		}
	}
}

// failNth runs a scenario whose n-th call fails and returns which call that
// was; none when the run has fewer calls.
func failNth(t *testing.T, s scenario, n int, after bool) string {
	t.Helper()
	f := &faulty{n: n, after: after}
	r := newRig(t, func(c *mfa.Config) {
		c.Transactions, c.Sources, c.Codes, c.Accounts, c.Recorder = f, f, f, f, f
		c.Carries, c.BreakGlass, c.Failmode = f, faultyGlass{f}, mfa.FailSafe
	})
	f.rig = r
	g, errs := s.run(t, r)
	if f.struck == "" {
		if (g != nil) != s.grants {
			t.Errorf("without a fault: grant %v, %v, want one: %t", g, errs, s.grants)
		}
		return ""
	}
	told := false
	for _, err := range errs {
		told = told || errors.Is(err, mfa.ErrUnavailable) && errors.Is(err, errFault)
	}
	last := errs[len(errs)-1]
	switch {
	case !told:
		t.Errorf("%s (call %d) failed: errors are %v, want one that is ErrUnavailable and the fault", f.struck, n, errs)
	case g != nil && last != nil:
		t.Errorf("%s (call %d) failed: grant beside error %v", f.struck, n, last)
	case g != nil && len(errs) == 1:
		t.Errorf("%s (call %d) failed, and there is a grant", f.struck, n)
	}
	wantOneEnd(t, r, f.struck, g)
	return f.struck
}

// wantOneEnd checks that Duo saw a code at most once, that a grant was
// recorded, and that nothing is carried by nobody once all has expired.
func wantOneEnd(t *testing.T, r *rig, struck string, g *mfa.Grant) {
	t.Helper()
	seen := make(map[string]bool)
	for _, q := range r.duo.Exchanges() {
		if seen[q.Code] {
			t.Errorf("%s failed: Duo saw a code twice", struck)
		}
		seen[q.Code] = true
	}
	if g != nil && !slices.ContainsFunc([]audit.Name{audit.MFAAllowed, audit.MFAFailOpen, audit.BreakGlassUsed, audit.MFAExempt}, func(name audit.Name) bool {
		return r.audit.Count(name) > 0
	}) {
		t.Errorf("%s failed: a grant that was not recorded", struck)
	}
	r.clock.Add(24 * time.Hour)
	if _, err := r.Sweep(t.Context()); err != nil {
		t.Errorf("Sweep = %v, want nil", err)
	}
	if g == nil && len(r.released.Released()) == 0 && struck != "sweep" {
		t.Errorf("%s failed: the carry was never released", struck)
	}
}

// A burn that fails after Duo refused leaves a transaction that nobody can
// claim.
func TestFailedBurnIsNoSecondGuess(t *testing.T) {
	t.Parallel()
	f := &faulty{}
	r := newRig(t, func(c *mfa.Config) { c.Transactions = f })
	f.rig = r
	l := r.begin(t, asUser("alice"))
	r.duo.OnExchange(func(context.Context, duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		f.n = f.calls + 1
		return nil, duoclient.ErrCodeRefused
	})
	r.refuses(t, l.second, mfa.ErrUnavailable, errFault)
	r.duo.OnExchange(nil)
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.wantExchanges(t, 1)
}
