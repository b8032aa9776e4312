package hashing_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/hashing"
	"mfaserver/internal/primary"
)

// newPool is a pool whose workers are the test binary in one of its roles.
func newPool(t *testing.T, role string, change func(*hashing.Config)) *hashing.Pool {
	t.Helper()
	c := hashing.Config{Command: []string{os.Args[0], role}, Cost: cheap(), Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	if change != nil {
		change(&c)
	}
	p, err := hashing.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestHashes(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, nil)
	own, err := primary.NewArgon2id(cheap())
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"correct horse battery staple", "naïve pässwörd", "\xff\x00\n\"bytes", strings.Repeat("x", 1024)} {
		encoded, err := p.Hash(password)
		if err != nil {
			t.Fatal(err)
		}
		if match, err := own.Verify(password, encoded); err != nil || !match {
			t.Errorf("a hash of a worker: %t, %v for this process, want true", match, err)
		}
		for guess, want := range map[string]bool{password: true, password + "x": false, "": false} {
			if match, err := p.Verify(guess, encoded); err != nil || match != want {
				t.Errorf("Verify(%q) = %t, %v; want %t", guess, match, err, want)
			}
		}
	}
	if n := len(p.Resting()); n != 1 {
		t.Errorf("one question after the other made %d workers, want 1", n)
	}
}

// Threat T011: a poisoned hash reaches no worker.
func TestPoisonedHash(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, nil)
	for _, encoded := range []string{"", "x", "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5a2V5"} {
		if match, err := p.Verify("x", encoded); match || !errors.Is(err, primary.ErrBadHash) {
			t.Errorf("Verify against %q = %t, %v; want ErrBadHash", encoded, match, err)
		}
	}
	if n := len(p.Resting()); n != 0 {
		t.Errorf("%d workers were started", n)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, nil)
	encoded, err := p.Hash("right")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			guess := "right"
			if i%2 == 1 {
				guess = fmt.Sprint("wrong", i)
			}
			if match, err := p.Verify(guess, encoded); err != nil || match != (i%2 == 0) {
				t.Errorf("Verify(%q) = %t, %v", guess, match, err)
			}
		})
	}
	all.Wait()
}

// Workers that were killed while they rested cost nobody a login.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, func(c *hashing.Config) {
		// Long enough that several are at work at once.
		c.Cost = primary.Params{Memory: 8 << 10, Iterations: 4, Parallelism: 1}
	})
	encoded, err := p.Hash("right")
	if err != nil {
		t.Fatal(err)
	}
	for len(p.Resting()) < 2 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := p.Verify("right", p.Dummy()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	before := p.Resting()
	for _, pid := range before {
		killed, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := killed.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if match, err := p.Verify("right", encoded); err != nil || !match {
		t.Errorf("after the workers were killed: %t, %v", match, err)
	}
	if after := p.Resting(); len(after) == 0 || slices.Contains(before, after[len(after)-1]) {
		t.Errorf("a worker that was killed answers: %v of %v", after, before)
	}
}

// A worker that gives no answer is never an answer.
func TestBrokenWorkers(t *testing.T) {
	t.Parallel()
	for _, role := range []string{breaks, hangs} {
		p := newPool(t, role, func(c *hashing.Config) { c.Patience = 50 * time.Millisecond })
		encoded := p.Dummy()
		if match, err := p.Verify("right", encoded); match || !errors.Is(err, hashing.ErrWorker) {
			t.Errorf("a worker that %s: %t, %v; want ErrWorker", role, match, err)
		}
		if hash, err := p.Hash("right"); hash != "" || !errors.Is(err, hashing.ErrWorker) {
			t.Errorf("a worker that %s: %q, %v; want ErrWorker", role, hash, err)
		}
	}
}

// Where no process can be started people still get in.
func TestNoWorkers(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p := newPool(t, works, func(c *hashing.Config) {
		c.Command = []string{filepath.Join(t.TempDir(), "nothing")}
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	encoded, err := p.Hash("right")
	if err != nil {
		t.Fatal(err)
	}
	for guess, want := range map[string]bool{"right": true, "wrong": false} {
		if match, err := p.Verify(guess, encoded); err != nil || match != want {
			t.Errorf("Verify(%q) = %t, %v; want %t", guess, match, err, want)
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, &log)
	}
}

func TestRestingWorkersEnd(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, func(c *hashing.Config) { c.Rest = 20 * time.Millisecond })
	if _, err := p.Hash("right"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(p.Resting()) > 0 {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the worker stays")
		}
	}
	if _, err := p.Hash("right"); err != nil {
		t.Errorf("after the rest: %v", err)
	}
}

func TestClosedPool(t *testing.T) {
	t.Parallel()
	p := newPool(t, works, nil)
	encoded, err := p.Hash("right")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if match, err := p.Verify("right", encoded); err != nil || !match || len(p.Resting()) != 0 {
		t.Errorf("after Close: %t, %v, workers %v", match, err, p.Resting())
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := hashing.Config{Command: []string{"x"}, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	for name, change := range map[string]func(*hashing.Config){
		"no command": func(c *hashing.Config) { c.Command = nil },
		"no logger":  func(c *hashing.Config) { c.Logger = nil },
		"no clock":   func(c *hashing.Config) { c.Now = nil },
		"bad cost":   func(c *hashing.Config) { c.Cost = primary.Params{Memory: 1} },
	} {
		c := good
		change(&c)
		if _, err := hashing.New(c); !errors.Is(err, primary.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
}
