package primary_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
)

// record is an encoded hash of the given cost, salt and key sizes.
func encoded(m, t uint64, p, salt, key int) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", m, t, p, b64(make([]byte, salt)), b64(make([]byte, key)))
}

func cheap(tb testing.TB) *primary.Argon2id {
	tb.Helper()
	a, err := primary.NewArgon2id(primary.Params{Memory: 64, Iterations: 1, Parallelism: 1})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// Threat T011: a poisoned record is refused before anything is spent on it.
func TestPoisonedHashes(t *testing.T) {
	t.Parallel()
	poisoned := []struct{ name, hash string }{
		{"empty", ""},
		{"plain text", "plaintext:hunter2"},
		{"bcrypt", "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"},
		{"argon2i", strings.Replace(encoded(64, 1, 1, 16, 32), "argon2id", "argon2i", 1)},
		{"four gigabytes", encoded(4194304, 1, 1, 16, 32)},
		{"memory beyond 32 bits", encoded(1<<40, 1, 1, 16, 32)},
		{"a thousand passes", encoded(64, 1000, 1, 16, 32)},
		{"255 lanes", encoded(1<<15, 1, 255, 16, 32)},
		{"no pass", encoded(64, 0, 1, 16, 32)},
		{"no lane", encoded(64, 1, 0, 16, 32)},
		{"no memory", encoded(0, 1, 1, 16, 32)},
		{"negative memory", strings.Replace(encoded(64, 1, 1, 16, 32), "m=64", "m=-64", 1)},
		{"no salt", encoded(64, 1, 1, 0, 32)},
		{"no key", encoded(64, 1, 1, 16, 0)},
		{"key of one byte", encoded(64, 1, 1, 16, 1)},
		{"huge key", encoded(64, 1, 1, 16, 4096)},
		{"another version", strings.Replace(encoded(64, 1, 1, 16, 32), "v=19", "v=16", 1)},
		{"broken base64", encoded(64, 1, 1, 16, 32) + "!"},
		{"a part too many", encoded(64, 1, 1, 16, 32) + "$"},
		{"a letter after the cost", strings.Replace(encoded(64, 1, 1, 16, 32), "p=1", "p=1x", 1)},
		{"a sign before the cost", strings.Replace(encoded(64, 1, 1, 16, 32), "m=64", "m=+64", 1)},
		{"a megabyte", strings.Repeat("$", 1<<20)},
	}
	s := newSetup(t, unlimited, func(c *primary.LocalConfig, _ *throttle.Config) { c.Hasher = cheap(t) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i, row := range poisoned {
		name := fmt.Sprint("user", i)
		if _, err := cheap(t).Inspect(row.hash); !errors.Is(err, primary.ErrBadHash) {
			t.Errorf("%s: Inspect = %v, want ErrBadHash", row.name, err)
		}
		if ok, err := cheap(t).Verify(right, row.hash); ok || !errors.Is(err, primary.ErrBadHash) {
			t.Errorf("%s: Verify = %t, %v, want ErrBadHash", row.name, ok, err)
		}
		s.add(t, name, primary.RoleUser)
		_, err := s.users.Update(t.Context(), name, func(_ *primary.User, hash *string) error { *hash = row.hash; return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, password := range []string{right, "hunter2", " "} {
			s.wantRefused(t, name, password, home, primary.ReasonBadHash)
		}
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 256<<20 {
		t.Errorf("%d bytes were allocated for %d poisoned records, want less than 256 MiB", spent, len(poisoned))
	}
	s.add(t, "alice", primary.RoleUser)
	s.wantOK(t, "alice", right, home)
}

// Threat T010: what is made is argon2id of the stated cost, salted.
func TestArgon2id(t *testing.T) {
	t.Parallel()
	a, err := primary.NewArgon2id(primary.DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	one, err := a.Hash(right)
	if err != nil || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("Hash = %q, %v, want argon2id with 19 MiB, t=2, p=1", one, err)
	}
	two, err := a.Hash(right)
	if err != nil || one == two {
		t.Errorf("two hashes of one password: %v, equal: %t", err, one == two)
	}
	for _, row := range []struct {
		password string
		want     bool
	}{{right, true}, {wrong, false}, {"", false}} {
		if ok, err := a.Verify(row.password, one); ok != row.want || err != nil {
			t.Errorf("Verify(%q) = %t, %v, want %t", row.password, ok, err, row.want)
		}
	}
	if current, err := a.Inspect(one); !current || err != nil {
		t.Errorf("Inspect of its own hash = %t, %v, want current", current, err)
	}
	if current, err := cheap(t).Inspect(one); current || err != nil {
		t.Errorf("Inspect of another cost = %t, %v, want not current", current, err)
	}
}

func TestNewArgon2idRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []primary.Params{
		{},
		{Memory: 64, Iterations: 1},
		{Memory: 64, Parallelism: 1},
		{Memory: 7, Iterations: 1, Parallelism: 1},
		{Memory: 65 << 10, Iterations: 1, Parallelism: 1},
		{Memory: 64, Iterations: 17, Parallelism: 1},
		{Memory: 64, Iterations: 1, Parallelism: 5},
	} {
		if _, err := primary.NewArgon2id(p); !errors.Is(err, primary.ErrConfig) {
			t.Errorf("NewArgon2id(%+v) = %v, want ErrConfig", p, err)
		}
	}
}

// FuzzInspect: no record makes the parser panic, or asks for more than the
// bounds.
func FuzzInspect(f *testing.F) {
	f.Add(encoded(19456, 2, 1, 16, 32))
	f.Add(encoded(4194304, 1, 1, 16, 32))
	f.Add("$argon2id$v=19$m=+8,t=1,p=1x$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	a := cheap(f)
	f.Fuzz(func(t *testing.T, record string) {
		if _, err := a.Inspect(record); err != nil {
			if !errors.Is(err, primary.ErrBadHash) {
				t.Fatalf("Inspect(%q) = %v, want ErrBadHash", record, err)
			}
			return
		}
		begun := time.Now()
		if _, err := a.Verify("x", record); err != nil {
			t.Fatalf("Verify(%q) = %v after Inspect took it", record, err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Fatalf("%q took %s", record, took)
		}
	})
}

// The hash for users whom nobody knows is one that Verify works on as on any
// other, and that no password opens.
func TestDummy(t *testing.T) {
	t.Parallel()
	a, err := primary.NewArgon2id(primary.Params{Memory: 64, Iterations: 1, Parallelism: 1})
	if err != nil {
		t.Fatal(err)
	}
	one := a.Dummy()
	if current, err := a.Inspect(one); err != nil || !current || one == a.Dummy() {
		t.Errorf("Inspect(%q) = %v, %v, want a current hash and another each time", one, current, err)
	}
	if ok, err := a.Verify("", one); ok || err != nil {
		t.Errorf("Verify() = %v, %v, want false", ok, err)
	}
}
