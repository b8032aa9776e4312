package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// healthIs scripts the answers of the health check, the last one for ever.
func (r *rig) healthIs(errs ...error) {
	var mu sync.Mutex
	r.duo.OnHealth(func(context.Context) (duoclient.Health, error) {
		mu.Lock()
		defer mu.Unlock()
		err := errs[0]
		if len(errs) > 1 {
			errs = errs[1:]
		}
		return duoclient.Health{}, err
	})
}

// Threats T096, T097, T099: which trouble of Duo opens a door: one, in one
// mode, for users, at the first call; and the records say whose fault it is.
func TestFailmode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		event  audit.Name
		reason string
		opens  bool
	}{
		{"outage", duoclient.ErrOutage, audit.DuoUnavailable, "outage", true},
		{"outage, not sent", fmt.Errorf("%w: %w", duoclient.ErrNotSent, duoclient.ErrOutage), audit.DuoUnavailable, "outage", true},
		{"outage after our own timeout", fmt.Errorf("%w: %w", duoclient.ErrOutage, context.DeadlineExceeded), audit.DuoUnavailable, "outage", true},
		{"rate limited", duoclient.ErrRateLimited, audit.DuoUnavailable, "busy", false},
		{"rate limited like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrRateLimited), audit.DuoUnavailable, "busy", false},
		{"busy", errors.Join(duoclient.ErrNotSent, duoclient.ErrBusy), audit.DuoUnavailable, "busy", false},
		{"busy like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrBusy), audit.DuoUnavailable, "busy", false},
		{"wrong keys", duoclient.ErrMisconfigured, audit.DuoMisconfigured, "misconfigured", false},
		{"wrong keys like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrMisconfigured), audit.DuoMisconfigured, "misconfigured", false},
		{"configuration", duoclient.ErrConfig, audit.DuoMisconfigured, "misconfigured", false},
		{"argument", duoclient.ErrArgument, audit.DuoMisconfigured, "refusal", false},
		{"clock", duoclient.ErrClockSkew, audit.DuoClockSkew, "clock_skew", false},
		{"clock like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrClockSkew), audit.DuoClockSkew, "clock_skew", false},
		{"untrusted server", duoclient.ErrUntrustedServer, audit.DuoUntrusted, "untrusted", false},
		{"untrusted server like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrUntrustedServer), audit.DuoUntrusted, "untrusted", false},
		{"malformed", duoclient.ErrMalformedResponse, audit.DuoUnavailable, "malformed", false},
		{"malformed like an outage", errors.Join(duoclient.ErrOutage, duoclient.ErrMalformedResponse), audit.DuoUnavailable, "malformed", false},
		{"unknown", errors.New("something new"), audit.DuoUnavailable, "malformed", false},
		{"cancelled like an outage", errors.Join(duoclient.ErrOutage, context.Canceled), audit.DuoUnavailable, "busy", false},
		{"timeout of nobody", context.DeadlineExceeded, audit.DuoUnavailable, "malformed", false},
	}
	for _, tt := range tests {
		for _, mode := range []mfa.Failmode{"", mfa.FailSecure, mfa.FailSafe} {
			for _, who := range []string{"user", "admin", "pages"} {
				t.Run(fmt.Sprintf("%s/%s/%s", tt.name, mode, who), func(t *testing.T) {
					t.Parallel()
					r := newRig(t, func(c *mfa.Config) { c.Failmode = mode })
					r.healthIs(tt.err)
					b := asUser("alice")
					b.Administrator, b.NeverOpen = who == "admin", who == "pages"
					begun, err := r.Begin(t.Context(), b)
					if tt.opens && mode == mfa.FailSafe && who == "user" {
						wantFailOpen(t, r, begun, err)
						return
					}
					matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, tt.err)
					if begun != (mfa.Begun{}) {
						t.Errorf("Begin = %+v, want nothing", begun)
					}
					r.wantLast(t, tt.event, audit.Failed, tt.reason)
					r.wantReleased(t, "upstream session of alice")
				})
			}
		}
	}
}

func wantFailOpen(t *testing.T, r *rig, begun mfa.Begun, err error) {
	t.Helper()
	if err != nil || begun.Challenge != nil || begun.Grant == nil {
		t.Fatalf("Begin = %+v, %v, want a grant", begun, err)
	}
	e := r.wantLast(t, audit.MFAFailOpen, audit.OK, "outage")
	want := mfa.Grant{
		Username: "alice", UserID: 7, Primary: granted, Message: "welcome", Transaction: e.Transaction,
		Reason: "fail_open", At: epoch, CheckedAt: epoch, FailOpen: true,
	}
	got := *begun.Grant
	if string(got.Carry) != "upstream session of alice" {
		t.Errorf("grant carries %q, want the upstream session", got.Carry)
	}
	got.Carry = nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("grant is %+v, want %+v", got, want)
	}
	if r.duo.Probes() != 2 || e.Username != "alice" || len(e.Transaction) != 12 {
		t.Errorf("%d probes and record %+v, want 2 and one about alice", r.duo.Probes(), e)
	}
	r.wantReleased(t)
}

// Threat T097: one failed probe is not an outage.
func TestFailOpenNeedsTwoProbes(t *testing.T) {
	t.Parallel()
	safe := func(c *mfa.Config) { c.Failmode = mfa.FailSafe }
	r := newRig(t, safe)
	r.healthIs(duoclient.ErrOutage, nil)
	r.begin(t, asUser("alice"))

	r = newRig(t, safe)
	r.healthIs(duoclient.ErrOutage, duoclient.ErrUntrustedServer)
	_, err := r.Begin(t.Context(), asUser("alice"))
	matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, duoclient.ErrUntrustedServer)
	r.wantLast(t, audit.DuoUntrusted, audit.Failed, "untrusted")

	r = newRig(t, safe)
	r.healthIs(duoclient.ErrOutage)
	r.audit.Fail(errors.New("disk full"))
	begun, err := r.Begin(t.Context(), asUser("alice"))
	matches(t, "Begin without an audit trail", err, mfa.ErrUnavailable)
	if begun.Grant != nil {
		t.Error("a grant that was not recorded")
	}
}

// Threat T097: the second call never fails open.
func TestSecondCallNeverFailsOpen(t *testing.T) {
	t.Parallel()
	for _, err := range []error{duoclient.ErrOutage, errors.Join(duoclient.ErrOutage, duoclient.ErrNotSent)} {
		r := newRig(t, func(c *mfa.Config) { c.Failmode = mfa.FailSafe })
		l := r.begin(t, asUser("alice"))
		r.healthIs(err)
		r.exchangeFails(err)
		if g, got := r.Redeem(t.Context(), l.second); g != nil || !errors.Is(got, mfa.ErrSecondFactorUnavailable) {
			t.Errorf("Redeem = %v, %v, want no grant", g, got)
		}
	}
}

func TestFailOpenRecordsTheOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Failmode = mfa.FailSafe })
	r.healthIs(duoclient.ErrOutage)
	begin := func() string {
		t.Helper()
		if _, err := r.Begin(t.Context(), asUser("alice")); err != nil {
			t.Fatalf("Begin = %v, want nil", err)
		}
		return r.wantLast(t, audit.MFAFailOpen, audit.OK, "outage").Detail["outage_seconds"]
	}
	first := begin()
	r.clock.Add(90 * time.Second)
	if second := begin(); first != "0" || second != "90" {
		t.Errorf("outage of %s and %s seconds recorded, want 0 and 90", first, second)
	}
}

// Threat T098: a good answer stands for 30 s, a bad one for nothing.
func TestHealthIsCachedOnlyWhenGood(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	probes := func(want int) {
		t.Helper()
		if got := r.duo.Probes(); got != want {
			t.Fatalf("%d probes, want %d", got, want)
		}
	}
	r.begin(t, asUser("alice"))
	r.clock.Add(30*time.Second - time.Millisecond)
	r.begin(t, asUser("alice"))
	probes(1)
	r.clock.Add(time.Millisecond)
	r.begin(t, asUser("alice"))
	probes(2)
	r.clock.Add(-time.Hour) // Threat T124: a clock set back does not lengthen it.
	r.begin(t, asUser("alice"))
	probes(3)
	r.clock.Add(time.Minute)
	r.healthIs(duoclient.ErrOutage)
	for n := range 3 {
		_, err := r.Begin(t.Context(), asUser("alice"))
		matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable)
		probes(4 + n)
	}
	r.healthIs(nil)
	l := r.begin(t, asUser("alice"))
	probes(7)
	// A failed exchange is newer than the good answer.
	r.exchangeFails(duoclient.ErrOutage)
	r.refuses(t, l.second, mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable)
	r.begin(t, asUser("alice"))
	probes(8)
}

// Threat T098: many first calls at once are one question to Duo.
func TestHealthChecksAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		answer := make(chan struct{})
		r.duo.OnHealth(func(context.Context) (duoclient.Health, error) {
			<-answer
			return duoclient.Health{Skew: 40 * time.Second}, nil
		})
		const callers = 20
		errs := make([]error, callers)
		ctx, cancel := context.WithCancelCause(t.Context())
		contexts := []context.Context{ctx, t.Context()}
		errLeft := errors.New("client went away")
		var wg sync.WaitGroup
		for n := range callers {
			wg.Go(func() {
				b := asUser(fmt.Sprintf("user %d", n))
				_, errs[n] = r.Begin(contexts[min(n, 1)], b)
			})
		}
		synctest.Wait()
		cancel(errLeft)
		synctest.Wait()
		close(answer)
		wg.Wait()
		if got := r.duo.Probes(); got != 1 {
			t.Errorf("%d probes, want 1", got)
		}
		// The one that left either led the question, or was told.
		failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
		if len(failed) > 1 || len(failed) == 1 && !errors.Is(failed[0], errLeft) {
			t.Errorf("failures are %v, want at most that of the caller who left", failed)
		}
	})
}

// A health check that hangs, or dies, ends in time and lets nobody in.
func TestHealthCheckHangsOrPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *mfa.Config) { c.Failmode, c.Now = mfa.FailSafe, time.Now })
		r.duo.OnHealth(func(ctx context.Context) (duoclient.Health, error) {
			<-ctx.Done()
			return duoclient.Health{}, ctx.Err()
		})
		before := time.Now()
		_, err := r.Begin(t.Context(), asUser("alice"))
		matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, context.DeadlineExceeded)
		if took := time.Since(before); took > 12*time.Second {
			t.Errorf("Begin took %v, want at most 12 s", took)
		}
		r.duo.OnHealth(func(context.Context) (duoclient.Health, error) { panic("in the second factor") })
		func() {
			defer func() { _ = recover() }()
			_, _ = r.Begin(t.Context(), asUser("alice"))
			t.Error("Begin returned, want the panic")
		}()
		r.healthIs(nil)
		r.begin(t, asUser("alice"))
	})
}

// Fault R18: a Duo that is there every other time, for each of its two calls.
// Every login is judged by its own, and nothing of a failure stays behind.
func TestFlapping(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for n := range 40 {
		r.clock.Add(time.Minute) // no good answer stands in for the next
		healthy, exchanges := n%2 == 0, n%4 < 2
		if !healthy {
			r.healthIs(duoclient.ErrOutage)
			_, err := r.Begin(t.Context(), asUser("alice"))
			matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable)
			continue
		}
		r.healthIs(nil)
		l := r.begin(t, asUser("alice"))
		if !exchanges {
			r.exchangeFails(duoclient.ErrOutage)
			r.refuses(t, l.second, mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable)
			continue
		}
		r.duoLike()
		r.redeems(t, l.second)
	}
}
