package token_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
)

var (
	begun = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	home  = netip.MustParseAddr("192.0.2.7")
	away  = netip.MustParseAddr("2001:db8::7")
)

// errDisk is a failure of a store.
var errDisk = errors.New("the disk says no")

// clock is a clock that tests set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.set(begun)
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) set(t time.Time)      { c.at.Store(t.UnixNano()) }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

// switchable fails every call of a store while on.
type switchable struct{ on atomic.Bool }

func (s *switchable) err() error {
	if s.on.Load() {
		return errDisk
	}
	return nil
}

func newSealer(tb testing.TB) *seal.Sealer {
	tb.Helper()
	return sealerOf(tb, newKey(tb))
}

func newKey(tb testing.TB) seal.Key {
	tb.Helper()
	key, err := seal.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func sealerOf(tb testing.TB, current seal.Key, previous ...seal.Key) *seal.Sealer {
	tb.Helper()
	sealer, err := seal.New(current, previous...)
	if err != nil {
		tb.Fatal(err)
	}
	return sealer
}

// tokens are [token.Tokens] on a store that can fail.
type tokens struct {
	*token.Tokens
	switchable
	token.ServiceTokens
	clock *clock
	trail *audittest.Memory
}

func newTokens(t *testing.T) *tokens {
	t.Helper()
	r := &tokens{ServiceTokens: token.NewMemoryTokens(), clock: newClock(), trail: new(audittest.Memory)}
	r.with(t, newSealer(t))
	return r
}

// with begins anew with another sealer.
func (r *tokens) with(t *testing.T, sealer *seal.Sealer) {
	t.Helper()
	var err error
	r.Tokens, err = token.NewTokens(token.TokensConfig{Store: tokenStore{r}, Sealer: sealer, Recorder: r.trail, Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
}

// tokenStore is the store of tokens with its switch.
type tokenStore struct{ *tokens }

func (s tokenStore) Insert(ctx context.Context, r token.Record) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.ServiceTokens.Insert(ctx, r)
}

func (s tokenStore) Find(ctx context.Context, k token.Key) (token.Record, error) {
	if err := s.err(); err != nil {
		return token.Record{}, err
	}
	return s.ServiceTokens.Find(ctx, k)
}

func (s tokenStore) Get(ctx context.Context, id string) (token.Record, error) {
	if err := s.err(); err != nil {
		return token.Record{}, err
	}
	return s.ServiceTokens.Get(ctx, id)
}

func (s tokenStore) List(ctx context.Context) ([]token.Record, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.ServiceTokens.List(ctx)
}

func (s tokenStore) Update(ctx context.Context, id string, change func(*token.Record) error) (token.Record, error) {
	if err := s.err(); err != nil {
		return token.Record{}, err
	}
	return s.ServiceTokens.Update(ctx, id, change)
}

func (s tokenStore) Delete(ctx context.Context, id string) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.ServiceTokens.Delete(ctx, id)
}

// sample is a token to be made.
func sample() token.New {
	return token.New{
		Name: "nightly export", Username: "svc-export", UserID: 9, Owner: "Ünal O'Neill", By: "root",
		Expires: begun.Add(30 * 24 * time.Hour), Credential: secret.New("engine-password-canary"),
	}
}

// make makes a token and returns its value.
func (r *tokens) make(t *testing.T, n token.New) (token.Token, string) {
	t.Helper()
	made, value, err := r.Create(t.Context(), n)
	if err != nil {
		t.Fatalf("Create() = %v", err)
	}
	return made, value.Reveal()
}

// wantEvent checks the only event of a name.
func wantEvent(t *testing.T, trail *audittest.Memory, want audit.Event) {
	t.Helper()
	found := trail.Find(want.Name)
	if len(found) != 1 {
		t.Errorf("%d events %s, want 1", len(found), want.Name)
		return
	}
	got := found[0]
	for key, value := range want.Detail {
		if got.Detail[key] != value {
			t.Errorf("%s: detail %s is %q, want %q", want.Name, key, got.Detail[key], value)
		}
	}
	got.Detail, want.Detail = nil, nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("event is %+v\nwant %+v", got, want)
	}
}

// wantNowhere looks for secrets in everything that is printed of values.
func wantNowhere(t *testing.T, secrets []string, values ...any) {
	t.Helper()
	var b strings.Builder
	logger := slog.New(slog.NewJSONHandler(&b, nil))
	for _, v := range values {
		fmt.Fprintf(&b, "%v %+v %#v\n", v, v, v)
		logger.Info("value", "value", v)
	}
	for _, s := range secrets {
		if strings.Contains(b.String(), s) {
			t.Errorf("%q is shown in %s", s, b.String())
		}
	}
}

// fullStore reads and does not write.
type fullStore struct{ token.ServiceTokens }

func (fullStore) Update(context.Context, string, func(*token.Record) error) (token.Record, error) {
	return token.Record{}, errDisk
}
