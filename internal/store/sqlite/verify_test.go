package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/primary"
	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
)

// Verify finds what quick_check at the start does not, changes nothing, and
// does not disturb who uses the store.
func TestVerify(t *testing.T) {
	t.Parallel()
	damage := func(query string) func(t *testing.T, c *sqlite.Config) {
		return func(t *testing.T, c *sqlite.Config) {
			t.Helper()
			foreign(t, c.Path, query)
		}
	}
	tests := []struct {
		name   string
		damage func(t *testing.T, c *sqlite.Config)
		want   error
		text   string
	}{
		{"whole", func(*testing.T, *sqlite.Config) {}, nil, ""},
		{"of an earlier version", damage("DROP TABLE epochs; PRAGMA user_version = 2"), nil, ""},
		{"a record of another row", damage(`UPDATE sessions SET record = (SELECT record FROM sessions WHERE id = 2) WHERE id IN (3, 4)`), sqlite.ErrDamaged, "2 records of sessions"},
		{"a session of another user", damage(`UPDATE sessions SET user = (SELECT user FROM sessions WHERE id = 2) WHERE id = 3`), sqlite.ErrDamaged, "1 records of sessions"},
		{"a changed user", damage(`UPDATE users SET username = x'6d616c6c6f7279'`), sqlite.ErrDamaged, "1 records of users"},
		{"an index that misses a row", func(t *testing.T, c *sqlite.Config) {
			t.Helper()
			foreign(t, c.Path, `PRAGMA writable_schema = ON; CREATE TABLE lost AS SELECT * FROM sqlite_schema WHERE name = 'sessions_user';
				DELETE FROM sqlite_schema WHERE name = 'sessions_user'`)
			foreign(t, c.Path, `DELETE FROM sessions WHERE id = 5; PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM lost`)
			foreign(t, c.Path, "DROP TABLE lost")
		}, sqlite.ErrDamaged, "sessions_user"},
		{"without its hashing key", damage("DELETE FROM meta"), sqlite.ErrDamaged, "hashing key"},
		{"of a later version", damage("PRAGMA user_version = 99"), sqlite.ErrTooNew, "schema 99"},
		{"cut", func(t *testing.T, c *sqlite.Config) {
			t.Helper()
			if err := os.Truncate(c.Path, 40*1024); err != nil {
				t.Fatal(err)
			}
		}, sqlite.ErrDamaged, ""},
		{"empty", func(t *testing.T, c *sqlite.Config) {
			t.Helper()
			if err := os.Truncate(c.Path, 0); err != nil {
				t.Fatal(err)
			}
		}, sqlite.ErrDamaged, "is empty"},
		{"open to others", func(t *testing.T, c *sqlite.Config) {
			t.Helper()
			if err := os.Chmod(c.Path, 0o644); err != nil {
				t.Fatal(err)
			}
		}, sqlite.ErrFileMode, ""},
		{"another key", func(t *testing.T, c *sqlite.Config) { t.Helper(); c.Sealer = newSealer(t) }, sqlite.ErrWrongKey, ""},
		{"no store", func(t *testing.T, c *sqlite.Config) { t.Helper(); c.Path += ".other" }, fs.ErrNotExist, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := made(t)
			db, err := sqlite.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Users().Insert(t.Context(), primary.User{Username: "alice"}, "hash"); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			test.damage(t, &config)
			before, _ := os.ReadFile(config.Path)
			err = sqlite.Verify(t.Context(), config)
			if !errors.Is(err, test.want) || err != nil && (test.want == nil || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), config.Path)) {
				t.Errorf("Verify() = %v, want %v naming the file and %q", err, test.want, test.text)
			}
			if after, _ := os.ReadFile(config.Path); !bytes.Equal(before, after) {
				t.Error("Verify() changed the file")
			}
			if left, _ := filepath.Glob(config.Path + "-*"); len(left) != 0 {
				t.Errorf("Verify() left %v", left)
			}
		})
	}
}

func TestVerifyBesideAServer(t *testing.T) {
	t.Parallel()
	config := made(t)
	db := open(t, config)
	var group sync.WaitGroup
	stop := make(chan struct{})
	group.Go(func() {
		for n := 1000; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := db.Sessions().Create(t.Context(), numbered(n), 0, begun); err != nil {
				t.Error(err)
			}
		}
	})
	for range 5 {
		if err := sqlite.Verify(t.Context(), config); err != nil {
			t.Errorf("Verify() = %v", err)
		}
	}
	close(stop)
	group.Wait()
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("Check() = %v", err)
	}
}

// Fault R36: any byte of the file is wrong. The store refuses to open and
// names the file, or what it gives out is what was put in: never another
// identity. What it then misses, Verify finds.
func TestCorruptedByte(t *testing.T) {
	t.Parallel()
	rounds := 100
	if testing.Short() {
		rounds = 15
	}
	config := made(t)
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if _, err := db.Users().Insert(t.Context(), primary.User{Username: fmt.Sprint("user ", i), Role: primary.RoleUser}, fmt.Sprint("hash ", i)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Transactions().Insert(t.Context(), mfatest.Transaction(i, begun), mfa.Limits{}, begun); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	beside, err := os.ReadFile(config.Path + ".generation")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	outcomes := make(map[string]int)
	for range rounds {
		at, bit := random.IntN(len(whole)), byte(1)<<random.IntN(8)
		broken := bytes.Clone(whole)
		broken[at] ^= bit
		c := config
		c.Path = filepath.Join(t.TempDir(), "data.db")
		for name, content := range map[string][]byte{c.Path: broken, c.Path + ".generation": beside} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		outcomes[corruptedOutcome(t, c, fmt.Sprintf("byte %d ^ %#x", at, bit), broken)]++
	}
	t.Logf("outcomes: %v", outcomes)
}

// corruptedOutcome opens a corrupted store and says what became of it.
func corruptedOutcome(t *testing.T, c sqlite.Config, what string, broken []byte) string {
	t.Helper()
	found := sqlite.Verify(t.Context(), c)
	db, err := sqlite.Open(t.Context(), c)
	if err != nil {
		if !errors.Is(err, sqlite.ErrDamaged) && !errors.Is(err, sqlite.ErrWrongKey) && !errors.Is(err, sqlite.ErrTooNew) || !strings.Contains(err.Error(), c.Path) {
			t.Errorf("%s: Open() = %v, want ErrDamaged, ErrWrongKey or ErrTooNew, and the file's name", what, err)
		}
		if found == nil {
			t.Errorf("%s: Verify() found nothing, Open() = %v", what, err)
		}
		if after, err := os.ReadFile(c.Path); err != nil || !bytes.Equal(after, broken) {
			t.Errorf("%s: the refused file was changed, %v", what, err)
		}
		return "refused"
	}
	missed := missedSessions(t, db, what) + missedUsers(t, db, what)
	_ = db.Close() // a store that met damage may say so
	switch {
	case missed == 0 && found == nil:
		return "harmless"
	case missed == 0:
		return "found by Verify"
	case found == nil && missed < 300: // 300: all are over, as after a restore
		t.Errorf("%s: %d records are missed, and Verify() found nothing", what, missed)
	}
	return "missed and told"
}

func missedSessions(t *testing.T, db *sqlite.DB, what string) (missed int) {
	t.Helper()
	want := make(map[session.Key]session.Session)
	for i := range 300 {
		s := numbered(i)
		want[s.Key] = s
		got, err := db.Sessions().Find(t.Context(), s.Key, begun)
		switch {
		case err == nil:
			if diff := cmp.Diff(s, got); diff != "" {
				t.Errorf("%s: session %d differs:\n%s", what, i, diff)
			}
		case errors.Is(err, session.ErrNotFound), errors.Is(err, session.ErrTampered), errors.Is(err, session.ErrUnavailable):
			missed++
		default:
			t.Errorf("%s: Find() = %v", what, err)
		}
	}
	list, err := db.Sessions().List(t.Context(), "", begun)
	if err != nil && !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: List() = %v", what, err)
	}
	for _, s := range list {
		if diff := cmp.Diff(want[s.Key], s); diff != "" {
			t.Errorf("%s: listed session differs:\n%s", what, diff)
		}
	}
	return missed
}

func missedUsers(t *testing.T, db *sqlite.DB, what string) (missed int) {
	t.Helper()
	for i := range 20 {
		name := fmt.Sprint("user ", i)
		u, hash, err := db.Users().Find(t.Context(), name)
		if err != nil {
			missed++
			continue
		}
		if u.Username != name || u.Role != primary.RoleUser || hash != fmt.Sprint("hash ", i) {
			t.Errorf("%s: user %q is %+v with %q", what, name, u, hash)
		}
	}
	return missed
}
