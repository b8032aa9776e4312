package walks_test

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	startURL    = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\S*`)
	loopbackURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)
)

// terminalWalk signs in from a terminal: the browser comes back to a port of
// the same machine, and the program has the session.
func terminalWalk() walk {
	return walk{"terminal/login", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		heard := &listener{marker: "Waiting for it", found: make(chan struct{})}
		login := exec.CommandContext(t.Context(), h.binary, "login", "--server", v.d.server, "--ca-file", v.d.caFile,
			"--user", v.d.username, "--password-file", "-", "--no-browser", "--output", "json")
		login.Stdin = strings.NewReader(v.d.password + "\n")
		var out strings.Builder
		login.Stdout, login.Stderr = &out, heard
		if err := login.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard.found:
		case <-time.After(startTimeout):
			t.Fatalf("login leads nowhere:\n%s", heard)
		}
		v.elsewhere = append(v.elsewhere, strings.TrimSuffix(loopbackURL.FindString(heard.String()), "/"))
		v.Visit(startURL.FindString(heard.String()))
		v.approve()
		v.Wait("#outcome")
		v.audit("terminal")
		if err := login.Wait(); err != nil || !strings.Contains(out.String(), v.d.username) {
			t.Errorf("login: %v\n%s\n%s", err, out.String(), heard)
		}
	}}
}

// strangerWalk opens the page of a login where nothing says that it is the
// client that began: the address proves nothing behind a proxy that nobody
// trusts.
func strangerWalk() walk {
	return walk{"callback/another-client", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		v.header("X-Forwarded-For", "198.51.100.7")
		c := v.d.caller(t, v.d.username, v.d.password)
		v.Visit(c.authURL)
		v.approve()
		v.Wait("#confirm")
		v.audit("callback-warning")
		v.Follow("#confirm")
		if status := c.second(t, v.Value("#login-data")); status != http.StatusOK {
			t.Errorf("second call = %d", status)
		}
	}}
}

// digitsWalk answers a push that asks for the digits of the prompt.
func digitsWalk() walk {
	return walk{"prompt/verified-push", func(t *testing.T, h *house) {
		d := h.startDemo(t, "--verified-push", "3")
		v := h.visitor(t, d)
		c := d.caller(t, d.username, d.password)
		v.Visit(c.authURL)
		digits := v.Text("#verification-code")
		v.audit("prompt-verified-push")
		v.Type("#code", digits)
		v.approve()
		v.Wait("#login-data")
		if status := c.second(t, v.Value("#login-data")); status != http.StatusOK {
			t.Errorf("second call = %d", status)
		}
	}}
}
