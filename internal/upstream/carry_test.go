package upstream_test

import (
	"errors"
	"slices"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
	"mfaserver/internal/upstream"
)

func TestRotate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	carry := adopted(t, u)
	w.engine.set(func(e *fakeEngine) { e.sessions["node0fresh.node0"] = account{"alice", 7} })
	if err := u.Rotate("alice", carry, secret.New("node0fresh.node0")); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	if err := u.Rotate("alice", carry, secret.Secret{}); err != nil {
		t.Fatalf("Rotate to nothing = %v", err)
	}
	if err := u.Rotate("bob", carry, secret.New("x")); !errors.Is(err, upstream.ErrCarry) {
		t.Errorf("Rotate of another's = %v, want ErrCarry", err)
	}
	if cookie, err := u.Cookie("alice", carry); err != nil || cookie.Reveal() != "node0fresh.node0" {
		t.Errorf("Cookie = %q, %v; want the new one", cookie.Reveal(), err)
	}
	u.Release(t.Context(), "alice", carry)
	finish(t, u)
	w.wantState(t, 0, 0)
	if got := w.engine.logouts(); !slices.Equal(got, []string{"node0fresh.node0", "node0canary1.node0"}) {
		t.Errorf("logouts = %v, want the new cookie and the old", got)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		bend  func(e *fakeEngine)
		want  error
		drift int
	}{
		{"unchanged", func(*fakeEngine) {}, nil, 0},
		// Threat T019: disabled or removed at the engine.
		{"ended there", func(e *fakeEngine) { clear(e.sessions) }, upstream.ErrGone, 0},
		// Threat T142: the engine swaps users.
		{"another user", func(e *fakeEngine) { e.sessions["node0canary1.node0"] = account{"bob", 8} }, upstream.ErrDrift, 1},
		{"another case", func(e *fakeEngine) { e.sessions["node0canary1.node0"] = account{"Alice", 7} }, upstream.ErrDrift, 1},
		{"removed and made anew", func(e *fakeEngine) { e.sessions["node0canary1.node0"] = account{"alice", 9} }, upstream.ErrDrift, 1},
		{"nobody", func(e *fakeEngine) { e.sessions["node0canary1.node0"] = account{} }, upstream.ErrDrift, 1},
		{"engine down", func(e *fakeEngine) { e.whois = engine.ErrUnavailable }, upstream.ErrUnavailable, 0},
		{"engine malformed", func(e *fakeEngine) { e.whois = engine.ErrMalformed }, upstream.ErrUnavailable, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.start(t)
			carry := signIn(t, u)
			w.engine.set(c.bend)
			if err := u.Verify(t.Context(), "alice", carry); !errors.Is(err, c.want) {
				t.Errorf("Verify = %v, want %v", err, c.want)
			}
			if err := u.Verify(t.Context(), "bob", carry); !errors.Is(err, upstream.ErrCarry) {
				t.Errorf("Verify for another = %v, want ErrCarry", err)
			}
			for _, e := range w.wantEvents(t, audit.GatewayDrift, c.drift) {
				if e.Username != "alice" || e.Outcome != audit.Refused {
					t.Errorf("event = %+v", e)
				}
			}
			if got := len(w.engine.logouts()); got != 0 {
				t.Errorf("Verify logged out %d sessions, want 0", got)
			}
		})
	}
}

// Threats T117, T118: whatever is not exactly what was sealed opens nothing.
func TestCarryIsTampered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.start(t)
	carry := signIn(t, u)
	for i := range carry {
		bad := slices.Clone(carry)
		bad[i] ^= 1
		if _, err := u.Cookie("alice", bad); !errors.Is(err, upstream.ErrCarry) {
			t.Errorf("Cookie with byte %d changed = %v, want ErrCarry", i, err)
		}
	}
	entries, _ := w.ledger.List(t.Context())
	if _, err := u.Cookie("alice", entries[0].Sealed); !errors.Is(err, upstream.ErrCarry) {
		t.Errorf("Cookie of an entry = %v, want ErrCarry", err)
	}
	if _, err := newWorld(t).start(t).Cookie("alice", carry); !errors.Is(err, upstream.ErrCarry) {
		t.Errorf("Cookie under another key = %v, want ErrCarry", err)
	}
}

func FuzzCookie(f *testing.F) {
	f.Add("alice", []byte{})
	f.Add("", []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, username string, carry []byte) {
		w := newWorld(t)
		u := w.start(t)
		if _, err := u.Cookie(username, carry); !errors.Is(err, upstream.ErrCarry) {
			t.Errorf("Cookie = %v, want ErrCarry", err)
		}
		u.Release(t.Context(), username, carry)
		sealed := w.sealer.Seal(carry, []byte("upstream carry\x00"+username))
		if cookie, err := u.Cookie(username, sealed); err == nil && cookie.IsZero() {
			t.Error("Cookie = an empty one without an error")
		}
	})
}
