package engine_test

import (
	"testing"
	"time"

	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
)

const password = "correct horse"

func ada() mirthtest.User {
	return mirthtest.User{Name: "ada", Password: password, Email: "ada@example.org"}
}

func startEngine(t *testing.T, c mirthtest.Config) *mirthtest.Server {
	t.Helper()
	if c.Users == nil {
		c.Users = []mirthtest.User{ada()}
	}
	s := mirthtest.NewServer(c)
	t.Cleanup(s.Close)
	return s
}

// newClient trusts s; change may alter the configuration.
func newClient(t *testing.T, s *mirthtest.Server, change func(*engine.Config)) *engine.Client {
	t.Helper()
	config := engine.Config{URL: s.URL, CA: s.CAPool(), Timeout: 5 * time.Second}
	if change != nil {
		change(&config)
	}
	c, err := engine.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func login(t *testing.T, c *engine.Client) engine.Login {
	t.Helper()
	l, err := c.Login(t.Context(), "ada", secret.New(password))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// eventually waits for what another goroutine does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}
