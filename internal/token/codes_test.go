package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/token"
)

// codes are [token.Codes] on a store that can fail.
type codes struct {
	*token.Codes
	switchable
	store *token.MemoryCodes
	clock *clock
	trail *audittest.Memory
}

func newCodes(t *testing.T) *codes {
	t.Helper()
	r := &codes{store: token.NewMemoryCodes(), clock: newClock(), trail: new(audittest.Memory)}
	var err error
	r.Codes, err = token.NewCodes(token.CodesConfig{Store: codeStore{r}, Recorder: r.trail, Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type codeStore struct{ *codes }

func (s codeStore) Insert(ctx context.Context, r token.CodeRecord, limit int, now time.Time) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.store.Insert(ctx, r, limit, now)
}

func (s codeStore) Update(ctx context.Context, k token.Key, change func(*token.CodeRecord) error) (token.CodeRecord, error) {
	if err := s.err(); err != nil {
		return token.CodeRecord{}, err
	}
	return s.store.Update(ctx, k, change)
}

func (s codeStore) Sweep(ctx context.Context, now time.Time, limit int) ([]token.CodeRecord, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.store.Sweep(ctx, now, limit)
}

// proof is a complete login of alice.
func proof() token.Proof {
	return token.Proof{
		Username: "alice", Typed: "Alice", UserID: 7, Administrator: true, Primary: "grace", Message: "Your password expires soon.",
		Carry: []byte("carry-canary"), Factor: "duo_push", Reason: "user_approved", Device: "+1 555 0100", TxID: "txid",
		Transaction: "0a1b2c3d4e5f", At: begun.Add(-time.Second),
	}
}

func (r *codes) issue(t *testing.T) string {
	t.Helper()
	value, expires, err := r.Issue(t.Context(), proof())
	if err != nil || !expires.Equal(r.clock.now().Add(token.CodeLifetime)) {
		t.Fatalf("Issue() = %v, %v", expires, err)
	}
	return value.Reveal()
}

func (r *codes) redeem(t *testing.T, username, code string) (token.Proof, error) {
	t.Helper()
	return r.Redeem(t.Context(), username, code, home)
}

// wantSwept sweeps and compares the number of carries.
func (r *codes) wantSwept(t *testing.T, want int) {
	t.Helper()
	swept, err := r.Sweep(t.Context())
	carries := 0
	for _, p := range swept {
		if string(p.Carry) == "carry-canary" {
			carries++
		}
	}
	if err != nil || carries != want {
		t.Errorf("Sweep() = %d carries, %v, want %d", carries, err, want)
	}
}

func TestNewCodesNeedsItsParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]token.CodesConfig{
		"no store":    {Recorder: new(audittest.Memory)},
		"no recorder": {Store: token.NewMemoryCodes()},
		"no life":     {Store: token.NewMemoryCodes(), Recorder: new(audittest.Memory), Lifetime: -1},
	} {
		if _, err := token.NewCodes(c); !errors.Is(err, token.ErrConfig) {
			t.Errorf("%s: NewCodes() = %v, want ErrConfig", name, err)
		}
	}
}

// A code gives its proof back whole, once, under the canonical name or the
// one that was typed at the login.
func TestRedeem(t *testing.T) {
	t.Parallel()
	for _, username := range []string{"alice", "Alice"} {
		r := newCodes(t)
		code := r.issue(t)
		r.clock.pass(token.CodeLifetime - 1)
		got, err := r.redeem(t, username, strings.ToLower(code))
		if diff := cmp.Diff(proof(), got); err != nil || diff != "" {
			t.Errorf("Redeem(%s) = %v, differs (-want +got):\n%s", username, err, diff)
		}
		if again, err := r.redeem(t, username, code); !errors.Is(err, token.ErrSpent) || !errors.Is(err, token.ErrRefused) || again.Carry != nil {
			t.Errorf("second Redeem() = %v, want ErrSpent", err)
		}
		wantEvent(t, r.trail, audit.Event{Name: audit.CodeUsed, Outcome: audit.OK, Username: "alice", Source: home, Transaction: "0a1b2c3d4e5f"})
		r.clock.pass(time.Minute)
		r.wantSwept(t, 0) // the carry is the session's now
	}
}

// Threat T069: of any number of racers one has the proof.
func TestRedeemOnce(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	code := r.issue(t)
	var won atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			switch p, err := r.Redeem(t.Context(), "alice", code, home); {
			case err == nil && string(p.Carry) == "carry-canary":
				won.Add(1)
			case !errors.Is(err, token.ErrSpent):
				t.Errorf("Redeem() = %v, want ErrSpent", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d racers redeemed the code, want 1", won.Load())
	}
}

func TestRedeemRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		username string
		code     func(issued string) string
		before   func(r *codes)
		want     error
		event    audit.Event
	}{
		{"another code", "alice", func(string) string { return token.NewSignIn() }, nil, token.ErrUnknown, audit.Event{UnknownUsername: "alice", Reason: "unknown"}},
		{"a cut code", "alice", func(c string) string { return c[:len(c)-1] }, nil, token.ErrUnknown, audit.Event{UnknownUsername: "alice", Reason: "unknown"}},
		{"a token", "alice", func(string) string { return token.NewToken() }, nil, token.ErrUnknown, audit.Event{UnknownUsername: "alice", Reason: "unknown"}},
		{"nothing", "alice", func(string) string { return "" }, nil, token.ErrUnknown, audit.Event{UnknownUsername: "alice", Reason: "unknown"}},
		{"another user", "mallory", nil, nil, token.ErrWrongUser, audit.Event{Username: "alice", UnknownUsername: "mallory", Transaction: "0a1b2c3d4e5f", Reason: "wrong_user"}},
		{"a spelling of the user", "alice ", nil, nil, token.ErrWrongUser, audit.Event{Username: "alice", UnknownUsername: "alice ", Transaction: "0a1b2c3d4e5f", Reason: "wrong_user"}},
		{"no user", "", nil, nil, token.ErrWrongUser, audit.Event{Username: "alice", Transaction: "0a1b2c3d4e5f", Reason: "wrong_user"}},
		{
			"too late", "alice", nil, func(r *codes) { r.clock.pass(token.CodeLifetime) }, token.ErrExpired,
			audit.Event{Username: "alice", Transaction: "0a1b2c3d4e5f", Reason: "expired"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newCodes(t)
			code := r.issue(t)
			if test.code != nil {
				code = test.code(code)
			}
			if test.before != nil {
				test.before(r)
			}
			got, err := r.redeem(t, test.username, code)
			if !errors.Is(err, test.want) || !errors.Is(err, token.ErrRefused) || !cmp.Equal(got, token.Proof{}) {
				t.Errorf("Redeem() = %+v, %v, want %v", got, err, test.want)
			}
			test.event.Name, test.event.Outcome, test.event.Source = audit.CodeRefused, audit.Refused, home
			wantEvent(t, r.trail, test.event)
			r.clock.pass(token.CodeLifetime)
			r.wantSwept(t, 1)
		})
	}
}

// A wrong name does not spend the code; the fifth gives it up, and its carry
// is released.
func TestWrongNamesGiveTheCodeUp(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	patient, spoiled := r.issue(t), r.issue(t)
	for i := range 6 {
		want := token.ErrWrongUser
		if i == 5 {
			want = token.ErrRevoked
		}
		if _, err := r.redeem(t, fmt.Sprint("mallory ", i), spoiled); !errors.Is(err, want) {
			t.Errorf("Redeem() %d = %v, want %v", i, err, want)
		}
		if i < 4 {
			if _, err := r.redeem(t, "mallory", patient); !errors.Is(err, token.ErrWrongUser) {
				t.Errorf("Redeem() %d = %v, want ErrWrongUser", i, err)
			}
		}
	}
	if _, err := r.redeem(t, "alice", spoiled); !errors.Is(err, token.ErrRevoked) {
		t.Errorf("Redeem() of the code that was given up = %v, want ErrRevoked", err)
	}
	r.wantSwept(t, 1)
	if _, err := r.redeem(t, "alice", patient); err != nil {
		t.Errorf("Redeem() after four wrong names = %v", err)
	}
}

// The fourth code of a user replaces his first, whose carry is released.
func TestCodesPerUser(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	var all []string
	for range 4 {
		all = append(all, r.issue(t))
		r.clock.pass(time.Second)
	}
	if _, err := r.redeem(t, "alice", all[0]); !errors.Is(err, token.ErrRevoked) {
		t.Errorf("Redeem() of the first = %v, want ErrRevoked", err)
	}
	r.wantSwept(t, 1)
	for _, code := range all[1:] {
		if _, err := r.redeem(t, "alice", code); err != nil {
			t.Errorf("Redeem() of a later one = %v", err)
		}
	}
}

// Threat T013: what a code carried is returned when nobody used it, once.
func TestSweepReturnsCarries(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	r.issue(t)
	r.clock.pass(token.CodeLifetime - 1)
	r.wantSwept(t, 0)
	r.clock.pass(1)
	r.wantSwept(t, 1)
	r.wantSwept(t, 0)
	wantEvent(t, r.trail, audit.Event{Name: audit.CodeExpired, Outcome: audit.OK, Username: "alice", Transaction: "0a1b2c3d4e5f", Reason: "unused"})

	r.issue(t)
	r.clock.pass(token.CodeLifetime)
	r.trail.Fail(1)
	swept, err := r.Sweep(t.Context())
	if !errors.Is(err, token.ErrUnavailable) || len(swept) != 1 {
		t.Errorf("Sweep() without a trail = %d, %v, want the carry and ErrUnavailable", len(swept), err)
	}
}

// Threat T195: a code that cannot be recorded is not issued, and one whose use
// cannot be recorded gives nothing; its carry is released.
func TestUnrecordedCodes(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	r.trail.Fail(1)
	if value, _, err := r.Issue(t.Context(), proof()); !errors.Is(err, token.ErrUnavailable) || !value.IsZero() {
		t.Errorf("Issue() = %v, want ErrUnavailable and no value", err)
	}
	r.wantSwept(t, 0) // the caller still has the carry
	code := r.issue(t)
	r.trail.Fail(1)
	if p, err := r.redeem(t, "alice", code); !errors.Is(err, token.ErrUnavailable) || p.Carry != nil {
		t.Errorf("Redeem() = %+v, %v, want ErrUnavailable", p, err)
	}
	if _, err := r.redeem(t, "alice", code); !errors.Is(err, token.ErrRevoked) {
		t.Errorf("Redeem() again = %v, want ErrRevoked", err)
	}
	r.wantSwept(t, 1)
	r.trail.Fail(1)
	if _, err := r.redeem(t, "alice", "mfac-"); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Redeem() whose refusal cannot be recorded = %v, want ErrUnavailable", err)
	}
}

// Threat T119: a store that fails is no refusal and no proof.
func TestCodesUnavailable(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	code := r.issue(t)
	r.on.Store(true)
	_, errRedeem := r.redeem(t, "alice", code)
	_, _, errIssue := r.Issue(t.Context(), proof())
	_, errSweep := r.Sweep(t.Context())
	for _, err := range []error{errRedeem, errIssue, errSweep} {
		if !errors.Is(err, token.ErrUnavailable) || !errors.Is(err, errDisk) || errors.Is(err, token.ErrRefused) {
			t.Errorf("error %v, want ErrUnavailable", err)
		}
	}
	r.on.Store(false)
	if _, err := r.redeem(t, "alice", code); err != nil {
		t.Errorf("Redeem() with the store back = %v", err)
	}
	if _, _, err := r.Issue(t.Context(), token.Proof{}); !errors.Is(err, token.ErrArgument) {
		t.Errorf("Issue() for nobody = %v, want ErrArgument", err)
	}
}

// Threats T160, T193: code and carry are in the one answer and nowhere else.
func TestCodeIsShownOnce(t *testing.T) {
	t.Parallel()
	r := newCodes(t)
	code := r.issue(t)
	_, errWrong := r.redeem(t, "mallory", code)
	if _, err := r.redeem(t, "alice", code); err != nil {
		t.Fatal(err)
	}
	wantNowhere(t, []string{code, strings.ReplaceAll(code[5:], "-", ""), "carry-canary"}, errWrong, r.trail.Events())
}
