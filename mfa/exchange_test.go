package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// Threats T079, T096: what each failure of the exchange means for the login.
func TestExchangeFailures(t *testing.T) {
	t.Parallel()
	badToken := func(fault error) error { return fmt.Errorf("%w: %w", duoclient.ErrBadToken, fault) }
	notSent := func(class error) error { return fmt.Errorf("%w: %w", duoclient.ErrNotSent, class) }
	refused := []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}
	again := []error{mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable}
	down := []error{mfa.ErrSecondFactorUnavailable}
	tests := []struct {
		name   string
		err    error
		want   []error
		phase  mfa.Phase
		event  audit.Name
		reason string
	}{
		{"not sent, outage", notSent(duoclient.ErrOutage), down, mfa.Pending, audit.DuoUnavailable, "outage"},
		{"not sent, busy", notSent(duoclient.ErrBusy), down, mfa.Pending, audit.DuoUnavailable, "busy"},
		{"not sent, untrusted", notSent(duoclient.ErrUntrustedServer), down, mfa.Pending, audit.DuoUntrusted, "untrusted"},
		{"not sent, because of the code", notSent(duoclient.ErrArgument), refused, mfa.Burned, audit.MFARefused, "code_malformed"},
		{"code refused", duoclient.ErrCodeRefused, refused, mfa.Burned, audit.MFARefused, "code_refused"},
		{"not allowed", duoclient.ErrNotAllowed, refused, mfa.Burned, audit.MFARefused, "not_allowed"},
		{"argument", duoclient.ErrArgument, refused, mfa.Burned, audit.MFARefused, "code_malformed"},
		{"token", duoclient.ErrBadToken, refused, mfa.Burned, audit.MFARefused, "token_refused"},
		{"token malformed", badToken(duoclient.ErrTokenMalformed), refused, mfa.Burned, audit.MFARefused, "token_malformed"},
		{"token algorithm", badToken(duoclient.ErrTokenAlgorithm), refused, mfa.Burned, audit.MFARefused, "token_algorithm"},
		{"token signature", badToken(duoclient.ErrTokenSignature), refused, mfa.Burned, audit.MFARefused, "token_signature"},
		{"token issuer", badToken(duoclient.ErrTokenIssuer), refused, mfa.Burned, audit.MFARefused, "token_issuer"},
		{"token audience", badToken(duoclient.ErrTokenAudience), refused, mfa.Burned, audit.MFARefused, "token_audience"},
		// Threats T036, T065, T069: a code of another prompt.
		{"token nonce", badToken(duoclient.ErrTokenNonce), refused, mfa.Burned, audit.MFARefused, "token_nonce"},
		{"token username", badToken(duoclient.ErrTokenUsername), refused, mfa.Burned, audit.MFARefused, "token_username"},
		{"token expired", badToken(duoclient.ErrTokenExpired), refused, mfa.Burned, audit.MFARefused, "token_expired"},
		{"token issue time", badToken(duoclient.ErrTokenIssuedAt), refused, mfa.Burned, audit.MFARefused, "token_issued_at"},
		{"token reused", badToken(duoclient.ErrTokenReused), refused, mfa.Burned, audit.MFARefused, "token_reused"},
		{"cut after sending", duoclient.ErrOutage, again, mfa.Burned, audit.DuoUnavailable, "outage"},
		{"rate limited", duoclient.ErrRateLimited, again, mfa.Burned, audit.DuoUnavailable, "busy"},
		{"malformed", duoclient.ErrMalformedResponse, again, mfa.Burned, audit.DuoUnavailable, "malformed"},
		{"unknown", errors.New("something new"), again, mfa.Burned, audit.DuoUnavailable, "malformed"},
		{"timeout", context.DeadlineExceeded, again, mfa.Burned, audit.DuoUnavailable, "malformed"},
		{"wrong keys", duoclient.ErrMisconfigured, down, mfa.Burned, audit.DuoMisconfigured, "misconfigured"},
		// Threat T040.
		{"the secret that began it is gone", fmt.Errorf("%w: gone", duoclient.ErrSecretRetired), refused, mfa.Burned, audit.MFARefused, "secret_retired"},
		{"clock", duoclient.ErrClockSkew, down, mfa.Burned, audit.DuoClockSkew, "clock_skew"},
		{"untrusted after sending", duoclient.ErrUntrustedServer, down, mfa.Burned, audit.DuoUntrusted, "untrusted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.begin(t, asUser("alice"))
			r.exchangeFails(tt.err)
			r.refuses(t, l.second, append(tt.want, tt.err)...)
			outcome := audit.Failed
			if tt.event == audit.MFARefused {
				outcome = audit.Refused
			}
			r.wantLast(t, tt.event, outcome, tt.reason)
			r.wantPhase(t, l.state, tt.phase)
			r.duo.OnExchange(nil)
			if tt.phase == mfa.Pending {
				r.wantReleased(t)
				r.redeems(t, l.second) // the very same call, the very same code
				r.wantExchanges(t, 2)
				return
			}
			r.wantReleased(t, "upstream session of alice")
			// Threat T067: one guess.
			r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrNotPending)
			r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.Code = "another" }), mfa.ErrRefused, mfa.ErrNotPending)
			r.wantExchanges(t, 1)
		})
	}
}

// An identity that is none, or of another user, is refused whatever the
// client of Duo thinks of it.
func TestIdentityIsCheckedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		id   *duoclient.Identity
		want []error
	}{
		{"none", nil, []error{mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable}},
		{"another user", mfatest.Approved(duoclient.ExchangeRequest{Username: "admin"}), []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}},
		{"nobody", &duoclient.Identity{}, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}},
	}
	for _, tt := range tests {
		r := newRig(t)
		l := r.begin(t, asUser("alice"))
		r.duo.OnExchange(func(context.Context, duoclient.ExchangeRequest) (*duoclient.Identity, error) { return tt.id, nil })
		r.refuses(t, l.second, tt.want...)
		r.wantPhase(t, l.state, mfa.Burned)
	}
}

// duoLike lets codes work as Duo's do: each belongs to one prompt.
func (r *rig) duoLike() {
	r.duo.OnExchange(func(_ context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		for _, p := range r.duo.Prompts() {
			if q.Code == "code-"+p.State {
				if p.Nonce != q.Nonce {
					return nil, fmt.Errorf("%w: %w", duoclient.ErrBadToken, duoclient.ErrTokenNonce)
				}
				return mfatest.Approved(q), nil
			}
		}
		return nil, duoclient.ErrCodeRefused
	})
}

// Threat T065: eve's code with alice's state, and the other way round, give
// nobody anything.
func TestSwappedStates(t *testing.T) {
	t.Parallel()
	for _, forged := range []bool{false, true} {
		r := newRig(t)
		r.duoLike()
		alice, eve := r.begin(t, asUser("alice")), r.begin(t, asUser("eve"))
		q := eve.with(func(q *mfa.RedeemRequest) { q.State = alice.state })
		if forged {
			q.FormUsername, q.HeaderUsername = "alice", []string{"alice"}
		}
		want := []error{mfa.ErrRefused, mfa.ErrUserMismatch}
		if forged {
			want[1] = mfa.ErrSecondFactorRefused
		}
		r.refuses(t, q, want...)
		if forged {
			r.wantPhase(t, alice.state, mfa.Burned)
			r.wantLast(t, audit.MFARefused, audit.Refused, "token_nonce")
			// The code is spent, also for its owner.
			r.refuses(t, eve.second, mfa.ErrRefused, mfa.ErrCodeSeen)
			continue
		}
		r.redeems(t, eve.second)
		r.redeems(t, alice.second)
	}
}

// Threat T069: a code is sent to Duo once, whatever transaction brings it,
// for ten minutes.
func TestCodeIsSpentOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Lifetime = time.Hour })
	first := r.begin(t, asUser("alice"))
	r.redeems(t, first.second)
	stolen := func(l login) mfa.RedeemRequest {
		return l.with(func(q *mfa.RedeemRequest) { q.Code = first.second.Code })
	}
	second := r.begin(t, asUser("alice"))
	r.clock.Add(10*time.Minute - time.Millisecond)
	r.refuses(t, stolen(second), mfa.ErrRefused, mfa.ErrCodeSeen)
	r.wantLast(t, audit.MFAReplay, audit.Refused, "code_seen")
	r.wantPhase(t, second.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
	r.wantExchanges(t, 1)
	third := r.begin(t, asUser("alice"))
	r.clock.Add(time.Millisecond)
	r.redeems(t, stolen(third)) // forgotten here; Duo refuses it by then
}

// Threat T069: a code that never left may be brought again by its own
// transaction and by no other.
func TestUnsentCodeBelongsToItsTransaction(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l, other := r.begin(t, asUser("alice")), r.begin(t, asUser("alice"))
	r.exchangeFails(errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage))
	r.refuses(t, l.second, mfa.ErrSecondFactorUnavailable)
	r.refuses(t, other.with(func(q *mfa.RedeemRequest) { q.Code = l.second.Code }), mfa.ErrRefused, mfa.ErrCodeSeen)
	r.refuses(t, l.second, mfa.ErrSecondFactorUnavailable)
	r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.Code = "another" }), mfa.ErrSecondFactorUnavailable)
	r.duo.OnExchange(nil)
	// The newer unsent code took the older one's place.
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrCodeSeen)
}

// Threat T078: the exchange comes to its end when the client goes away.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	ctx, cancel := context.WithCancel(t.Context())
	r.duo.OnExchange(func(ctx context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		cancel()
		if deadline, ok := ctx.Deadline(); ctx.Err() != nil || !ok || time.Until(deadline) > 12*time.Second {
			return nil, fmt.Errorf("context of the exchange: %w, deadline %v", ctx.Err(), deadline)
		}
		return mfatest.Approved(q), nil
	})
	g, err := r.Redeem(ctx, l.second)
	if err != nil || g == nil {
		t.Fatalf("Redeem = %v, %v, want a grant", g, err)
	}
	r.wantPhase(t, l.state, mfa.Redeemed)
	r.wantLast(t, audit.MFAAllowed, audit.OK, "")
}

// Threat T079: an exchange that hangs ends within 12 s, is not repeated, and
// burns.
func TestExchangeHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *mfa.Config) { c.Now = time.Now })
		l := r.begin(t, asUser("alice"))
		r.duo.OnExchange(func(ctx context.Context, _ duoclient.ExchangeRequest) (*duoclient.Identity, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("%w: %w", duoclient.ErrOutage, ctx.Err())
		})
		before := time.Now()
		r.refuses(t, l.second, mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable)
		if took := time.Since(before); took > 12*time.Second {
			t.Errorf("Redeem took %v, want at most 12 s", took)
		}
		r.wantExchanges(t, 1)
		r.wantPhase(t, l.state, mfa.Burned)
	})
}

// during runs f while Duo is being asked, and then approves.
func (r *rig) during(f func()) {
	r.duo.OnExchange(func(_ context.Context, q duoclient.ExchangeRequest) (*duoclient.Identity, error) {
		f()
		return mfatest.Approved(q), nil
	})
}

// Threat T071: what happens while Duo is being asked is not overlooked.
func TestThingsHappenDuringTheExchange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		during func(*testing.T, *rig, login)
		want   []error
		phase  mfa.Phase
		event  audit.Name
		reason string
	}{
		{
			"the time runs out", func(_ *testing.T, r *rig, _ login) { r.clock.Add(10 * time.Minute) },
			[]error{mfa.ErrRefused, mfa.ErrExpired},
			mfa.Burned, audit.LoginDataExpired, "",
		},
		// Threat R38: the account is looked at before and after.
		{
			"the account is disabled", func(_ *testing.T, r *rig, _ login) { r.accounts.Change("alice") },
			[]error{mfa.ErrRefused, mfa.ErrAccountChanged},
			mfa.Burned, audit.MFAAccountChanged, "",
		},
		// Threat T041: the person at the prompt says no.
		{
			"the user denies", func(t *testing.T, r *rig, l login) {
				t.Helper()
				if err := r.Deny(t.Context(), l.state, from("198.51.100.9")); err != nil {
					t.Errorf("Deny = %v, want nil", err)
				}
			},
			[]error{mfa.ErrRefused, mfa.ErrDenied},
			mfa.Denied, audit.MFARefused, "ended_meanwhile",
		},
		{
			"the same call again", func(t *testing.T, r *rig, l login) {
				t.Helper()
				r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrNotPending)
				r.wantLast(t, audit.MFAReplay, audit.Refused, "claimed")
			}, nil, mfa.Redeemed, audit.MFAAllowed, "",
		},
		{
			"wrong fields do not count", func(t *testing.T, r *rig, l login) {
				t.Helper()
				for range 3 {
					r.refuses(t, l.with(func(q *mfa.RedeemRequest) { q.FormUsername = "x" }), mfa.ErrRefused, mfa.ErrNotPending)
				}
			}, nil, mfa.Redeemed, audit.MFAAllowed, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			l := r.begin(t, asUser("alice"))
			r.during(func() { tt.during(t, r, l) })
			if tt.want == nil {
				r.redeems(t, l.second)
				r.wantReleased(t)
			} else {
				r.refuses(t, l.second, tt.want...)
				r.wantReleased(t, "upstream session of alice")
			}
			r.wantLast(t, tt.event, map[bool]audit.Outcome{true: audit.OK, false: audit.Refused}[tt.want == nil], tt.reason)
			r.wantPhase(t, l.state, tt.phase)
		})
	}
}

// A sibling that is redeemed ends also a login whose exchange is under way.
func TestSiblingIsRedeemedDuringTheExchange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	slow := r.begin(t, asUser("alice"))
	b := asUser("alice")
	b.Client.Binding, b.Carry = slow.begun.Binding, nil
	quick := r.begin(t, b)
	first := true
	r.during(func() {
		if first {
			first = false
			r.redeems(t, quick.second)
		}
	})
	r.refuses(t, slow.second, mfa.ErrRefused, mfa.ErrNotPending)
	r.wantPhase(t, slow.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
}

// Threat R38: an account that changed before the second call burns without
// asking Duo.
func TestAccountChangedBefore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.accounts.Change("alice")
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrAccountChanged)
	r.wantLast(t, audit.MFAAccountChanged, audit.Refused, "")
	r.wantPhase(t, l.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
	r.wantExchanges(t, 0)
}

// A directory that fails before the exchange leaves the login alone; after it
// the code is gone, and so is the login.
func TestDirectoryFails(t *testing.T) {
	t.Parallel()
	errDirectory := errors.New("directory is down")
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	r.accounts.Fail(errDirectory)
	r.refuses(t, l.second, mfa.ErrUnavailable, errDirectory)
	r.wantPhase(t, l.state, mfa.Pending)
	r.accounts.Fail(nil)
	r.during(func() { r.accounts.Fail(errDirectory) })
	r.refuses(t, l.second, mfa.ErrUnavailable, errDirectory)
	r.wantPhase(t, l.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
	r.wantExchanges(t, 1)
}

// Threat T070: 1,000 transactions, 50 redeemers each, all at once: one grant
// and one call to Duo for each.
func TestConcurrentRedeemers(t *testing.T) {
	t.Parallel()
	transactions, redeemers := 1_000, 50
	if testing.Short() {
		transactions = 100
	}
	r := newRig(t)
	logins := make([]login, transactions)
	for n := range logins {
		logins[n] = r.begin(t, asUser(fmt.Sprintf("user %d", n)))
	}
	grants := make([]atomic.Int64, transactions)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for range redeemers {
		wg.Go(func() {
			<-gate
			for n, l := range logins {
				g, err := r.Redeem(t.Context(), l.second)
				switch {
				case err == nil && g.Username == l.second.FormUsername:
					grants[n].Add(1)
				case !errors.Is(err, mfa.ErrNotPending) || g != nil:
					t.Errorf("Redeem = %v, %v, want ErrNotPending", g, err)
				}
			}
		})
	}
	close(gate)
	wg.Wait()
	for n := range grants {
		if got := grants[n].Load(); got != 1 {
			t.Errorf("transaction %d gave %d grants, want 1", n, got)
		}
	}
	seen := make(map[string]int)
	for _, q := range r.duo.Exchanges() {
		seen[q.Nonce]++
	}
	for nonce, n := range seen {
		if n != 1 {
			t.Errorf("Duo was asked %d times about %s, want once", n, nonce)
		}
	}
	r.wantExchanges(t, transactions)
	r.wantReleased(t)
}
