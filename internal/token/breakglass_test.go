package token_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/token"
)

// glass is a [token.BreakGlass] on a store that can fail.
type glass struct {
	*token.BreakGlass
	switchable
	store *token.MemoryBreakGlass
	clock *clock
	trail *audittest.Memory
}

func newGlass(t *testing.T) *glass {
	t.Helper()
	r := &glass{store: token.NewMemoryBreakGlass(), clock: newClock(), trail: new(audittest.Memory)}
	var err error
	r.BreakGlass, err = token.NewBreakGlass(token.BreakGlassConfig{Store: glassStore{r}, Recorder: r.trail, Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type glassStore struct{ *glass }

func (s glassStore) Replace(ctx context.Context, username string, codes []token.BreakGlassRecord) ([]token.BreakGlassRecord, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.store.Replace(ctx, username, codes)
}

func (s glassStore) Update(ctx context.Context, k token.Key, change func(*token.BreakGlassRecord) error) (token.BreakGlassRecord, error) {
	if err := s.err(); err != nil {
		return token.BreakGlassRecord{}, err
	}
	return s.store.Update(ctx, k, change)
}

func (s glassStore) List(ctx context.Context, username string) ([]token.BreakGlassRecord, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.store.List(ctx, username)
}

// make makes codes and returns their values.
func (r *glass) make(t *testing.T, username string, count int) []string {
	t.Helper()
	made, err := r.Make(t.Context(), username, count, "root", "envelope in the safe")
	if err != nil || len(made) != count {
		t.Fatalf("Make() = %d, %v", len(made), err)
	}
	values := make([]string, count)
	for i, s := range made {
		values[i] = s.Reveal()
	}
	return values
}

func (r *glass) wantCount(t *testing.T, username string, want int) {
	t.Helper()
	if n, err := r.Count(t.Context(), username); err != nil || n != want {
		t.Errorf("Count(%s) = %d, %v, want %d", username, n, err, want)
	}
}

func TestNewBreakGlassNeedsItsParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]token.BreakGlassConfig{
		"no store":    {Recorder: new(audittest.Memory)},
		"no recorder": {Store: token.NewMemoryBreakGlass()},
		"no life":     {Store: token.NewMemoryBreakGlass(), Recorder: new(audittest.Memory), Life: -1},
	} {
		if _, err := token.NewBreakGlass(c); !errors.Is(err, token.ErrConfig) {
			t.Errorf("%s: NewBreakGlass() = %v, want ErrConfig", name, err)
		}
	}
}

// A code works once, however it is typed, until new ones replace it.
func TestBreakGlass(t *testing.T) {
	t.Parallel()
	r := newGlass(t)
	codes := r.make(t, "alice", 3)
	bobs := r.make(t, "bob", 1)
	r.wantCount(t, "alice", 3)
	handle, err := r.Spend(t.Context(), "alice", strings.ToLower(strings.ReplaceAll(codes[1], "-", " ")))
	if err != nil || len(handle) != 12 {
		t.Errorf("Spend() = %q, %v", handle, err)
	}
	r.wantCount(t, "alice", 2)
	if _, err := r.Spend(t.Context(), "alice", codes[1]); !errors.Is(err, token.ErrSpent) || !errors.Is(err, token.ErrRefused) {
		t.Errorf("second Spend() = %v, want ErrSpent", err)
	}
	list, err := r.List(t.Context(), "alice")
	if err != nil || len(list) != 3 || list[1].Handle != handle || !list[1].SpentAt.Equal(begun) || !list[0].SpentAt.IsZero() ||
		list[0].By != "root" || list[0].Reason != "envelope in the safe" || !list[0].ExpiresAt.Equal(begun.Add(token.DefaultBreakGlassLife)) {
		t.Errorf("List() = %+v, %v", list, err)
	}
	again := r.make(t, "alice", 2)
	r.wantCount(t, "alice", 2)
	if _, err := r.Spend(t.Context(), "alice", codes[0]); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("Spend() of a replaced code = %v, want ErrUnknown", err)
	}
	if n, err := r.Revoke(t.Context(), "alice", "root", "envelope opened"); n != 2 || err != nil {
		t.Errorf("Revoke() = %d, %v, want 2", n, err)
	}
	if _, err := r.Spend(t.Context(), "alice", again[0]); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("Spend() of a revoked code = %v, want ErrUnknown", err)
	}
	if _, err := r.Spend(t.Context(), "bob", bobs[0]); err != nil {
		t.Errorf("Spend() of another user's = %v", err)
	}
	if all, err := r.List(t.Context(), ""); err != nil || len(all) != 1 || all[0].Username != "bob" {
		t.Errorf("List() of all = %+v, %v", all, err)
	}
	wantEvent(t, r.trail, audit.Event{Name: audit.BreakGlassRevoked, Outcome: audit.OK, Username: "alice", Actor: "root", Reason: "envelope opened"})
	made := r.trail.Find(audit.BreakGlassCreated)
	if len(made) != 3 || made[0].Detail["count"] != "3" || made[0].Actor != "root" || made[0].Reason != "envelope in the safe" {
		t.Errorf("events %+v", made)
	}
}

// Threat T158: how many, for whom, by whom and why are not left open.
func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		username string
		count    int
		by, why  string
	}{
		"none":          {"alice", 0, "root", "reason"},
		"fewer":         {"alice", -1, "root", "reason"},
		"too many":      {"alice", token.MaxBreakGlass + 1, "root", "reason"},
		"for nobody":    {"", 1, "root", "reason"},
		"for bypass":    {"BYPASS", 1, "root", "reason"},
		"by nobody":     {"alice", 1, "", "reason"},
		"for no reason": {"alice", 1, "root", " "},
		"two lines":     {"alice", 1, "root", "a\nb"},
	} {
		r := newGlass(t)
		if made, err := r.Make(t.Context(), test.username, test.count, test.by, test.why); !errors.Is(err, token.ErrArgument) || made != nil {
			t.Errorf("%s: Make() = %d, %v, want ErrArgument", name, len(made), err)
		}
	}
	r := newGlass(t)
	for _, args := range [][3]string{{"", "root", "reason"}, {"alice", "", "reason"}, {"alice", "root", ""}} {
		if _, err := r.Revoke(t.Context(), args[0], args[1], args[2]); !errors.Is(err, token.ErrArgument) {
			t.Errorf("Revoke(%q) = %v, want ErrArgument", args, err)
		}
	}
}

func TestSpendRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, username string
		code           func(string) string
		after          time.Duration
		want           error
		reason         string
		known          bool
	}{
		{"another user", "mallory", nil, 0, token.ErrWrongUser, "wrong_user", true},
		{"no user", "", nil, 0, token.ErrWrongUser, "wrong_user", true},
		{"over", "alice", nil, token.DefaultBreakGlassLife, token.ErrExpired, "expired", true},
		{"unknown", "alice", func(string) string { return token.NewBreakGlassValue() }, 0, token.ErrUnknown, "unknown", false},
		{"cut", "alice", func(c string) string { return c[1:] }, 0, token.ErrUnknown, "unknown", false},
		{"a sign-in code", "alice", func(string) string { return token.NewSignIn() }, 0, token.ErrUnknown, "unknown", false},
		{"nothing", "alice", func(string) string { return "" }, 0, token.ErrUnknown, "unknown", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newGlass(t)
			code := r.make(t, "alice", 1)[0]
			if test.code != nil {
				code = test.code(code)
			}
			r.clock.pass(test.after)
			if handle, err := r.Spend(t.Context(), test.username, code); !errors.Is(err, test.want) || !errors.Is(err, token.ErrRefused) || handle != "" {
				t.Errorf("Spend() = %q, %v, want %v", handle, err, test.want)
			}
			wantEvent(t, r.trail, audit.Event{Name: audit.BreakGlassRefused, Outcome: audit.Refused, Username: test.username, Reason: test.reason})
			if refused := r.trail.Find(audit.BreakGlassRefused); (refused[0].Detail["code"] != "") != test.known {
				t.Errorf("detail %v, want a handle: %t", refused[0].Detail, test.known)
			}
		})
	}
}

// Threat T069: of any number of racers one gets through.
func TestSpendOnce(t *testing.T) {
	t.Parallel()
	r := newGlass(t)
	code := r.make(t, "alice", 1)[0]
	var won atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			switch _, err := r.Spend(t.Context(), "alice", code); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, token.ErrSpent) && !errors.Is(err, token.ErrThrottled):
				t.Errorf("Spend() = %v, want ErrSpent or ErrThrottled", err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d racers spent the code, want 1", won.Load())
	}
}

// Threat T007: guesses of one user are counted, and do not fill the trail.
func TestSpendIsThrottled(t *testing.T) {
	t.Parallel()
	r := newGlass(t)
	alices, bobs := r.make(t, "alice", 1)[0], r.make(t, "bob", 1)[0]
	for i := range 30 {
		want := token.ErrUnknown
		if i >= 10 {
			want = token.ErrThrottled
		}
		if _, err := r.Spend(t.Context(), "alice", token.NewBreakGlassValue()); !errors.Is(err, want) || !errors.Is(err, token.ErrRefused) {
			t.Errorf("Spend() %d = %v, want %v", i, err, want)
		}
	}
	if n := len(r.trail.Find(audit.BreakGlassRefused)); n != 11 {
		t.Errorf("%d refusals recorded, want 11", n)
	}
	if _, err := r.Spend(t.Context(), "bob", bobs); err != nil {
		t.Errorf("Spend() of another user = %v", err)
	}
	r.clock.pass(16 * time.Minute)
	if _, err := r.Spend(t.Context(), "alice", alices); err != nil {
		t.Errorf("Spend() after a calm while = %v", err)
	}
}

// Threats T119, T195: a store or a trail that fails refuses, and what cannot
// be recorded is not done.
func TestBreakGlassUnavailable(t *testing.T) {
	t.Parallel()
	r := newGlass(t)
	code := r.make(t, "alice", 1)[0]
	calls := map[string]func() error{
		"Make": func() error {
			made, err := r.Make(t.Context(), "alice", 1, "root", "reason")
			if made != nil {
				t.Error("Make() returned codes with an error")
			}
			return err
		},
		"Revoke": func() error { _, err := r.Revoke(t.Context(), "alice", "root", "reason"); return err },
	}
	for name, call := range calls {
		r.trail.Fail(1)
		if err := call(); !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("%s without a trail = %v, want ErrUnavailable", name, err)
		}
	}
	r.trail.Fail(1)
	if _, err := r.Spend(t.Context(), "alice", "mfab-"); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Spend() without a trail = %v, want ErrUnavailable", err)
	}
	r.wantCount(t, "alice", 1)
	r.on.Store(true)
	calls["Spend"] = func() error { _, err := r.Spend(t.Context(), "alice", code); return err }
	calls["Count"] = func() error { _, err := r.Count(t.Context(), "alice"); return err }
	calls["List"] = func() error { _, err := r.List(t.Context(), ""); return err }
	for name, call := range calls {
		if err := call(); !errors.Is(err, token.ErrUnavailable) || !errors.Is(err, errDisk) || errors.Is(err, token.ErrRefused) {
			t.Errorf("%s without a store = %v, want ErrUnavailable", name, err)
		}
	}
	r.on.Store(false)
	if _, err := r.Spend(t.Context(), "alice", code); err != nil {
		t.Errorf("Spend() with the store back = %v", err)
	}
}

// Threats T158, T160: codes are in the one answer and nowhere else.
func TestBreakGlassIsShownOnce(t *testing.T) {
	t.Parallel()
	r := newGlass(t)
	made, err := r.Make(t.Context(), "alice", 2, "root", "envelope")
	if err != nil {
		t.Fatal(err)
	}
	codes := []string{made[0].Reveal(), made[1].Reveal()}
	_, errWrong := r.Spend(t.Context(), "mallory", codes[0])
	_, errSpend := r.Spend(t.Context(), "alice", codes[0])
	list, errList := r.List(t.Context(), "")
	if err := errors.Join(errSpend, errList); err != nil {
		t.Fatal(err)
	}
	wantNowhere(t, codes, made, errWrong, list, r.trail.Events())
}
