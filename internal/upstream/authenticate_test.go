package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/primary"
	"mfaserver/internal/upstream"
)

func wantReason(t *testing.T, err error, want primary.Reason) {
	t.Helper()
	e, ok := errors.AsType[*primary.RefusedError](err)
	if !ok || e.Reason != want {
		t.Errorf("error = %v (%+v), want a refusal for %s", err, e, want)
	}
	if !errors.Is(err, primary.ErrRefused) || errors.Is(err, primary.ErrPasswordExpired) {
		t.Errorf("error %v, want one that matches ErrRefused alone", err)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	noted := -1
	w.engine.onWhois = func(context.Context) error { noted = w.entries(t); return nil } //nolint:contextcheck // the test counts
	// Threat T005: who it is, the engine says.
	result, err := u.Authenticate(t.Context(), attempt("ALICE", right))
	if err != nil {
		t.Fatalf("Authenticate = %v", err)
	}
	want := primary.User{ID: 7, Username: "alice", Role: primary.RoleUser, Email: "alice@example.org", FirstName: "A", LastName: "L"}
	if result.User != want || result.Status != primary.StatusSuccess || result.Message != "" {
		t.Errorf("result = %+v, want a success of %+v", result, want)
	}
	// Threat T013: noted before anything else is asked.
	if noted != 1 {
		t.Errorf("the ledger held %d sessions when the engine was asked for the name, want 1", noted)
	}
	w.wantState(t, 1, 1)
	entries, _ := w.ledger.List(t.Context())
	// Threat T117: neither the carry nor the ledger shows the cookie.
	for name, data := range map[string][]byte{"carry": result.Carry, "entry": entries[0].Sealed} {
		if bytes.Contains(data, []byte("canary")) || bytes.Contains(data, []byte("alice")) {
			t.Errorf("the %s can be read", name)
		}
	}
	if entries[0].Node != "here" || entries[0].OpenedAt.IsZero() {
		t.Errorf("entry = %+v, want node and time", entries[0])
	}
	cookie, err := u.Cookie("alice", result.Carry)
	if err != nil || cookie.Reveal() != "node0canary1.node0" {
		t.Errorf("Cookie = %q, %v; want the engine's", cookie.Reveal(), err)
	}
}

func TestGracePeriod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.status, w.engine.message = mirth.StatusGracePeriod, "Change it\x00 within\n2 hours.\u202e"
	result, err := w.start(t).Authenticate(t.Context(), attempt("alice", right))
	// Threat T017: the grace period and its message survive.
	if err != nil || result.Status != primary.StatusGracePeriod || result.Message != "Change it  within 2 hours." {
		t.Errorf("Authenticate = %+v, %v; want the grace period", result, err)
	}
}

// Threats T001, T005, T010, T014: what nobody can have or send is refused here.
func TestNeverAsked(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, username, password string
		reason                   primary.Reason
	}{
		{"no password", "alice", "", primary.ReasonEmptyPassword},
		{"long password", "alice", strings.Repeat("x", 1025), primary.ReasonLongPassword},
		{"no name", "", right, primary.ReasonBadUsername},
	}
	for _, name := range []string{
		" admin", "admin ", "admin\t", "admin\n", "ad\x00min", "admin\x7f", "adm\u00adin", "adm\u200bin", "adm\u200din", "\ufeffadmin",
		"admin\u202e", "\u2066admin", "adm\u2060in", "admin\u3000", "admin\u00a0", "adm\u115fin", "adm\u180ein", "admin\ufe0f",
		"adm\ufffdin", "adm\xffin", "adm\U000e0061in", "adm\u0378in", strings.Repeat("a", 257),
		"bypass", "BYPASS", "ｂｙｐａｓｓ", "ByPass",
	} {
		cases = append(cases, struct {
			name, username, password string
			reason                   primary.Reason
		}{fmt.Sprintf("%.20q", name), name, right, primary.ReasonBadUsername})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.start(t)
			_, err := u.Authenticate(t.Context(), attempt(c.username, c.password))
			wantReason(t, err, c.reason)
			if _, err := u.Open(t.Context(), c.username, attempt("", c.password).Password); !errors.Is(err, primary.ErrRefused) {
				t.Errorf("Open = %v, want ErrRefused", err)
			}
			if asked := w.engine.names(); len(asked) != 0 {
				t.Errorf("the engine was asked %d times, want 0", len(asked))
			}
		})
	}
}

// Threat T010: the exact bytes go to the engine.
func TestPasswordsAreBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	for _, password := range []string{" " + right, right + " ", right + "\x00", strings.Repeat("x", 1024)} {
		_, err := u.Authenticate(t.Context(), primary.Attempt{Username: "nobody" + fmt.Sprint(len(password)), Password: attempt("", password).Password})
		wantReason(t, err, primary.ReasonWrongPassword)
	}
	if n := len(w.engine.names()); n != 4 {
		t.Errorf("the engine was asked %d times, want 4", n)
	}
}

// Threat T017: one case for each word, and for what is none.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status mirth.Status
		reason primary.Reason
	}{
		{mirth.StatusFail, primary.ReasonWrongPassword},
		{mirth.StatusFailLockedOut, primary.ReasonUpstreamLocked},
		{mirth.StatusFailVersionMismatch, primary.ReasonUpstreamRefused},
		{mirth.StatusSuccess, primary.ReasonUpstreamRefused},
		{"success", primary.ReasonUpstreamRefused},
		{"", primary.ReasonUpstreamRefused},
	} {
		t.Run(string(c.status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.engine.login = &engine.RefusedError{Status: c.status, Message: "User account has been locked for 59 minutes."}
			_, err := w.start(t).Authenticate(t.Context(), attempt("alice", right))
			wantReason(t, err, c.reason)
			// Threat T006: the engine's words stay here.
			if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "59") {
				t.Errorf("the refusal says %q", text)
			}
			w.wantState(t, 0, 0)
		})
	}
}

func TestExpiredPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.engine.login = &engine.RefusedError{Status: mirth.StatusFailExpired, Message: "Your password has expired." + strings.Repeat("!", 1000)}
	u := w.start(t)
	for range 10 {
		_, err := u.Authenticate(t.Context(), attempt("alice", right))
		e, ok := errors.AsType[*primary.ExpiredError](err)
		if !ok || !strings.HasPrefix(e.Message, "Your password has expired.!!!") || len(e.Message) != 512 {
			t.Fatalf("error = %#v, want an ExpiredError with a bounded message", err)
		}
		if !errors.Is(err, primary.ErrPasswordExpired) || !errors.Is(err, primary.ErrRefused) {
			t.Errorf("error = %v, want ErrPasswordExpired and ErrRefused", err)
		}
	}
}

// Threats T012, T016, fault R19: whatever is no clear answer is no answer.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for name, bend := range map[string]func(w *world){
		"engine down":           func(w *world) { w.engine.login = engine.ErrUnavailable },
		"malformed":             func(w *world) { w.engine.login = engine.ErrMalformed },
		"second factor there":   func(w *world) { w.engine.login = engine.ErrOwnMFA },
		"unknown success":       func(w *world) { w.engine.status = "SUCCESS " },
		"no word at all":        func(w *world) { w.engine.status = "" },
		"a refusal as success":  func(w *world) { w.engine.status = mirth.StatusFail },
		"whois down":            func(w *world) { w.engine.whois = engine.ErrUnavailable },
		"session unknown":       func(w *world) { w.engine.whois = engine.ErrNoSession },
		"ledger down":           func(w *world) { w.ledger.onAdd = broken },
		"ledger hangs, no name": func(w *world) { w.ledger.onAdd = hang; w.engine.whois = errDisk },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				bend(w)
				u := w.start(t)
				for range 10 {
					result, err := u.Authenticate(t.Context(), attempt("alice", right))
					if !errors.Is(err, primary.ErrUnavailable) || errors.Is(err, primary.ErrRefused) {
						t.Fatalf("Authenticate = %v, want ErrUnavailable: it counts against nobody", err)
					}
					if result.Carry != nil || result.User.Username != "" {
						t.Errorf("result = %+v beside an error", result)
					}
				}
				synctest.Wait()
				w.wantState(t, 0, 0)
			})
		})
	}
}

// Threat T005: a name that nobody can have is none, whoever says it.
func TestBadCanonicalName(t *testing.T) {
	t.Parallel()
	for _, who := range []account{{"admin ", 1}, {"bypass", 1}, {"", 1}, {"alice", 0}} {
		w := newWorld(t)
		w.engine.aliases["alice"] = who
		u := w.start(t)
		_, err := u.Authenticate(t.Context(), attempt("alice", right))
		wantReason(t, err, primary.ReasonBadCanonical)
		finish(t, u)
		w.wantState(t, 0, 0)
	}
}

// Threats T005, T007: all spellings of a name share three guesses, from
// wherever they come.
func TestThreeGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t)
		guess := func(name, from string) error {
			a := attempt(name, "wrong")
			a.Source = netip.MustParseAddr(from)
			_, err := u.Authenticate(t.Context(), a)
			return err
		}
		for i, name := range []string{"ALICE", "ａｌｉｃｅ", `CORP\alice`} {
			wantReason(t, guess(name, fmt.Sprintf("203.0.113.%d", i)), primary.ReasonWrongPassword)
		}
		for i, name := range []string{"alice", "Alice", "alice@example.org", `corp\ALICE`, "ａｌｉｃｅ"} {
			err := guess(name, fmt.Sprintf("198.51.100.%d", i))
			if e, ok := errors.AsType[*primary.ThrottledError](err); !ok || e.Scope != "account" {
				t.Errorf("guess at %s = %v, want an account that waits", name, err)
			}
		}
		if n := len(w.engine.names()); n != 3 {
			t.Errorf("the engine was asked %d times, want 3", n)
		}
		if _, err := u.Authenticate(t.Context(), attempt("bob", right)); err != nil {
			t.Errorf("bob = %v, want nil", err)
		}
		// One more guess each window: nobody locks the account through us.
		time.Sleep(15 * time.Minute)
		wantReason(t, guess("alice", "203.0.113.1"), primary.ReasonWrongPassword)
		if err := guess("alice", "203.0.113.2"); !errors.Is(err, primary.ErrThrottled) {
			t.Errorf("second guess after the wait = %v, want ErrThrottled", err)
		}
	})
}

// Threat T007: guesses at once are no more than guesses one by one.
func TestVolley(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine.onLogin = func(context.Context) error { time.Sleep(time.Second); return nil }
		u := w.start(t)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				a := attempt("alice", "wrong")
				a.Source = netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
				if _, err := u.Authenticate(t.Context(), a); err == nil {
					t.Error("a wrong password was accepted")
				}
			})
		}
		wg.Wait()
		if n := len(w.engine.names()); n != 3 {
			t.Errorf("%d guesses reached the engine, want 3", n)
		}
	})
}

// Threat T008: who burns an account's guesses does not lock its user out.
func TestKnownSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	if err := u.NoteLogin(t.Context(), "alice", home); err != nil {
		t.Fatalf("NoteLogin = %v", err)
	}
	a := attempt("alice", "wrong")
	a.Source = away
	for range 5 {
		_, _ = u.Authenticate(t.Context(), a)
	}
	if _, err := u.Authenticate(t.Context(), a); !errors.Is(err, primary.ErrThrottled) {
		t.Errorf("stranger = %v, want ErrThrottled", err)
	}
	signIn(t, u)
}

// Threat T008: what cannot be anybody's password counts against no account,
// but it counts.
func TestFormCountsForItsSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	bad := attempt("alice", "")
	bad.Source = away
	var err error
	for range 31 {
		_, err = u.Authenticate(t.Context(), bad)
	}
	if e, ok := errors.AsType[*primary.ThrottledError](err); !ok || e.Scope != "source" {
		t.Errorf("31st empty password = %v, want a source that waits", err)
	}
	signIn(t, u)
}

// Threat T007: who hangs up is counted all the same, and a session that nobody
// waits for is noted.
func TestCallerGoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		password string
		live     int
	}{{"wrong", 0}, {right, 4}} {
		w := newWorld(t)
		u := w.start(t)
		for range 4 {
			ctx, cancel := context.WithCancel(t.Context())
			w.engine.set(func(e *fakeEngine) {
				e.onLogin = func(ctx context.Context) error { cancel(); return ctx.Err() }
			})
			_, _ = u.Authenticate(ctx, attempt("alice", c.password))
			cancel()
		}
		if c.live == 0 {
			if n := len(w.engine.names()); n != 3 {
				t.Errorf("%d guesses reached the engine, want 3", n)
			}
		}
		w.wantState(t, c.live, c.live)
	}
}

func TestGateIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.engine.onLogin = func(context.Context) error { time.Sleep(time.Hour); return nil }
		u := w.start(t)
		var busy, gone int
		var mu sync.Mutex
		var wg sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		for i := range 300 {
			wg.Go(func() {
				a := attempt(fmt.Sprint("user", i), "wrong")
				a.Source = netip.Addr{}
				_, err := u.Authenticate(ctx, a)
				mu.Lock()
				defer mu.Unlock()
				if e, ok := errors.AsType[*primary.ThrottledError](err); ok && e.Scope == primary.ScopeBusy {
					busy++
				} else if errors.Is(err, context.DeadlineExceeded) && errors.Is(err, primary.ErrUnavailable) {
					gone++
				}
			})
		}
		wg.Wait()
		if n := len(w.engine.names()); n != 8 || busy != 300-8*17 || gone != 8*16 {
			t.Errorf("%d at the engine, %d turned away, %d gave up; want 8, %d, %d", n, busy, gone, 300-8*17, 8*16)
		}
		// Whoever waits too long is told to come again.
		w.engine.set(func(e *fakeEngine) {
			e.onLogin = func(context.Context) error { time.Sleep(20 * time.Second); return nil }
		})
		for range 3 {
			wg.Go(func() { _, _ = u.Authenticate(t.Context(), attempt("alice", right)) })
		}
		synctest.Wait()
		if _, err := u.Authenticate(t.Context(), attempt("alice", right)); !errors.Is(err, primary.ErrThrottled) {
			t.Errorf("fourth at once = %v, want ErrThrottled", err)
		}
		wg.Wait()
	})
}

// Threat T006: an engine answers unknown and locked users at once, and hashes
// for the others; nobody can tell from here.
func TestRefusalsTakeAsLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.start(t, func(c *upstream.Config) { c.RefusalTime = 0 })
		timed := func(name, password string, engineTakes time.Duration, answer error) time.Duration {
			w.engine.set(func(e *fakeEngine) {
				e.login = answer
				e.onLogin = func(context.Context) error { time.Sleep(engineTakes); return nil }
			})
			began := time.Now()
			a := attempt(name, password)
			a.Source = netip.Addr{}
			_, err := u.Authenticate(t.Context(), a)
			if answer != nil && !errors.Is(err, primary.ErrRefused) {
				t.Fatalf("Authenticate = %v, want a refusal", err)
			}
			return time.Since(began)
		}
		no := &engine.RefusedError{Status: mirth.StatusFail}
		locked := &engine.RefusedError{Status: mirth.StatusFailLockedOut}
		for round := range 20 {
			times := map[string]time.Duration{
				"unknown": timed(fmt.Sprint("unknown", round), "x", 7*time.Millisecond, no),
				"locked":  timed(fmt.Sprint("locked", round), "x", 5*time.Millisecond, locked),
				"wrong":   timed(fmt.Sprint("user", round), "x", 400*time.Millisecond, no),
			}
			if times["unknown"] != times["wrong"] || times["locked"] != times["wrong"] {
				t.Errorf("round %d: refusals took %v, want all the same", round, times)
			}
			timed("alice", right, 400*time.Millisecond, nil)
			if round == 19 && (times["wrong"] < 500*time.Millisecond || times["wrong"] > 600*time.Millisecond) {
				t.Errorf("refusals take %s in the end, want a quarter more than the engine", times["wrong"])
			}
		}
		// A caller who goes is not held.
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		w.engine.set(func(e *fakeEngine) { e.login, e.onLogin = no, nil })
		began := time.Now()
		_, err := u.Authenticate(ctx, primary.Attempt{Username: "someone", Password: attempt("", "x").Password})
		wantReason(t, err, primary.ReasonWrongPassword)
		if took := time.Since(began); took != 50*time.Millisecond {
			t.Errorf("a refusal for nobody took %s, want 50ms", took)
		}
	})
}
