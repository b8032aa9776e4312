package main_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
	"mfaserver/internal/mirth"
)

// atTerminal is one command at a terminal of its own, which is its controlling
// one: Ctrl-C there is a signal to it. Standard output goes elsewhere.
type atTerminal struct {
	cmd    *exec.Cmd
	screen *os.File
	seen   string
	read   int // what was waited for so far
	more   chan string
	stdout bytes.Buffer
}

// typeAt starts mfaserver at a terminal. env is added to the environment, in
// which there is no display.
func typeAt(t *testing.T, env []string, args ...string) *atTerminal {
	t.Helper()
	screen, terminal := openTerminal(t)
	a := &atTerminal{cmd: command(t.Context(), args...), screen: screen, more: make(chan string)}
	a.cmd.Env = append(append(a.cmd.Env, "DISPLAY=", "WAYLAND_DISPLAY=", "BROWSER="), env...)
	a.cmd.Stdin, a.cmd.Stdout, a.cmd.Stderr = terminal, &a.stdout, terminal
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = terminal.Close() // so that the end of the command is the end of what is read
	go func() {
		defer close(a.more)
		for {
			buf := make([]byte, 4096)
			n, err := screen.Read(buf)
			if err != nil {
				return
			}
			select {
			case a.more <- string(buf[:n]):
			case <-t.Context().Done():
				return
			}
		}
	}()
	return a
}

// waits for a marker that was not waited for yet.
func (a *atTerminal) waits(t *testing.T, marker string) {
	t.Helper()
	timeout := time.After(startTimeout)
	for {
		if i := strings.Index(a.seen[a.read:], marker); i >= 0 {
			a.read += i + len(marker)
			return
		}
		select {
		case text, ok := <-a.more:
			if !ok {
				t.Fatalf("the terminal showed\n%s\nand then the end, want %q", a.seen, marker)
			}
			a.seen += text
		case <-timeout:
			t.Fatalf("the terminal showed\n%s\nwant %q", a.seen, marker)
		}
	}
}

func (a *atTerminal) types(t *testing.T, text string) {
	t.Helper()
	if _, err := a.screen.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// answers waits for a question and types the answer.
func (a *atTerminal) answers(t *testing.T, question, answer string) {
	t.Helper()
	a.waits(t, question)
	a.types(t, answer+"\n")
}

// ends waits for the end and wants the exit code.
func (a *atTerminal) ends(t *testing.T, code int) {
	t.Helper()
	for text := range a.more {
		a.seen += text
	}
	_ = a.cmd.Wait()
	if got := a.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%v ended with %d, want %d\nterminal: %s\nstdout: %s", a.cmd.Args[1:], got, code, a.seen, a.stdout.String())
	}
}

// shownURL is an address that stands alone in a line.
var shownURL = regexp.MustCompile(`(?m)^  (https?://\S+)\r?$`)

func (a *atTerminal) url(t *testing.T) string {
	t.Helper()
	found := shownURL.FindStringSubmatch(a.seen)
	if found == nil {
		t.Fatalf("no address to open in\n%s", a.seen)
	}
	return found[1]
}

// curlWith is the status of a GET that curl makes with a cookie jar.
func curlWith(t *testing.T, ready readyFile, jar string) string {
	t.Helper()
	needCurl(t)
	out, err := exec.CommandContext(t.Context(), "curl", "-s", "-o", os.DevNull, "-w", "%{http_code}", "--cacert", ready.CAFile, "-b", jar,
		"-H", "X-Requested-With: curl", ready.ServerURL+"/api/users/current").Output()
	if err != nil {
		t.Fatalf("curl: %v", err)
	}
	return string(out)
}

// fakeOpener puts a program where the browser's opener is looked for, that
// writes down its arguments; it returns the environment for it and the file.
func fakeOpener(t *testing.T) (env []string, opened string) {
	t.Helper()
	dir := t.TempDir()
	opened = filepath.Join(dir, "opened")
	script := "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > '" + opened + ".new' && mv '" + opened + ".new' '" + opened + "'\n"
	writeProgram(t, filepath.Join(dir, "xdg-open"), []byte(script), 0o700)
	return []string{"DISPLAY=:99", "PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH")}, opened
}

// The whole of it: login at a terminal, one approve in a browser, and curl
// works with the jar; logout ends it.
// Threat I6: neither password nor state is an argument of the browser's opener.
func TestLoginAtATerminal(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	_, ready := startDemo(t)
	env, opened := fakeOpener(t)
	jar := filepath.Join(t.TempDir(), "jar")
	a := typeAt(t, env, "login", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--cookie-jar", jar)
	a.answers(t, "User: ", ready.Username)
	a.answers(t, "Password of "+ready.Username+": ", ready.Password)
	a.waits(t, "Ctrl-C cancels")
	start := a.url(t)
	waitFor(t, func() bool {
		args, err := os.ReadFile(opened)
		return err == nil && string(args) == "1\n"+start+"\n"
	})
	b.Do(
		chromedp.Navigate(start),
		chromedp.Click(chromedp.CSS("#push")),
		chromedp.Click(chromedp.CSS("#approve")),
		chromedp.WaitVisible(chromedp.CSS("#outcome")),
	)
	for id, want := range map[string]string{"#outcome": "You are signed in", "#user": ready.Username, "#server": ready.ServerURL} {
		if got := strings.TrimSpace(browsertest.Read(b, chromedp.Text(chromedp.CSS(id)))); got != want {
			t.Errorf("the page says %q in %s, want %q", got, id, want)
		}
	}
	b.Screenshot("terminal-signed-in")
	base, _, _ := strings.Cut(strings.TrimPrefix(start, "http://"), "/")
	b.Check("http://"+base, "https://"+ready.Duo.APIHostname)
	a.ends(t, 0)
	if out := a.stdout.String(); !strings.Contains(out, ready.Username) || !strings.Contains(out, jar) || strings.Contains(out, "JSESSIONID") {
		t.Errorf("login printed %s", out)
	}
	if strings.Contains(a.seen, ready.Password) || strings.Contains(a.seen, "JSESSIONID") {
		t.Errorf("the terminal showed a secret: %s", a.seen)
	}
	if status := curlWith(t, ready, jar); status != "200" {
		t.Errorf("curl -b jar = %s, want 200", status)
	}
	out := []string{"logout", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--cookie-jar", jar}
	kept := filepath.Join(t.TempDir(), "kept")
	data, err := os.ReadFile(jar)
	if err != nil {
		t.Fatal(err)
	}
	writePrivateFile(t, kept, string(data))
	if r := runCommand(t, "", out...); r.code != 0 || !strings.Contains(r.stdout, "signed out of "+ready.ServerURL) {
		t.Errorf("logout = %d %s %s", r.code, r.stdout, r.stderr)
	}
	if status := curlWith(t, ready, kept); status != "401" {
		t.Errorf("curl with the session after logout = %s, want 401", status)
	}
	if r := runCommand(t, "", out...); r.code != 4 || !strings.Contains(r.stderr, "no session") {
		t.Errorf("logout again = %d %s", r.code, r.stderr)
	}
	out[len(out)-1] = kept
	if r := runCommand(t, "", out...); r.code != 0 || !strings.Contains(r.stdout, "ended already") {
		t.Errorf("logout of a session that is over = %d %s %s", r.code, r.stdout, r.stderr)
	}
}

// waitFor polls for what another process does.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(startTimeout); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

// By paste the browser may be anywhere: the address is Duo's own, and the page
// after it the server's.
func TestLoginByPaste(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	_, ready := startDemo(t)
	a := typeAt(t, nil, "login", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--user", ready.Username, "--paste")
	a.answers(t, "Password of ", ready.Password)
	a.answers(t, "Paste it here", "something else")
	a.waits(t, "not the code of this sign-in")
	a.waits(t, "Paste it here")
	data := approveInBrowser(b, mirth.DuoLoginStatus{AuthURL: a.url(t)})
	a.types(t, "  "+data+" \n")
	a.ends(t, 0)
	cookie := regexp.MustCompile(`JSESSIONID=\S+`).FindString(a.stdout.String())
	if cookie == "" || strings.Contains(a.seen, data) {
		t.Fatalf("login printed %s\nterminal: %s", a.stdout.String(), a.seen)
	}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	if got := c.do(t, http.MethodGet, c.server+"/api/users/current", nil, http.Header{"Cookie": {cookie}}); got.status != http.StatusOK {
		t.Errorf("users/current with the printed cookie = %d", got.status)
	}
}

// Ctrl-C ends it wherever it is, and nobody is signed in.
func TestLoginIsCancelled(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t)
	line := []string{"login", "--server", ready.ServerURL, "--ca-file", ready.CAFile}
	for _, tt := range []struct {
		name string
		at   func(a *atTerminal)
	}{
		{"at the name", func(a *atTerminal) { a.waits(t, "User: ") }},
		{"at the password", func(a *atTerminal) {
			a.answers(t, "User: ", ready.Username)
			a.waits(t, "Password of")
		}},
		{"at the prompt", func(a *atTerminal) {
			a.answers(t, "User: ", ready.Username)
			a.answers(t, "Password of", ready.Password)
			a.waits(t, "Ctrl-C cancels")
		}},
	} {
		a := typeAt(t, nil, line...)
		tt.at(a)
		a.types(t, "\x03")
		a.ends(t, 1)
		if !strings.Contains(a.seen, "mfaserver: cancelled") || a.stdout.Len() > 0 {
			t.Errorf("%s: the terminal showed %s", tt.name, a.seen)
		}
	}
	var sessions []map[string]any
	commandLine{ready.ConfigFile}.wantsJSON(t, &sessions, "sessions", "list")
	if len(sessions) != 0 {
		t.Errorf("sessions = %v, want none", sessions)
	}
}

// A command has the terminal: Ctrl-C is its own to answer, and when it has
// ended the session ends too.
func TestLoginRunsACommandAtATerminal(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	a := typeAt(t, nil, "login", "--server", ready.ServerURL, "--ca-file", ready.CAFile, "--user", ready.Username, "--",
		"sh", "-c", `trap 'echo interrupted >&2; exit 9' INT; echo started >&2; sleep 60 & wait`)
	a.answers(t, "Password of", ready.Password)
	a.waits(t, "Ctrl-C cancels")
	if page := c.do(t, http.MethodGet, a.url(t), nil, nil); !strings.Contains(page.body, "You are signed in") {
		t.Errorf("the page = %d %s", page.status, page.body)
	}
	a.waits(t, "started")
	var sessions []map[string]any
	commandLine{ready.ConfigFile}.wantsJSON(t, &sessions, "sessions", "list")
	if len(sessions) != 1 {
		t.Errorf("sessions while it runs = %v, want one", sessions)
	}
	a.types(t, "\x03")
	a.ends(t, 9)
	if strings.Count(a.seen, "interrupted") != 1 || strings.Contains(a.seen, "mfaserver: ") {
		t.Errorf("the terminal showed %s", a.seen)
	}
	commandLine{ready.ConfigFile}.wantsJSON(t, &sessions, "sessions", "list")
	if len(sessions) != 0 {
		t.Errorf("sessions after it = %v, want none", sessions)
	}
}
