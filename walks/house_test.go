package walks_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/browsertest"
)

// startTimeout is generous: the machine may be loaded.
const startTimeout = 2 * time.Minute

// house is what the walks share.
type house struct {
	binary  string
	browser *browsertest.Browser
	rules   *browsertest.Rules
	demo    *demo
	// turn lets two walks go at a time: a browser takes a processor.
	turn chan struct{}

	mu   sync.Mutex // guards seen
	seen map[string]bool
}

// newHouse builds the program and starts demo and browser.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{
		rules: browsertest.LoadRules(t), browser: browsertest.Launch(t), binary: filepath.Join(t.TempDir(), "mfaserver"),
		turn: make(chan struct{}, 2), seen: map[string]bool{},
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", h.binary, "./cmd/mfaserver")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	h.demo = h.startDemo(t, "--users", "60", "--children", "2", "--remember-days", "30")
	return h
}

// demo is a running "mfaserver demo".
type demo struct {
	h *house
	// server and sim are the origins of its pages.
	server, sim string
	config      string
	caFile      string
	// username is an administrator.
	username, password string
	client             *http.Client
}

// startDemo runs a demo until the test ends. Its prompts wait for a person
// unless the flags say otherwise.
func (h *house) startDemo(t *testing.T, flags ...string) *demo {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	cmd := exec.CommandContext(t.Context(), h.binary, append([]string{
		"demo", "--listen", "127.0.0.1:0", "--duo-listen", "127.0.0.1:0", "--ready-file", ready,
	}, flags...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	heard := &listener{marker: "mfaserver demo is running", found: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = heard, heard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		<-ended // t.Context is done by now
		if text := heard.String(); t.Failed() {
			t.Logf("the demo said:\n%s", text[max(0, len(text)-4000):])
		}
	})
	select {
	case <-heard.found:
	case <-ended:
		t.Fatalf("the demo ended early:\n%s", heard)
	case <-time.After(startTimeout):
		t.Fatalf("the demo is not ready:\n%s", heard)
	}
	return h.readDemo(t, ready)
}

func (h *house) readDemo(t *testing.T, file string) *demo {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		ServerURL  string `json:"server_url"`
		CAFile     string `json:"ca_file"`
		Username   string `json:"username"`
		Password   string `json:"password"`
		ConfigFile string `json:"config_file"`
		Duo        struct {
			APIHostname string `json:"api_hostname"`
		} `json:"duo"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(r.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &demo{
		h: h, server: r.ServerURL, sim: "https://" + r.Duo.APIHostname, config: r.ConfigFile, caFile: r.CAFile,
		username: r.Username, password: r.Password, client: &http.Client{Transport: transport},
	}
}

// fresh is a client of the API with cookies of its own.
func (d *demo) fresh(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: d.client.Transport, Jar: jar}
}

// command runs the program against the demo and returns what it printed.
func (d *demo) command(t *testing.T, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), d.h.binary, append([]string{"--config", d.config}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("mfaserver %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// listener keeps what a program says and notes when it says the marker.
type listener struct {
	marker string
	found  chan struct{}

	mu   sync.Mutex // guards the rest
	text bytes.Buffer
	done bool
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if !l.done && strings.Contains(l.text.String(), l.marker) {
		l.done = true
		close(l.found)
	}
	return len(p), nil
}

func (l *listener) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
