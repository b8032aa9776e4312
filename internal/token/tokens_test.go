package token_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
)

func TestNewTokensNeedsItsParts(t *testing.T) {
	t.Parallel()
	whole := token.TokensConfig{Store: token.NewMemoryTokens(), Sealer: newSealer(t), Recorder: newTokens(t).trail}
	if _, err := token.NewTokens(whole); err != nil {
		t.Errorf("NewTokens() = %v", err)
	}
	for name, change := range map[string]func(*token.TokensConfig){
		"no store": func(c *token.TokensConfig) { c.Store = nil }, "no sealer": func(c *token.TokensConfig) { c.Sealer = nil },
		"no recorder": func(c *token.TokensConfig) { c.Recorder = nil }, "negative life": func(c *token.TokensConfig) { c.MaxLife = -1 },
	} {
		c := whole
		change(&c)
		if _, err := token.NewTokens(c); !errors.Is(err, token.ErrConfig) {
			t.Errorf("%s: NewTokens() = %v, want ErrConfig", name, err)
		}
	}
}

// A token is made with what it may do, and works at once.
func TestCreate(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	n := sample()
	n.ReadOnly, n.Paths = true, []string{"/channels/", "/server/version"}
	n.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.9/24")}
	made, value := r.make(t, n)
	if made.Username != "svc-export" || made.UserID != 9 || !made.CreatedAt.Equal(begun) || !made.HasCredential || !made.ReadOnly {
		t.Errorf("Create() = %+v", made)
	}
	if strings.Join(made.Paths, " ") != "/channels /server/version" || made.Networks[0].String() != "192.0.2.0/24" {
		t.Errorf("scope is %v, %v", made.Paths, made.Networks)
	}
	got, err := r.Check(t.Context(), value, home)
	if err != nil || got.ID != made.ID {
		t.Errorf("Check() = %+v, %v", got, err)
	}
	listed, err := r.Tokens.List(t.Context())
	if err != nil || len(listed) != 1 || listed[0].ID != made.ID || !listed[0].LastUsed.Equal(begun) || listed[0].LastSource != home {
		t.Errorf("List() = %+v, %v", listed, err)
	}
	wantEvent(t, r.trail, audit.Event{
		Name: audit.TokenCreated, Outcome: audit.OK, Username: "svc-export", Actor: "root",
		Detail: map[string]string{
			"token": made.ID, "name": "nightly export", "owner": "Ünal O'Neill", "expires": "2026-03-31T08:00:00Z",
			"scope": "read only; paths /channels /server/version; networks 192.0.2.0/24",
		},
	})
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 257)
	for name, change := range map[string]func(*token.New){
		"no name":           func(n *token.New) { n.Name = " " },
		"long name":         func(n *token.New) { n.Name = long },
		"name of two lines": func(n *token.New) { n.Name = "a\nb" },
		"no owner":          func(n *token.New) { n.Owner = "" },
		"owner not UTF-8":   func(n *token.New) { n.Owner = "a\xff" },
		"nobody makes it":   func(n *token.New) { n.By = "" },
		"no user":           func(n *token.New) { n.Username = "" },
		"user bypass":       func(n *token.New) { n.Username = "Bypass" }, // Threat T014: refused in any spelling.
		"user with a space": func(n *token.New) { n.Username = "svc " },
		"no expiry":         func(n *token.New) { n.Expires = time.Time{} },
		"over already":      func(n *token.New) { n.Expires = begun },
		"too long":          func(n *token.New) { n.Expires = begun.Add(token.DefaultMaxLife + 1) },
		"path is all":       func(n *token.New) { n.Paths = []string{"/"} },
		"path empty":        func(n *token.New) { n.Paths = []string{""} },
		"path is no path":   func(n *token.New) { n.Paths = []string{"channels"} },
		"path climbs":       func(n *token.New) { n.Paths = []string{"/a/../b"} },
		"path escaped":      func(n *token.New) { n.Paths = []string{"/a%2fb"} },
		"path with a query": func(n *token.New) { n.Paths = []string{"/a?b"} },
		"path doubled":      func(n *token.New) { n.Paths = []string{"/a//b"} },
		"path with a space": func(n *token.New) { n.Paths = []string{"/a b"} },
		"many paths":        func(n *token.New) { n.Paths = make([]string, 65) },
		"no network":        func(n *token.New) { n.Networks = []netip.Prefix{{}} },
		"IPv4 inside IPv6":  func(n *token.New) { n.Networks = []netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.0/120")} },
		"many networks":     func(n *token.New) { n.Networks = make([]netip.Prefix, 65) },
	} {
		r := newTokens(t)
		n := sample()
		change(&n)
		if _, _, err := r.Create(t.Context(), n); !errors.Is(err, token.ErrArgument) {
			t.Errorf("%s: Create() = %v, want ErrArgument", name, err)
		}
		if len(r.trail.Events()) != 0 {
			t.Errorf("%s: events %v, want none", name, r.trail.Names())
		}
	}
}

// Threat T195: a token that cannot be recorded was never made.
func TestCreateUnrecorded(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	r.trail.Fail(1)
	if _, value, err := r.Create(t.Context(), sample()); !errors.Is(err, token.ErrUnavailable) || !errors.Is(err, audit.ErrUnwritten) || !value.IsZero() {
		t.Errorf("Create() = %v, want ErrUnavailable and no value", err)
	}
	if list, err := r.Tokens.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List() = %v, %v, want none", list, err)
	}
}

// Threats T160, T193: value and credential are in the one answer and nowhere
// else.
func TestTokenIsShownOnce(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, value := r.make(t, sample())
	_, errWrong := r.Check(t.Context(), value[:20], home)
	_, errGet := r.Check(t.Context(), value, home)
	listed, errList := r.Tokens.List(t.Context())
	stored, errStored := r.ServiceTokens.Get(t.Context(), made.ID)
	_, errRevoke := r.Revoke(t.Context(), made.ID, "root", "test over")
	if err := errors.Join(errGet, errList, errStored, errRevoke); err != nil {
		t.Fatal(err)
	}
	wantNowhere(t, []string{value, value[5:25], "engine-password-canary"}, made, listed, stored, errWrong, r.trail.Events())
}

// Threat T107: whatever is not exactly a live token's value is refused.
func TestCheckRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, value := r.make(t, sample())
	for _, text := range []string{
		"", "mfat_", value[:len(value)-1], value + "=", strings.ToLower(value), " " + value, value + "\x00", made.ID,
		token.NewToken(), token.NewSignIn(), strings.Repeat("A", 4096), "mfat_\u202e" + value[5:], "undefined", "null",
	} {
		if _, err := r.Check(t.Context(), text, home); !errors.Is(err, token.ErrUnknown) || !errors.Is(err, token.ErrRefused) {
			t.Errorf("Check(%q) = %v, want ErrUnknown", text, err)
		}
	}
}

func TestCheckJudges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*token.New)
		before func(t *testing.T, r *tokens, id string)
		addr   netip.Addr
		want   error
		reason string
	}{
		{name: "good", addr: home},
		{name: "the last moment", addr: home, before: func(_ *testing.T, r *tokens, _ string) { r.clock.set(sample().Expires.Add(-1)) }},
		{
			name: "over", addr: home, want: token.ErrExpired, reason: "expired",
			before: func(_ *testing.T, r *tokens, _ string) { r.clock.set(sample().Expires) },
		},
		{
			name: "over and swept, the clock set back", addr: home, want: token.ErrExpired, reason: "expired",
			before: func(t *testing.T, r *tokens, _ string) {
				t.Helper()
				r.clock.set(sample().Expires)
				if n, err := r.Sweep(t.Context()); n != 1 || err != nil {
					t.Errorf("Sweep() = %d, %v, want 1", n, err)
				}
				r.clock.set(begun)
			},
		},
		{
			name: "revoked", addr: home, want: token.ErrRevoked, reason: "revoked",
			before: func(t *testing.T, r *tokens, id string) {
				t.Helper()
				if _, err := r.Revoke(t.Context(), id, "root", "left the company"); err != nil {
					t.Error(err)
				}
			},
		},
		{
			name: "with its user", addr: home, want: token.ErrRevoked, reason: "revoked",
			before: func(t *testing.T, r *tokens, _ string) {
				t.Helper()
				n, err := r.RevokeUser(t.Context(), "svc-export", "root", "user disabled")
				again, errAgain := r.RevokeUser(t.Context(), "svc-export", "root", "user disabled")
				if n != 1 || again != 0 || err != nil || errAgain != nil {
					t.Errorf("RevokeUser() = %d, %v and then %d, %v, want 1 and 0", n, err, again, errAgain)
				}
			},
		},
		{
			name: "from its network", addr: home, change: func(n *token.New) { n.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} },
		},
		{
			name: "from its network, written as IPv6", addr: netip.MustParseAddr("::ffff:192.0.2.7"),
			change: func(n *token.New) { n.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} },
		},
		{
			name: "from elsewhere", addr: away, want: token.ErrNetwork, reason: "network",
			change: func(n *token.New) { n.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} },
		},
		{
			name: "from nowhere", want: token.ErrNetwork, reason: "network",
			change: func(n *token.New) {
				n.Networks = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newTokens(t)
			n := sample()
			if test.change != nil {
				test.change(&n)
			}
			made, value := r.make(t, n)
			if test.before != nil {
				test.before(t, r, made.ID)
			}
			got, err := r.Check(t.Context(), value, test.addr)
			gotID, errID := r.CheckID(t.Context(), made.ID, test.addr)
			if test.want == nil {
				if err != nil || errID != nil || got.ID != made.ID || gotID.ID != made.ID {
					t.Errorf("Check() = %v, CheckID() = %v, want the token", err, errID)
				}
				wantEvent(t, r.trail, audit.Event{
					Name: audit.TokenUsed, Outcome: audit.OK, Username: "svc-export", Source: test.addr, Detail: map[string]string{"token": made.ID},
				})
				return
			}
			for _, err := range []error{err, errID} {
				if !errors.Is(err, test.want) || !errors.Is(err, token.ErrRefused) {
					t.Errorf("error %v, want %v", err, test.want)
				}
			}
			wantEvent(t, r.trail, audit.Event{
				Name: audit.TokenRefused, Outcome: audit.Refused, Username: "svc-export", Source: test.addr, Reason: test.reason,
				Detail: map[string]string{"token": made.ID, "owner": "Ünal O'Neill"},
			})
		})
	}
}

// Threats T107, T195: a store or a trail that fails refuses.
func TestCheckUnavailable(t *testing.T) {
	t.Parallel()
	r := newTokens(t)
	made, value := r.make(t, sample())
	calls := map[string]func() error{
		"Check":      func() error { _, err := r.Check(t.Context(), value, home); return err },
		"CheckID":    func() error { _, err := r.CheckID(t.Context(), made.ID, home); return err },
		"Revoke":     func() error { _, err := r.Revoke(t.Context(), made.ID, "root", "reason"); return err },
		"RevokeUser": func() error { _, err := r.RevokeUser(t.Context(), "svc-export", "root", "reason"); return err },
	}
	for name, call := range calls {
		r.trail.Fail(1)
		if err := call(); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, token.ErrRefused) {
			t.Errorf("%s without a trail = %v, want ErrUnavailable", name, err)
		}
	}
	if _, err := r.Check(t.Context(), value, home); err != nil {
		t.Errorf("Check() afterwards = %v: what could not be recorded was not done", err)
	}
	r.on.Store(true)
	calls["List"] = func() error { _, err := r.Tokens.List(t.Context()); return err }
	calls["Get"] = func() error { _, err := r.Tokens.Get(t.Context(), made.ID); return err }
	calls["Credential"] = func() error { _, err := r.Credential(t.Context(), made.ID); return err }
	calls["Sweep"] = func() error { _, err := r.Sweep(t.Context()); return err }
	calls["Create"] = func() error { _, _, err := r.Create(t.Context(), sample()); return err }
	for name, call := range calls {
		if err := call(); !errors.Is(err, token.ErrUnavailable) || !errors.Is(err, errDisk) || errors.Is(err, token.ErrRefused) {
			t.Errorf("%s without a store = %v, want ErrUnavailable", name, err)
		}
	}
}
