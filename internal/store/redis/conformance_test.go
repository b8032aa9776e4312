package redis_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/primary"
	"mfaserver/internal/primary/primarytest"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/redis/redistest"
	"mfaserver/internal/throttle"
	"mfaserver/internal/throttle/throttletest"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

func TestSessionsKeepTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.TestStore(t, func(t *testing.T) session.Store { t.Helper(); return newStore(t).Sessions() })
}

func TestUsersKeepTheContract(t *testing.T) {
	t.Parallel()
	primarytest.TestUsers(t, func(t *testing.T) primary.Users { t.Helper(); return newStore(t).Users() })
}

func TestTransactionsKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestTransactions(t, func(t *testing.T) mfa.Transactions { t.Helper(); return newStore(t).Transactions() })
	mfatest.TestUnfinished(t, func(t *testing.T) mfa.Transactions { t.Helper(); return newStore(t).Transactions() })
}

func TestSourcesKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestSources(t, func(t *testing.T) mfa.Sources { t.Helper(); return newStore(t).Sources() })
}

func TestCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestCodes(t, func(t *testing.T) mfa.Codes { t.Helper(); return newStore(t).Codes() })
}

func TestTokensKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestServiceTokens(t, func(t *testing.T) token.ServiceTokens { t.Helper(); return newStore(t).Tokens() })
}

func TestSignInCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestSignInCodes(t, func(t *testing.T) token.SignInCodes { t.Helper(); return newStore(t).SignInCodes() })
}

func TestBreakGlassCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestBreakGlassCodes(t, func(t *testing.T) token.BreakGlassCodes { t.Helper(); return newStore(t).BreakGlass() })
}

func TestLedgerKeepsTheContract(t *testing.T) {
	t.Parallel()
	upstreamtest.TestLedger(t, func(t *testing.T) upstream.Ledger { t.Helper(); return newStore(t).Ledger() })
}

func TestCountersKeepTheContract(t *testing.T) {
	t.Parallel()
	throttletest.TestCounters(t, func(t *testing.T, c throttle.Config) throttle.Counters {
		t.Helper()
		return countersOf(t, newStore(t), c)
	})
}

func TestPausesKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestPauses(t, func(t *testing.T) mfa.Pauses { t.Helper(); return newStore(t).Pauses() })
}

func TestQuotaKeepsTheContract(t *testing.T) {
	t.Parallel()
	helpdesktest.TestQuota(t, func(t *testing.T) helpdesk.Quota { t.Helper(); return newStore(t).Quota("codes") })
}

// Threat T007: every call at another node, and the rules hold as at one.
func TestCountersOfTwoNodesKeepTheContract(t *testing.T) {
	t.Parallel()
	throttletest.TestCounters(t, func(t *testing.T, c throttle.Config) throttle.Counters {
		t.Helper()
		both := nodes(t, 2, config(t))
		return &spread{nodes: []throttle.Counters{countersOf(t, both[0], c), countersOf(t, both[1], c)}}
	})
}

func countersOf(tb testing.TB, s *redis.Store, c throttle.Config) throttle.Counters {
	tb.Helper()
	counters, err := s.Counters("login", c)
	if err != nil {
		tb.Fatal(err)
	}
	return counters
}

// spread asks one node after the other.
type spread struct {
	nodes []throttle.Counters
	turn  atomic.Int64
}

func (s *spread) next() throttle.Counters { return s.nodes[int(s.turn.Add(1))%len(s.nodes)] }

func (s *spread) Recall(who throttle.Subject) error { return s.next().Recall(who) }
func (s *spread) Check(ctx context.Context, who throttle.Subject) error {
	return s.next().Check(ctx, who)
}

func (s *spread) Fail(ctx context.Context, who throttle.Subject) error {
	return s.next().Fail(ctx, who)
}

func (s *spread) Take(ctx context.Context, who throttle.Subject) (*throttle.Attempt, error) {
	return s.next().Take(ctx, who)
}

func (s *spread) Succeed(ctx context.Context, who throttle.Subject) error {
	return s.next().Succeed(ctx, who)
}

func (s *spread) Change(c throttle.Config) error {
	for _, n := range s.nodes {
		if err := n.Change(c); err != nil {
			return err
		}
	}
	return nil
}

// prefixes counts the prefixes given out.
var prefixes atomic.Int64

func newPrefix() string { return fmt.Sprintf("t%d:", prefixes.Add(1)) }

// config is that of a store of its own on the shared server, under an ACL user
// who may do what the documented line says (threat T121): whatever passes here
// passes under it.
func config(tb testing.TB) redis.Config {
	tb.Helper()
	if shared == nil {
		tb.Skip("redis-server is not installed: this test needs it")
	}
	c := configOf(tb, shared)
	c.Addrs = []string{shared.Socket}
	c.Username, c.Password = "node-"+strings.TrimSuffix(c.Prefix, ":"), secret.New("s3cret")
	setUser(tb, shared, c)
	return c
}

// setUser makes the ACL user of a configuration.
func setUser(tb testing.TB, s *redistest.Server, c redis.Config) {
	tb.Helper()
	line := strings.ReplaceAll(redis.ACL(c.Username, c.Prefix), ">PASSWORD", ">"+c.Password.Reveal())
	args := []any{"acl", "setuser"}
	for word := range strings.FieldsSeq(strings.TrimPrefix(line, "user ")) {
		args = append(args, word)
	}
	if _, err := s.Do(tb.Context(), args...); err != nil {
		tb.Fatalf("the ACL line is refused: %v", err)
	}
}

// configOf is that of a store of its own on servers of the test.
func configOf(tb testing.TB, servers ...*redistest.Server) redis.Config {
	tb.Helper()
	return redis.Config{Addrs: redistest.Addrs(servers...), Prefix: newPrefix(), Sealer: newSealer(tb)}
}

func newStore(tb testing.TB) *redis.Store {
	tb.Helper()
	return open(tb, config(tb))
}

// open opens a store and closes it with the test.
func open(tb testing.TB, c redis.Config) *redis.Store {
	tb.Helper()
	s, err := redis.Open(tb.Context(), c)
	if err != nil {
		tb.Fatalf("Open() = %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close() = %v", err)
		}
	})
	return s
}

func newSealer(tb testing.TB) *seal.Sealer {
	tb.Helper()
	key, err := seal.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		tb.Fatal(err)
	}
	return sealer
}
