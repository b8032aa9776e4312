package sqlite_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
)

// child runs the test binary again with a task on the store at path. The
// process is killed with the test. A task that is a test itself is the only one
// that runs.
func child(tb testing.TB, task, path string) (*exec.Cmd, *bufio.Scanner) {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), self, "-test.run=^TestFullDiskChild$")
	cmd.Env = append(os.Environ(), childTask+"="+task, "SQLITE_TEST_FILE="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

// fileSealer seals with the key beside the store, as parent and child must.
func fileSealer(path string) (*seal.Sealer, error) {
	key, err := seal.LoadOrCreateKey(path + ".key")
	if err != nil {
		return nil, err
	}
	return seal.New(key)
}

func openChild(path string) *sqlite.DB {
	sealer, err := fileSealer(path)
	if err == nil {
		var db *sqlite.DB
		if db, err = sqlite.Open(context.Background(), sqlite.Config{Path: path, Sealer: sealer}); err == nil {
			return db
		}
	}
	fmt.Println("failed", err)
	os.Exit(1)
	return nil
}

// holdUntilKilled opens the store and says so.
func holdUntilKilled(path string) {
	openChild(path)
	fmt.Println("open")
	time.Sleep(time.Hour)
}

// Threat T122, fault R09: a second process is told who holds the store, at
// once, and the first does not notice. The lock ends with the process.
func TestSecondProcessIsToldWhoHoldsTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.db")
	first, out := child(t, "hold", path)
	if !out.Scan() || out.Text() != "open" {
		t.Fatalf("child says %q, want open", out.Text())
	}
	sealer, err := fileSealer(path)
	if err != nil {
		t.Fatal(err)
	}
	config := sqlite.Config{Path: path, Sealer: sealer}
	before := time.Now()
	_, err = sqlite.Open(t.Context(), config)
	if want := "process " + strconv.Itoa(first.Process.Pid); !errors.Is(err, sqlite.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("Open() = %v, want ErrLocked naming %s", err, want)
	}
	if took := time.Since(before); took > time.Second {
		t.Errorf("Open() took %v, want less than a second", took)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	open(t, config)
	if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, sqlite.ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second Open() in one process = %v, want ErrLocked naming this process", err)
	}
}

// writeUntilKilled writes from many goroutines and prints a line after each
// acknowledged write. Lines reach the pipe before the next write begins.
func writeUntilKilled(path string) {
	db := openChild(path)
	ctx := context.Background()
	base := int(time.Now().UnixNano() % 1e12)
	var mu sync.Mutex
	say := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, n)
	}
	must := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	inParallel(16, 1_000_000, func(i int) {
		n := base + i
		_, err := db.Sessions().Create(ctx, numbered(n), 0, begun)
		must(err)
		say("created", n)
		_, err = db.Transactions().Insert(ctx, mfatest.Transaction(n, begun), mfa.Limits{}, begun)
		must(err)
		say("inserted", n)
		_, err = db.Transactions().Update(ctx, mfa.KeyOf(fmt.Sprintf("state %d", n)), func(tx *mfa.Transaction) error {
			tx.Phase = mfa.Redeemed
			return nil
		})
		must(err)
		say("redeemed", n)
		_, err = db.Codes().Spend(ctx, sha256.Sum256([]byte(strconv.Itoa(n))), begun.Add(time.Hour), begun)
		must(err)
		say("spent", n)
		must(writeWays(ctx, db, n, say))
		if n%2 == 0 {
			say("deleting", n)
			_, err = db.Sessions().Delete(ctx, numbered(n).Key)
			must(err)
			say("deleted", n)
		}
	})
}

// Fault R01, threat T113: kill -9 at any moment loses nothing that was
// acknowledged and brings nothing back.
func TestKilledProcessKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.db")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	said := make(map[string]map[int]bool)
	for range rounds {
		cmd, out := child(t, "write", path)
		left := 50 + rand.IntN(800)
		for out.Scan() {
			what, number, _ := strings.Cut(out.Text(), " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				t.Fatalf("child says %q", out.Text())
			}
			if said[what] == nil {
				said[what] = make(map[int]bool)
			}
			said[what][n] = true
			if left--; left == 0 {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		checkAcknowledged(t, path, said)
	}
	for _, what := range []string{"created", "redeemed", "spent", "deleted", "noted", "struck", "revoked", "used"} {
		if len(said[what]) == 0 {
			t.Errorf("nothing was %s: the test shows nothing", what)
		}
	}
}

func checkAcknowledged(t *testing.T, path string, said map[string]map[int]bool) {
	t.Helper()
	sealer, err := fileSealer(path)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Sealer: sealer})
	if err != nil {
		t.Fatalf("Open() after kill -9 = %v", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("Open() after kill -9 took %v", took)
	}
	for n := range said["created"] {
		_, err := db.Sessions().Find(t.Context(), numbered(n).Key, begun)
		switch {
		case said["deleted"][n] && !errors.Is(err, session.ErrNotFound):
			t.Errorf("session %d came back: %v", n, err)
		case !said["deleting"][n] && err != nil:
			t.Errorf("session %d was lost: %v", n, err)
		}
	}
	for n := range said["inserted"] {
		tx, err := db.Transactions().Find(t.Context(), mfa.KeyOf(fmt.Sprintf("state %d", n)))
		if err != nil || said["redeemed"][n] && tx.Phase != mfa.Redeemed {
			t.Errorf("transaction %d is %q, %v", n, tx.Phase, err)
		}
	}
	for n := range said["spent"] {
		fresh, err := db.Codes().Spend(t.Context(), sha256.Sum256([]byte(strconv.Itoa(n))), begun.Add(time.Hour), begun)
		if err != nil || fresh {
			t.Errorf("code %d is fresh again: %v, %v", n, fresh, err)
		}
	}
	checkWays(t, db, said)
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// Fault R03, the nearest means: the log is cut or altered anywhere, as after
// a power loss. The store opens, and what is there is what was acknowledged
// up to some moment.
func TestTornLogIsAPrefix(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	sealer := newSealer(t)
	db := open(t, sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: sealer})
	const count = 40
	for i := range count {
		if _, err := db.Sessions().Create(t.Context(), numbered(i), 0, begun); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(filepath.Join(folder, "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(folder, "data.db-wal"))
	if err != nil || len(log) < 40*4096 {
		t.Fatalf("log of %d bytes, %v: the test shows nothing", len(log), err)
	}
	beside, err := os.ReadFile(filepath.Join(folder, "data.db.generation"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		torn := append([]byte(nil), log...)
		at := rand.IntN(len(torn))
		if i%2 == 0 {
			torn = torn[:at]
		} else {
			torn[at] ^= 0x40
		}
		path := filepath.Join(folder, "torn.db")
		for name, content := range map[string][]byte{path: file, path + "-wal": torn, path + ".generation": beside} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		wantPrefix(t, sqlite.Config{Path: path, Sealer: sealer}, count)
	}
}

func wantPrefix(t *testing.T, c sqlite.Config, count int) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), c)
	if errors.Is(err, sqlite.ErrDamaged) {
		return // refused in words is right too
	}
	if err != nil {
		t.Fatalf("Open() with a torn log = %v", err)
	}
	lost := -1
	for i := range count {
		_, err := db.Sessions().Find(t.Context(), numbered(i).Key, begun)
		if err == nil && lost >= 0 {
			t.Errorf("session %d is there, but %d is not", i, lost)
		}
		if err != nil && lost < 0 {
			lost = i
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}
