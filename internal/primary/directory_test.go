package primary_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

func TestNewLocalRefuses(t *testing.T) {
	t.Parallel()
	limiter, err := throttle.New(throttle.Config{})
	if err != nil {
		t.Fatal(err)
	}
	users := primary.NewMemoryUsers()
	for name, c := range map[string]primary.LocalConfig{
		"no store":         {Limiter: limiter},
		"no limiter":       {Users: users},
		"negative hashes":  {Users: users, Limiter: limiter, MaxConcurrentHashes: -1},
		"negative queue":   {Users: users, Limiter: limiter, MaxQueuedHashes: -1},
		"negative wait":    {Users: users, Limiter: limiter, MaxWait: -1},
		"negative factor":  {Users: users, Limiter: limiter, LimitsFactor: -1},
		"negative minimum": {Users: users, Limiter: limiter, MinPasswordLength: -1},
	} {
		if _, err := primary.NewLocal(c); !errors.Is(err, primary.ErrConfig) {
			t.Errorf("%s: NewLocal = %v, want ErrConfig", name, err)
		}
	}
}

func TestLoginLimitsOfDemo(t *testing.T) {
	t.Parallel()
	for _, factor := range []int{0, 1, 100} {
		if _, err := throttle.New(primary.LoginLimits(factor)); err != nil {
			t.Errorf("limits times %d: %v", factor, err)
		}
	}
}

func TestFreshDirectoryLetsNobodyIn(t *testing.T) {
	t.Parallel()
	// Threat T015: no account is shipped.
	s := newSetup(t, unlimited)
	for _, name := range []string{"admin", "root", "administrator", "mirth", "test1"} {
		for _, password := range []string{"admin", "password", name} {
			s.wantRefused(t, name, password, home, primary.ReasonUnknownUser)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	good := primary.NewUser{Username: "bob", Role: primary.RoleUser, Password: secret.New(right)}
	for _, row := range []struct {
		name   string
		change func(n *primary.NewUser)
		want   error
	}{
		{"bad name", func(n *primary.NewUser) { n.Username = "bob " }, primary.ErrBadUsername},
		{"no role", func(n *primary.NewUser) { n.Role = "" }, primary.ErrBadRole},
		{"strange role", func(n *primary.NewUser) { n.Role = "Admin" }, primary.ErrBadRole},
		{"e-mail with a line feed", func(n *primary.NewUser) { n.Email = "a@b\nBcc: c" }, primary.ErrBadProfile},
		{"name that is not UTF-8", func(n *primary.NewUser) { n.FirstName = "\xff" }, primary.ErrBadProfile},
		{"long name", func(n *primary.NewUser) { n.LastName = strings.Repeat("x", 257) }, primary.ErrBadProfile},
		{"taken", func(n *primary.NewUser) { n.Username = "alice" }, primary.ErrUserExists},
		// Threat T005: nobody gets a twin.
		{"other case", func(n *primary.NewUser) { n.Username = "Alice" }, primary.ErrUserExists},
		{"full width", func(n *primary.NewUser) { n.Username = "ａlice" }, primary.ErrUserExists},
		{"sharp s", func(n *primary.NewUser) { n.Username = "STRASSE" }, primary.ErrUserExists},
		{"decomposed", func(n *primary.NewUser) { n.Username = "re\u0301ne" }, primary.ErrUserExists},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			for _, name := range []string{"alice", "straße", "r\u00e9ne"} {
				s.add(t, name, primary.RoleUser)
			}
			n := good
			row.change(&n)
			if _, err := s.Add(t.Context(), n); !errors.Is(err, row.want) {
				t.Errorf("Add = %v, want %v", err, row.want)
			}
			if _, oneTime, err := s.AddOneTime(t.Context(), n); !errors.Is(err, row.want) || !oneTime.IsZero() {
				t.Errorf("AddOneTime = %v, want %v and no password", err, row.want)
			}
			if users, err := s.List(t.Context()); err != nil || len(users) != 3 {
				t.Errorf("List = %d users, %v, want 3", len(users), err)
			}
		})
	}
}

func TestPasswordsNobodyMayChoose(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "integration-admin", primary.RoleUser)
	for _, row := range []struct {
		name, password string
		ok             bool
	}{
		{"empty", "", false},
		{"eleven characters", "xK3!mP9@qL2", false},
		{"eleven characters of many bytes", strings.Repeat("漢字", 5) + "漢", false},
		{"twelve characters", "xK3!mP9@qL2z", true},
		{"1024 bytes", strings.Repeat("xK3!mP9@", 128), true},
		{"1025 bytes", strings.Repeat("xK3!mP9@", 128) + "x", false},
		{"common", "password1234", false},
		{"common in capitals", "PassWord1234", false},
		{"the username", "integration-admin", false},
		{"the username in capitals", "Integration-Admin", false},
		{"one character", strings.Repeat("é", 20), false},
		{"only spaces", strings.Repeat(" ", 20), false},
		{"a sentence", "the quick brown fox", true},
		{"not UTF-8", "\xff\xfe\xfd is fine too", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := s.SetPassword(t.Context(), "integration-admin", secret.New(row.password))
			if row.ok && err != nil || !row.ok && !errors.Is(err, primary.ErrBadPassword) {
				t.Errorf("SetPassword = %v, want it accepted: %t", err, row.ok)
			}
			if err != nil && row.password != "" && strings.Contains(err.Error(), row.password) {
				t.Errorf("the error %q shows the password", err)
			}
		})
	}
}

func TestMinPasswordLength(t *testing.T) {
	t.Parallel()
	s := newSetup(t, func(c *primary.LocalConfig, _ *throttle.Config) { c.MinPasswordLength = 20 })
	s.add(t, "alice", primary.RoleUser)
	if _, err := s.SetPassword(t.Context(), "alice", secret.New(right[:19])); !errors.Is(err, primary.ErrBadPassword) {
		t.Errorf("SetPassword = %v, want ErrBadPassword", err)
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleUser)
	s.clock.Advance(time.Second)
	u, err := s.SetPassword(t.Context(), "alice", secret.New("another horse battery"))
	if err != nil || !u.PasswordChangedAt.Equal(s.clock.Now()) {
		t.Fatalf("SetPassword = %+v, %v, want it changed at %s", u, err, s.clock.Now())
	}
	s.wantRefused(t, "alice", right, home, primary.ReasonWrongPassword)
	s.wantOK(t, "alice", "another horse battery", home)
	if _, err := s.SetPassword(t.Context(), "bob", secret.New(right)); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("SetPassword of nobody = %v, want ErrUserUnknown", err)
	}
}

// Threat T015: the one-time password of the first administrator.
func TestOneTimePassword(t *testing.T) {
	t.Parallel()
	s := newSetup(t, unlimited)
	n := primary.NewUser{Username: "admin", Role: primary.RoleAdmin}
	added, oneTime, err := s.AddOneTime(t.Context(), n)
	if err != nil || !added.Bootstrap || !added.BootstrapExpires.Equal(s.clock.Now().Add(time.Hour)) {
		t.Fatalf("AddOneTime = %+v, %v, want a one-time password for an hour", added, err)
	}
	if len(oneTime.Reveal()) < 26 {
		t.Errorf("one-time password of %d characters, want 26 or more (128 bits)", len(oneTime.Reveal()))
	}
	s.wantRefused(t, "admin", wrong, home, primary.ReasonWrongPassword)
	s.wantRefused(t, "admin", "", home, primary.ReasonEmptyPassword)
	s.clock.Advance(time.Minute)
	got := s.wantOK(t, "admin", oneTime.Reveal(), home)
	if !got.User.Bootstrap {
		t.Error("the result does not say that a one-time password was used")
	}
	// Used once, it is gone; the login that used it goes on.
	s.wantRefused(t, "admin", oneTime.Reveal(), home, primary.ReasonOneTimeExpired)
	if ok, err := s.Unchanged(t.Context(), "admin", s.clock.Now()); !ok || err != nil {
		t.Errorf("Unchanged = %t, %v, want true: the login under way is the one", ok, err)
	}
	u, err := s.SetPassword(t.Context(), "admin", secret.New(right))
	if err != nil || u.Bootstrap || !u.BootstrapExpires.IsZero() {
		t.Fatalf("SetPassword = %+v, %v, want no one-time mark", u, err)
	}
	s.wantRefused(t, "admin", oneTime.Reveal(), home, primary.ReasonWrongPassword)
	s.wantOK(t, "admin", right, home)
}

func TestOneTimePasswordExpires(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	_, oneTime, err := s.AddOneTime(t.Context(), primary.NewUser{Username: "admin", Role: primary.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(primary.OneTimeLifetime)
	s.wantRefused(t, "admin", oneTime.Reveal(), home, primary.ReasonOneTimeExpired)
}

func TestOneTimePasswordsDiffer(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	_, a, errA := s.AddOneTime(t.Context(), primary.NewUser{Username: "a", Role: primary.RoleAdmin})
	_, b, errB := s.AddOneTime(t.Context(), primary.NewUser{Username: "b", Role: primary.RoleAdmin})
	if errA != nil || errB != nil || a.Equal(b) {
		t.Errorf("two one-time passwords: %v, %v, equal: %t", errA, errB, a.Equal(b))
	}
}

// Threat T015: of many who use the one-time password at once, one gets in.
func TestOneTimePasswordRace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t, unlimited, func(c *primary.LocalConfig, _ *throttle.Config) { c.MaxConcurrentHashes = 8 })
		_, oneTime, err := s.AddOneTime(t.Context(), primary.NewUser{Username: "admin", Role: primary.RoleAdmin})
		if err != nil {
			t.Fatal(err)
		}
		s.hasher.hold = make(chan struct{})
		var in atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, _, err := s.try(t, "admin", oneTime.Reveal(), home)
				if err == nil {
					in.Add(1)
				} else if !errors.Is(err, primary.ErrRefused) {
					t.Errorf("Authenticate = %v, want ErrRefused", err)
				}
			})
		}
		// All have read the account before the first may go on.
		synctest.Wait()
		close(s.hasher.hold)
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d of 8 got in with a one-time password, want 1", in.Load())
		}
	})
}

func TestDisableAndEnable(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleUser)
	if u, err := s.Disable(t.Context(), "alice"); err != nil || !u.Disabled {
		t.Fatalf("Disable = %+v, %v", u, err)
	}
	s.wantRefused(t, "alice", right, home, primary.ReasonDisabled)
	if u, err := s.Enable(t.Context(), "alice"); err != nil || u.Disabled {
		t.Fatalf("Enable = %+v, %v", u, err)
	}
	s.wantOK(t, "alice", right, home)
	for name, err := range map[string]error{
		"Disable": second(s.Disable(t.Context(), "bob")),
		"Enable":  second(s.Enable(t.Context(), "bob")),
		"Remove":  s.Remove(t.Context(), "bob"),
		"Get":     second(s.Get(t.Context(), "bob")),
		"GetID":   second(s.GetID(t.Context(), 99)),
	} {
		if !errors.Is(err, primary.ErrUserUnknown) {
			t.Errorf("%s of nobody = %v, want ErrUserUnknown", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleAdmin)
	s.add(t, "bob", primary.RoleUser)
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, primary.ErrLastAdmin) {
			t.Errorf("%s = %v, want ErrLastAdmin", what, err)
		}
	}
	refused("Disable of the only one", second(s.Disable(t.Context(), "alice")))
	refused("Remove of the only one", s.Remove(t.Context(), "alice"))
	s.add(t, "carol", primary.RoleAdmin)
	if _, err := s.Disable(t.Context(), "carol"); err != nil {
		t.Fatal(err)
	}
	refused("Disable beside a disabled one", second(s.Disable(t.Context(), "alice")))
	if err := s.Remove(t.Context(), "carol"); err != nil {
		t.Errorf("Remove of a disabled administrator = %v", err)
	}
	if _, _, err := s.AddOneTime(t.Context(), primary.NewUser{Username: "dave", Role: primary.RoleAdmin}); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(primary.OneTimeLifetime)
	refused("Remove beside one whose one-time password is over", s.Remove(t.Context(), "alice"))
	if _, err := s.SetPassword(t.Context(), "dave", secret.New(right)); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(t.Context(), "alice"); err != nil {
		t.Errorf("Remove beside another = %v", err)
	}
	refused("Disable of the other", second(s.Disable(t.Context(), "dave")))
}

func TestLastAdminRace(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleAdmin)
	s.add(t, "bob", primary.RoleAdmin)
	s.users.slow = 5 * time.Millisecond
	var wg sync.WaitGroup
	for _, name := range []string{"alice", "bob"} {
		wg.Go(func() { _, _ = s.Disable(t.Context(), name) })
		wg.Go(func() { _ = s.Remove(t.Context(), name) })
	}
	wg.Wait()
	users, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	enabled := 0
	for _, u := range users {
		if !u.Disabled {
			enabled++
		}
	}
	if enabled != 1 {
		t.Errorf("%d administrators left, want 1: %+v", enabled, users)
	}
}

// Threat T019: what changed between the first call and the second.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(s *setup) error
		want bool
	}{
		{"nothing", func(*setup) error { return nil }, true},
		{"a login", func(s *setup) error { return s.NoteLogin(t.Context(), "alice", home) }, true},
		{"disabled", func(s *setup) error { return second(s.Disable(t.Context(), "alice")) }, false},
		{"removed", func(s *setup) error { return s.Remove(t.Context(), "alice") }, false},
		{"password changed", func(s *setup) error {
			return second(s.SetPassword(t.Context(), "alice", secret.New("another horse battery")))
		}, false},
		{"removed and made again", func(s *setup) error {
			n := primary.NewUser{Username: "alice", Role: primary.RoleUser, Password: secret.New(right)}
			return errors.Join(s.Remove(t.Context(), "alice"), second(s.Add(t.Context(), n)))
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.add(t, "alice", primary.RoleUser)
			since := s.clock.Now()
			s.clock.Advance(1)
			if err := row.do(s); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Unchanged(t.Context(), "alice", since); got != row.want || err != nil {
				t.Errorf("Unchanged = %t, %v, want %t", got, err, row.want)
			}
		})
	}
}

// Threats T019, T124: a password that is changed after the clock was set back by
// less than a store would notice still ends the logins under way. One that goes
// back further is believed, so that nobody is shut out until a time that was
// wrong.
func TestUnchangedAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		back time.Duration
		want bool
	}{{time.Nanosecond, false}, {time.Second, false}, {59 * time.Second, false}, {time.Hour, true}} {
		t.Run(row.back.String(), func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.add(t, "alice", primary.RoleUser)
			s.clock.Advance(time.Hour)
			s.wantOK(t, "alice", right, home)
			since := s.clock.Now()
			s.clock.Advance(-row.back)
			if _, err := s.SetPassword(t.Context(), "alice", secret.New("another horse battery")); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Unchanged(t.Context(), "alice", since); got != row.want || err != nil {
				t.Errorf("Unchanged = %t, %v, want %t", got, err, row.want)
			}
		})
	}
}

func TestNoteLogin(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	u := s.add(t, "alice", primary.RoleUser)
	s.clock.Advance(time.Hour)
	if err := s.NoteLogin(t.Context(), "alice", home); err != nil {
		t.Fatal(err)
	}
	got, err := s.GetID(t.Context(), u.ID)
	if err != nil || !got.LastLogin.Equal(s.clock.Now()) {
		t.Errorf("GetID = %+v, %v, want LastLogin %s", got, err, s.clock.Now())
	}
	if err := s.NoteLogin(t.Context(), "bob", home); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("NoteLogin of nobody = %v, want ErrUserUnknown", err)
	}
}

// Threat T011: a bad record is named at start.
func TestBadHashes(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.add(t, "alice", primary.RoleAdmin)
	s.add(t, "bob", primary.RoleUser)
	_, oneTime, err := s.AddOneTime(t.Context(), primary.NewUser{Username: "carol", Role: primary.RoleUser})
	if err != nil {
		t.Fatal(err)
	}
	s.wantOK(t, "carol", oneTime.Reveal(), home)
	_, err = s.users.Update(t.Context(), "bob", func(_ *primary.User, hash *string) error { *hash = ""; return nil })
	if err != nil {
		t.Fatal(err)
	}
	bad, err := s.BadHashes(t.Context())
	if err != nil || len(bad) != 1 || bad[0].Username != "bob" {
		t.Errorf("BadHashes = %+v, %v, want bob", bad, err)
	}
}
