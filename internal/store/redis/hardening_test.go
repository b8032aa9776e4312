package redis_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/redis/redistest"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Threat T121: the ACL user of the documented line can do nothing else: no
// other key, channel or command.
func TestACLForbidsTheRest(t *testing.T) {
	t.Parallel()
	c := config(t)
	open(t, c)
	for _, args := range [][]any{
		{"get", "other:key"},
		{"set", "x", "y"},
		{"publish", "other:events", "x"},
		{"eval", "return 1", 0},
		{"keys", "*"},
		{"config", "get", "*"},
		{"flushall"},
		{"acl", "list"},
		{"debug", "sleep", "0"},
		{"replicaof", "no", "one"},
		{"shutdown"},
		{"module", "list"},
		{"client", "list"},
		{"getdel", c.Prefix + "meta:schema"},
	} {
		allowed, err := shared.Do(t.Context(), append([]any{"acl", "dryrun", c.Username}, args...)...)
		if err != nil || allowed == "OK" {
			t.Errorf("%v is allowed (%v, %v), want it refused", args, allowed, err)
		}
	}
	wrong := c
	wrong.Password = secret.New("wrong")
	if _, err := redis.Open(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Errorf("Open with a wrong password = %v, want WRONGPASS", err)
	}
}

// Threats T003, T121: the server must prove itself.
func TestTLS(t *testing.T) {
	t.Parallel()
	certs := newCertificates(t)
	server := redistest.New(t, redistest.Config{Extra: fmt.Sprintf("tls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients no", certs.port, certs.cert, certs.key, certs.cert)})
	c := configOf(t, server)
	c.Addrs = []string{fmt.Sprintf("127.0.0.1:%d", certs.port)}
	if _, err := server.Do(t.Context(), "info"); err != nil {
		t.Fatal(err)
	}
	c.TLS = &tls.Config{RootCAs: certs.pool, MinVersion: tls.VersionTLS12}
	s := open(t, c)
	create(t, s, sessiontest.NewSession("a", "alice", begun))
	strange := c
	strange.TLS = &tls.Config{RootCAs: newCertificates(t).pool, MinVersion: tls.VersionTLS12}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var unknown *tls.CertificateVerificationError
	if _, err := redis.Open(ctx, strange); !errors.As(err, &unknown) {
		t.Errorf("Open of a server with a strange certificate = %v, want a failed verification", err)
	}
}

// Every fault of a server that stays until somebody sees to it is named.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	used := configOf(t, server)
	open(t, used)
	for name, c := range map[string]struct {
		change func(*redis.Config)
		before []any
		want   error
	}{
		// Fault R24.
		"eviction":    {before: []any{"config", "set", "maxmemory-policy", "allkeys-lru"}, want: redis.ErrEviction},
		"version":     {change: func(c *redis.Config) { c.MinVersion = "99.0.0" }, want: redis.ErrVersion},
		"replicas":    {change: func(c *redis.Config) { c.Replicas = 1 }, want: redis.ErrReplicas},
		"too new":     {change: func(c *redis.Config) { c.Prefix = "new:" }, before: []any{"set", "new:meta:schema", "2"}, want: redis.ErrTooNew},
		"wrong key":   {change: func(c *redis.Config) { c.Prefix = used.Prefix }, want: redis.ErrWrongKey},
		"clock":       {change: func(c *redis.Config) { c.Now = func() time.Time { return time.Now().Add(-2 * time.Minute) } }, want: redis.ErrClock},
		"clock ahead": {change: func(c *redis.Config) { c.Now = func() time.Time { return time.Now().Add(2 * time.Minute) } }, want: redis.ErrClock},
	} {
		t.Run(name, func(t *testing.T) {
			if c.before != nil {
				if _, err := server.Do(t.Context(), c.before...); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() {
				_, _ = server.Do(context.WithoutCancel(t.Context()), "config", "set", "maxmemory-policy", "noeviction")
			})
			cfg := configOf(t, server)
			if c.change != nil {
				c.change(&cfg)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := redis.Open(ctx, cfg); !errors.Is(err, c.want) {
				t.Errorf("Open = %v, want %v", err, c.want)
			}
		})
	}
}

// Threat T121: servers older than the lowest version are refused, each by its
// own count.
func TestLowestVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about, least, want string
	}{
		{"redis_version:6.2.0", "6.2.0", ""},
		{"redis_version:6.2.20", "6.2.3", ""},
		{"redis_version:10.0.0", "9.9.9", ""},
		{"redis_version:6.0.16", "6.2.0", "it is Redis 6.0.16, and at least 6.2.0 is needed"},
		{"redis_version:7.2.4\r\nvalkey_version:8.1.4", "8.1.4", ""},
		{"redis_version:7.2.4\r\nvalkey_version:8.0.1", "8.0.6", "it is Valkey 8.0.1, and at least 8.0.6 is needed"},
		{"redis_version:newest", "6.2.0", "version is not three numbers"},
		{"", "6.2.0", "version is not three numbers"},
	} {
		err := redis.Fit(c.about+"\r\nmaxmemory_policy:noeviction\r\n", c.least)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q with at least %s = %v, want %q", c.about, c.least, err, c.want)
		}
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t)
	for name, c := range map[string]redis.Config{
		"no address":                {Sealer: sealer},
		"no sealer":                 {Addrs: []string{"127.0.0.1:6379"}},
		"no port":                   {Sealer: sealer, Addrs: []string{"redis.example.org"}},
		"no TLS elsewhere":          {Sealer: sealer, Addrs: []string{"redis.example.org:6379"}},
		"two addresses, no replica": {Sealer: sealer, Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}},
		"prefix":                    {Sealer: sealer, Addrs: []string{"/run/redis"}, Prefix: "a*"},
		"timeout":                   {Sealer: sealer, Addrs: []string{"/run/redis"}, Timeout: time.Minute},
		"version":                   {Sealer: sealer, Addrs: []string{"/run/redis"}, MinVersion: "seven"},
	} {
		if _, err := redis.Open(t.Context(), c); !errors.Is(err, redis.ErrConfig) {
			t.Errorf("%s: Open = %v, want ErrConfig", name, err)
		}
	}
}

// Threats T117, T121: nothing on the server says who is meant, or opens
// anything.
func TestServerSeesNothing(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := open(t, c)
	v := sessiontest.NewSession("id of the session", "canary-user", begun)
	create(t, s, v)
	tx := mfatest.Transaction(1, begun)
	tx.Username, tx.Nonce = "canary-user", "canary-nonce"
	code, glass, program := tokentest.CodeRecord(1, "canary-user", begun), tokentest.BreakGlassRecord(1, "canary-user"), tokentest.TokenRecord(1)
	program.Username, program.ID = "canary-user", "canary-token-id"
	_, err := s.Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun)
	_, glassErr := s.BreakGlass().Replace(t.Context(), "canary-user", []token.BreakGlassRecord{glass})
	_, userErr := s.Users().Insert(t.Context(), primary.User{Username: "canary-user", Email: "canary@example.org"}, "canary-hash")
	err = errors.Join(err, glassErr, userErr,
		s.Tokens().Insert(t.Context(), program),
		s.SignInCodes().Insert(t.Context(), code, 3, begun),
		s.Sources().Remember(t.Context(), "canary-user", tx.Addr, begun.Add(time.Hour)),
		s.Ledger().Add(t.Context(), upstreamtest.Sample(1)))
	if err != nil {
		t.Fatal(err)
	}
	dump := dumpAll(t, c.Prefix)
	for _, canary := range []string{
		"canary", "id of the session", "+1 555 0100", "203.0.113.7", string(v.Carry), hex.EncodeToString(code.Key[:]), hex.EncodeToString(glass.Key[:]),
	} {
		if bytes.Contains(dump, []byte(canary)) {
			t.Errorf("the server holds %q", canary)
		}
	}
	if len(dump) < 2000 {
		t.Errorf("the dump has %d bytes: it is not all", len(dump))
	}
}

// dumpAll is everything under a prefix, names and values.
func dumpAll(t *testing.T, prefix string) []byte {
	t.Helper()
	keys, err := shared.Do(t.Context(), "keys", prefix+"*")
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	list, _ := keys.([]any)
	for _, k := range list {
		var v any
		for _, read := range [][]any{{"get", k}, {"smembers", k}, {"zrange", k, 0, -1}, {"hgetall", k}, {"lrange", k, 0, -1}} {
			if v, err = shared.Do(t.Context(), read...); err == nil {
				break
			}
		}
		fmt.Fprintln(&all, k, v)
	}
	return all.Bytes()
}

// Threat T118, fault R24: each byte of a record changed, one at a time: refused
// and logged, or at worst not found, never another session.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	t.Parallel()
	c := config(t)
	var log bytes.Buffer
	c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, c)
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, s, v)
	key := c.Prefix + "s:" + hex.EncodeToString(v.Key[:])
	raw, err := shared.Do(t.Context(), "get", key)
	if err != nil {
		t.Fatal(err)
	}
	value, _ := raw.(string)
	for i := range value {
		changed := []byte(value)
		changed[i] ^= 1 << (i % 8)
		if _, err := shared.Do(t.Context(), "set", key, string(changed)); err != nil {
			t.Fatal(err)
		}
		s.ForgetCache()
		if _, err := s.Sessions().Find(t.Context(), v.Key, begun); !errors.Is(err, session.ErrTampered) {
			t.Fatalf("Find with byte %d changed = %v, want ErrTampered", i, err)
		}
	}
	for n := range len(value) {
		if _, err := shared.Do(t.Context(), "set", key, value[:n]); err != nil {
			t.Fatal(err)
		}
		s.ForgetCache()
		if _, err := s.Sessions().Find(t.Context(), v.Key, begun); !errors.Is(err, session.ErrTampered) {
			t.Fatalf("Find of %d bytes = %v, want ErrTampered", n, err)
		}
	}
	if !strings.Contains(log.String(), "integrity check") {
		t.Error("nothing was logged")
	}
}

// Threat T117: records copied from one name to another open for nobody.
func TestSwappedRecordsAreNoticed(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := open(t, c)
	a, b := sessiontest.NewSession("a", "alice", begun), sessiontest.NewSession("b", "bob", begun)
	create(t, s, a, b)
	name := func(k session.Key) string { return c.Prefix + "s:" + hex.EncodeToString(k[:]) }
	for _, cmd := range [][]any{
		{"rename", name(a.Key), "tmp:" + c.Prefix},
		{"rename", name(b.Key), name(a.Key)},
		{"rename", "tmp:" + c.Prefix, name(b.Key)},
	} {
		if _, err := shared.Do(t.Context(), cmd...); err != nil {
			t.Fatal(err)
		}
	}
	s.ForgetCache()
	for _, k := range []session.Key{a.Key, b.Key} {
		if _, err := s.Sessions().Find(t.Context(), k, begun); !errors.Is(err, session.ErrTampered) {
			t.Errorf("Find of a swapped record = %v, want ErrTampered", err)
		}
	}
	// Another kind of value altogether.
	if _, err := shared.Do(t.Context(), "del", name(a.Key)); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Do(t.Context(), "sadd", name(a.Key), "x"); err != nil {
		t.Fatal(err)
	}
	s.ForgetCache()
	if _, err := s.Sessions().Find(t.Context(), a.Key, begun); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Find of a set = %v, want ErrUnavailable", err)
	}
}

// A login's phase stands in front of the record too, where scripts read it:
// made pending again, it does not open.
func TestPhaseCannotBeTurnedBack(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := open(t, c)
	tx := mfatest.Transaction(1, begun)
	if _, err := s.Transactions().Insert(t.Context(), tx, mfa.Limits{}, begun); err != nil {
		t.Fatal(err)
	}
	key := c.Prefix + "t:" + hex.EncodeToString(tx.Key[:])
	before, err := shared.Do(t.Context(), "get", key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Transactions().Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error { tx.Phase = mfa.Claimed; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Do(t.Context(), "setrange", key, 1, "p"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Transactions().Find(t.Context(), tx.Key); !errors.Is(err, mfa.ErrUnavailable) {
		t.Errorf("Find with the phase changed = %v, want ErrUnavailable", err)
	}
	// The whole record as it once was: this node remembers the claim.
	if _, err := shared.Do(t.Context(), "set", key, before); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Transactions().Find(t.Context(), tx.Key); err != nil || got.Phase != mfa.Burned {
		t.Errorf("Find of an old copy = %s, %v, want burned", got.Phase, err)
	}
}

// The sealing key is changed: the long-lived records are sealed anew when the
// store opens, and the previous key can be given up.
func TestRotation(t *testing.T) {
	t.Parallel()
	keys := make([]seal.Key, 2)
	for i := range keys {
		var err error
		if keys[i], err = seal.NewKey(); err != nil {
			t.Fatal(err)
		}
	}
	sealer := func(current seal.Key, previous ...seal.Key) *seal.Sealer {
		s, err := seal.New(current, previous...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c := config(t)
	c.Sealer = sealer(keys[0])
	old := open(t, c)
	if _, err := old.Users().Insert(t.Context(), primary.User{Username: "alice"}, "hash"); err != nil {
		t.Fatal(err)
	}
	if err := old.Tokens().Insert(t.Context(), tokentest.TokenRecord(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := old.BreakGlass().Replace(t.Context(), "alice", []token.BreakGlassRecord{tokentest.BreakGlassRecord(1, "alice")}); err != nil {
		t.Fatal(err)
	}
	v := sessiontest.NewSession("a", "alice", begun)
	create(t, old, v)
	c.Sealer = sealer(keys[1], keys[0])
	if s := open(t, c); !lives(t.Context(), s, v.Key) {
		t.Error("a session is lost with the change of the key")
	}
	c.Sealer = sealer(keys[1])
	s := open(t, c)
	if _, hash, err := s.Users().Find(t.Context(), "alice"); err != nil || hash != "hash" {
		t.Errorf("Find of the user = %q, %v", hash, err)
	}
	if _, err := s.Tokens().Get(t.Context(), tokentest.TokenRecord(1).ID); err != nil {
		t.Errorf("Get of the token = %v", err)
	}
	if list, err := s.BreakGlass().List(t.Context(), "alice"); err != nil || len(list) != 1 {
		t.Errorf("List of the codes = %d, %v", len(list), err)
	}
}
