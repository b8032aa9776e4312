package mfa_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"testing"
	"testing/iotest"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

func TestBeginMakesAChallenge(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) {
		c.DuoUsername = func(name string) (string, error) { return name + "@duo", nil }
	})
	b := asUser("alice")
	b.Typed, b.Primary, b.Administrator = "Alice", grace, true
	l := r.begin(t, b)
	prompt := r.duo.Prompts()[0]
	if !regexp.MustCompile(`^[0-9a-f]{36}$`).MatchString(l.state) {
		t.Errorf("state = %q, want 36 lower-case hexadecimal characters", l.state)
	}
	for what, value := range map[string]string{"nonce": prompt.Nonce, "binding": l.begun.Binding} {
		if raw, err := base64.RawURLEncoding.DecodeString(value); err != nil || len(raw) != 32 {
			t.Errorf("%s = %q, want 256 bits in base64url", what, value)
		}
	}
	if prompt.Username != "alice@duo" || prompt.RedirectURI != callback {
		t.Errorf("prompt is for %q at %q, want alice@duo at the callback", prompt.Username, prompt.RedirectURI)
	}
	want := mfa.Challenge{
		AuthURL: l.begun.AuthURL, RedirectURI: callback, Primary: grace, Binding: l.begun.Binding,
		ExpiresAt: epoch.Add(10 * time.Minute), Transaction: mfa.KeyOf(l.state).Handle(),
	}
	if *l.begun != want {
		t.Errorf("challenge is %+v, want %+v", *l.begun, want)
	}
	tx, err := r.memory.Find(t.Context(), mfa.KeyOf(l.state))
	if err != nil || tx.Binding != sha256.Sum256([]byte(l.begun.Binding)) || tx.Phase != mfa.Pending || tx.Nonce != prompt.Nonce {
		t.Errorf("stored is %+v, %v, want a pending one with the hash of the binding", tx, err)
	}
	e := r.wantLast(t, audit.ChallengeIssued, audit.OK, "")
	if e.Username != "alice" || e.Transaction != want.Transaction || e.Source != b.Client.Addr || e.RequestID != "req-1" {
		t.Errorf("record is %+v, want who, where and which", e)
	}
	r.wantReleased(t)
}

// Threat T033: no value repeats, and none is part of another.
func TestRandomValuesAreIndependent(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Limits = mfa.Limits{Total: 1_000_000} })
	seen := make(map[string]bool)
	for range 5_000 {
		l := r.begin(t, asUser("alice"))
		seen[l.state], seen[l.begun.Binding] = true, true
	}
	for _, p := range r.duo.Prompts() {
		seen[p.Nonce] = true
	}
	if len(seen) != 15_000 {
		t.Errorf("%d different values, want 15000", len(seen))
	}
}

// Threat T033: a random source that fails gives no challenge.
func TestRandomSourceFails(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]io.Reader{
		"broken": iotest.ErrReader(io.ErrClosedPipe),
		"short":  bytes.NewReader(make([]byte, 20)),
	} {
		r := newRig(t, func(c *mfa.Config) { c.Random = source })
		begun, err := r.Begin(t.Context(), asUser("alice"))
		matches(t, name+": Begin", err, mfa.ErrUnavailable)
		if begun != (mfa.Begun{}) || len(r.duo.Prompts()) != 0 {
			t.Errorf("%s: Begin = %+v, want nothing", name, begun)
		}
		r.wantReleased(t, "upstream session of alice")
	}
	r := newRig(t, func(c *mfa.Config) { c.Random, c.Failmode = iotest.ErrReader(io.ErrClosedPipe), mfa.FailSafe })
	r.healthIs(duoclient.ErrOutage)
	begun, err := r.Begin(t.Context(), asUser("alice"))
	matches(t, "Begin while Duo is down", err, mfa.ErrUnavailable, io.ErrClosedPipe)
	if begun != (mfa.Begun{}) || r.audit.Count(audit.MFAFailOpen) != 0 {
		t.Errorf("Begin while Duo is down = %+v, want nothing", begun)
	}
}

func TestBeginLifetimes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := asUser("alice")
	b.AllowEnrolment = true
	if got, want := r.begin(t, b).begun.ExpiresAt, epoch.Add(15*time.Minute); !got.Equal(want) {
		t.Errorf("an enrolling login ends at %v, want %v", got, want)
	}
	b.CheckedAt = epoch.Add(-3 * time.Second)
	l := r.begin(t, b)
	tx, err := r.memory.Find(t.Context(), mfa.KeyOf(l.state))
	if err != nil || !tx.CreatedAt.Equal(b.CheckedAt) {
		t.Errorf("created at %v, %v, want the time of the password check", tx.CreatedAt, err)
	}
	b.CheckedAt = epoch.Add(time.Hour)
	tx, err = r.memory.Find(t.Context(), mfa.KeyOf(r.begin(t, b).state))
	if err != nil || !tx.CreatedAt.Equal(epoch) {
		t.Errorf("created at %v, %v, want now when the check is said to be later", tx.CreatedAt, err)
	}
}

func TestBeginArguments(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mfa.BeginRequest){
		"username": func(b *mfa.BeginRequest) { b.Username = "" },
		"typed":    func(b *mfa.BeginRequest) { b.Typed = "" },
		"redirect": func(b *mfa.BeginRequest) { b.RedirectURI = "" },
		"status":   func(b *mfa.BeginRequest) { b.Primary = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			b := asUser("alice")
			change(&b)
			_, err := r.Begin(t.Context(), b)
			matches(t, "Begin", err, mfa.ErrArgument)
			r.wantReleased(t, "upstream session of alice")
		})
	}
}

func TestBeginWithoutADuoName(t *testing.T) {
	t.Parallel()
	errNoName := errors.New("not in the map")
	for name, f := range map[string]func(string) (string, error){
		"error": func(string) (string, error) { return "", errNoName },
		"empty": func(string) (string, error) { return "", nil },
	} {
		r := newRig(t, func(c *mfa.Config) { c.DuoUsername, c.Failmode = f, mfa.FailSafe })
		_, err := r.Begin(t.Context(), asUser("alice"))
		matches(t, name+": Begin", err, mfa.ErrSecondFactorUnavailable, duoclient.ErrConfig)
		r.wantLast(t, audit.DuoMisconfigured, audit.Failed, "misconfigured")
	}
	r := newRig(t)
	r.duo.FailAuthURL(duoclient.ErrArgument)
	_, err := r.Begin(t.Context(), asUser("alice"))
	matches(t, "Begin", err, mfa.ErrSecondFactorUnavailable, duoclient.ErrArgument)
	r.wantReleased(t, "upstream session of alice")
}

// Threat T031: logins of one browser share a binding; nobody else's value is
// ever adopted.
func TestBindingIsJoined(t *testing.T) {
	t.Parallel()
	joins := func(t *testing.T, change func(*mfa.BeginRequest)) bool {
		t.Helper()
		r := newRig(t)
		first := r.begin(t, asUser("alice"))
		b := asUser("alice")
		b.Client.Binding = first.begun.Binding
		change(&b)
		second := r.begin(t, b)
		return second.begun.Binding == b.Client.Binding
	}
	tests := []struct {
		name   string
		change func(*mfa.BeginRequest)
		want   bool
	}{
		{"same user, same address", func(*mfa.BeginRequest) {}, true},
		{"same address as IPv4-mapped IPv6", func(b *mfa.BeginRequest) { b.Client.Addr = from("::ffff:192.0.2.1").Addr }, true},
		{"another user", func(b *mfa.BeginRequest) { b.Username, b.Typed = "bob", "bob" }, false},
		{"another address", func(b *mfa.BeginRequest) { b.Client.Addr = from("192.0.2.2").Addr }, false},
		{"address that proves nothing", func(b *mfa.BeginRequest) { b.Client.Forwarded = true }, false},
		{"made-up value", func(b *mfa.BeginRequest) { b.Client.Binding = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }, false},
		{"short value", func(b *mfa.BeginRequest) { b.Client.Binding = "x" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := joins(t, tt.change); got != tt.want {
				t.Errorf("binding joined = %t, want %t", got, tt.want)
			}
		})
	}
	t.Run("of an ended login", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		first := r.begin(t, asUser("alice"))
		r.redeems(t, first.second)
		b := asUser("alice")
		b.Client.Binding = first.begun.Binding
		if r.begin(t, b).begun.Binding == first.begun.Binding {
			t.Error("the binding of a redeemed login was joined")
		}
	})
	t.Run("of an expired login", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		first := r.begin(t, asUser("alice"))
		r.clock.Add(10 * time.Minute)
		b := asUser("alice")
		b.Client.Binding = first.begun.Binding
		if r.begin(t, b).begun.Binding == first.begun.Binding {
			t.Error("the binding of an expired login was joined")
		}
	})
}

// Threat T037: a thousand first calls from one address leave the owner room,
// and end nobody's login but the caller's own.
func TestPendingExhaustion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	victim := asUser("alice")
	victim.Client = from("198.51.100.20")
	owner := r.begin(t, victim)
	for range 1_000 {
		r.begin(t, asUser("alice"))
	}
	r.redeems(t, owner.second)
	r.redeems(t, r.begin(t, victim).second)
	if got := len(r.released.Released()); got != 995 {
		t.Errorf("%d carries released, want 995: those of the replaced logins", got)
	}
}

// Threat T037: places of a user, and of all, that only addresses with a past
// success may use.
func TestReservedPlaces(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		limits  mfa.Limits
		places  int
		another func(n int) mfa.BeginRequest
	}{
		{"of a user", mfa.Limits{PerUser: 6, Reserved: 2}, 4, func(int) mfa.BeginRequest { return asUser("alice") }},
		{"of all", mfa.Limits{Total: 20}, 18, func(n int) mfa.BeginRequest { return asUser(fmt.Sprintf("user %d", n)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *mfa.Config) { c.Limits = tt.limits })
			home := asUser("alice")
			home.Client = from("198.51.100.20")
			r.redeems(t, r.begin(t, home).second)
			for n := range tt.places {
				b := tt.another(n)
				b.Client = from(fmt.Sprintf("203.0.113.%d", n))
				r.begin(t, b)
			}
			stranger := tt.another(99)
			stranger.Client = from("203.0.113.99")
			begun, err := r.Begin(t.Context(), stranger)
			matches(t, "Begin", err, mfa.ErrTooManyPending)
			r.audit.Fail(errFault)
			_, unrecorded := r.Begin(t.Context(), stranger)
			matches(t, "Begin that cannot be recorded", unrecorded, mfa.ErrUnavailable, errFault)
			r.audit.Fail(nil)
			if begun != (mfa.Begun{}) {
				t.Errorf("Begin = %+v, want nothing", begun)
			}
			e := r.wantLast(t, audit.TooManyPending, audit.Refused, "")
			if e.Username != stranger.Username {
				t.Errorf("record names %q, want %q", e.Username, stranger.Username)
			}
			hidden := home
			hidden.Client.Forwarded = true
			_, err = r.Begin(t.Context(), hidden)
			matches(t, "Begin from a known address that proves nothing", err, mfa.ErrTooManyPending)
			r.redeems(t, r.begin(t, home).second)
			r.clock.Add(31 * 24 * time.Hour)
			for n := range tt.places {
				b := tt.another(n)
				b.Client = from(fmt.Sprintf("203.0.113.%d", n))
				r.begin(t, b)
			}
			_, err = r.Begin(t.Context(), home)
			matches(t, "Begin from an address long forgotten", err, mfa.ErrTooManyPending)
		})
	}
}

// Threats T037, T198: three logins started and none finished raise an alarm.
func TestFatigue(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.begin(t, asUser("bob"))
	r.redeems(t, r.begin(t, asUser("bob")).second)
	r.begin(t, asUser("bob"))
	start := func(n int) {
		t.Helper()
		for range n {
			r.begin(t, asUser("alice"))
			r.begin(t, asUser(fmt.Sprintf("user at %v", r.clock.Now())))
		}
	}
	want := func(n int) {
		t.Helper()
		if got := r.audit.Count(audit.Fatigue); got != n {
			t.Errorf("%d alarms, want %d", got, n)
		}
	}
	start(2)
	want(0)
	last := r.begin(t, asUser("alice"))
	want(1)
	e := r.wantLast(t, audit.Fatigue, audit.OK, "")
	if e.Username != "alice" || e.Detail["unfinished"] != "3" {
		t.Errorf("alarm is %+v, want one about alice and 3", e)
	}
	r.redeems(t, last.second)
	r.clock.Add(time.Second)
	start(2)
	want(1)
	r.clock.Add(time.Hour)
	start(2)
	want(1)
	r.begin(t, asUser("alice"))
	want(2)
}

// Threat T195: a challenge that could not be recorded takes no place.
func TestUnrecordedChallengeTakesNoPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Limits = mfa.Limits{PerUser: 1} })
	errDisk := errors.New("disk full")
	r.audit.Fail(errDisk)
	_, err := r.Begin(t.Context(), asUser("alice"))
	matches(t, "Begin", err, mfa.ErrUnavailable, errDisk)
	r.audit.Fail(nil)
	b := asUser("alice")
	b.Client = from("198.51.100.9")
	r.begin(t, b)
}

func TestFatigueMemoryIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Limits = mfa.Limits{Total: 1_000_000} })
	for range 2 {
		r.begin(t, asUser("alice"))
	}
	for n := range 12_000 {
		r.begin(t, asUser(fmt.Sprint(n)))
	}
	r.begin(t, asUser("alice"))
	if got := r.audit.Count(audit.Fatigue); got != 0 {
		t.Errorf("%d alarms, want 0: the oldest users are forgotten", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mfa.Config){
		"no second factor":     func(c *mfa.Config) { c.SecondFactor = nil },
		"no transactions":      func(c *mfa.Config) { c.Transactions = nil },
		"no sources":           func(c *mfa.Config) { c.Sources = nil },
		"no codes":             func(c *mfa.Config) { c.Codes = nil },
		"no accounts":          func(c *mfa.Config) { c.Accounts = nil },
		"no recorder":          func(c *mfa.Config) { c.Recorder = nil },
		"unknown failmode":     func(c *mfa.Config) { c.Failmode = "open" },
		"unknown relay policy": func(c *mfa.Config) { c.Relay = "yes" },
		"empty reason":         func(c *mfa.Config) { c.Policy.AllowReasons = []string{""} },
		"reason in capitals":   func(c *mfa.Config) { c.Policy.AllowReasons = []string{"Trusted Network"} },
		"malformed factor":     func(c *mfa.Config) { c.Policy.DenyFactors = []string{"*"} },
		"short life":           func(c *mfa.Config) { c.Lifetime = time.Millisecond },
		"long life":            func(c *mfa.Config) { c.Lifetime = 2 * time.Hour },
		"shorter to enrol":     func(c *mfa.Config) { c.EnrolLifetime = time.Minute },
		"negative limit":       func(c *mfa.Config) { c.Limits.Total = -1 },
		"negative per client":  func(c *mfa.Config) { c.Limits.PerClient = -1 },
		"negative per user":    func(c *mfa.Config) { c.Limits = mfa.Limits{PerUser: -1} },
		"negative reserve":     func(c *mfa.Config) { c.Limits = mfa.Limits{PerUser: 3, Reserved: -1} },
		"all reserved":         func(c *mfa.Config) { c.Limits = mfa.Limits{PerUser: 3, Reserved: 3} },
		"reserved of nothing":  func(c *mfa.Config) { c.Limits = mfa.Limits{Total: 3, Reserved: 3} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mfa.NewMemory()
			r := newRig(t)
			c := mfa.Config{SecondFactor: r.duo, Transactions: m, Sources: m, Codes: m, Accounts: r.accounts, Recorder: r.audit}
			if _, err := mfa.New(c); err != nil {
				t.Fatalf("New of the least = %v, want nil", err)
			}
			change(&c)
			if _, err := mfa.New(c); !errors.Is(err, mfa.ErrConfig) {
				t.Errorf("New = %v, want ErrConfig", err)
			}
		})
	}
}

func TestRealClockAndRandomness(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Now, c.Random, c.Logger, c.Releaser = nil, nil, nil, nil })
	b := asUser("alice")
	g := r.redeems(t, r.begin(t, b).second)
	if g.At.IsZero() || string(g.Carry) != string(b.Carry) {
		t.Errorf("grant is %+v, want a time and the carry", g)
	}
}
