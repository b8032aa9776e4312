package main_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/mirthtest"
)

// printed is the session that a demo prints: its commands, in their order.
func printed(t *testing.T, text string) []string {
	t.Helper()
	var all []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		if strings.HasPrefix(line, "curl ") || strings.HasPrefix(line, "bin/mfaserver ") {
			all = append(all, line)
		}
	}
	return all
}

// paste runs one printed command in a shell as somebody does who pastes it,
// with placeholders filled in.
func paste(t *testing.T, stdin, line string, fill ...string) string {
	t.Helper()
	line = strings.NewReplacer(fill...).Replace(line)
	if left := regexp.MustCompile(`(PASTE|THE-PASSWORD)[A-Z0-9a-z-]*`).FindString(line); left != "" {
		t.Fatalf("nothing was filled in for %s in %s", left, line)
	}
	// The checkout's bin/mfaserver is this program.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	wrapper := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", runMain, os.Args[0])
	writeProgram(t, filepath.Join(dir, "bin", "mfaserver"), []byte(wrapper), 0o700)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// signInCode gets a code from the portal as a browser does.
func (c *apiClient) signInCode(t *testing.T, username, password string) string {
	t.Helper()
	home := c.do(t, http.MethodGet, c.server+"/mfa/", nil, nil)
	form := regexp.MustCompile(`name="form" value="([^"]*)"`).FindStringSubmatch(home.body)
	if form == nil {
		t.Fatalf("the portal = %d %s", home.status, home.body)
	}
	a := c.do(t, http.MethodPost, c.server+"/mfa/sign-in", url.Values{
		"form": {html.UnescapeString(form[1])}, "username": {username}, "password": {password}, "want": {"code"},
	}, http.Header{"Sec-Fetch-Site": {"same-origin"}})
	_, to, ok := strings.Cut(a.header.Get("Refresh"), "url=")
	if !ok {
		t.Fatalf("sign-in = %d %s", a.status, a.body)
	}
	shown := c.do(t, http.MethodGet, to, nil, nil)
	code := regexp.MustCompile(`mfac-[A-Z0-9-]+`).FindString(shown.body)
	if code == "" {
		t.Fatalf("the callback = %d %s", shown.status, shown.body)
	}
	return code
}

// pasteAll runs the whole printed session of a demo with --auto approve in
// front of an engine, as the user.
func pasteAll(t *testing.T, text string, ready readyFile, user, password string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("curl is needed in CI")
		}
		t.Skip("no curl")
	}
	commands := printed(t, text)
	if len(commands) != 11 {
		t.Fatalf("the demo printed %d commands:\n%s", len(commands), strings.Join(commands, "\n"))
	}
	next := func(stdin string, fill ...string) string {
		t.Helper()
		line := commands[0]
		commands = commands[1:]
		return paste(t, stdin, line, append(fill, "THE-PASSWORD-OF-"+user, password)...)
	}
	has := func(what, out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s answered %s\nwant %q", what, out, w)
			}
		}
	}
	browser := newAPIClient(t, ready.ServerURL, ready.CAFile)
	success := "<status>SUCCESS</status>"
	parsed, err := mirth.ParseLoginStatus([]byte(next("")), "application/xml")
	status, ok := parsed.(mirth.DuoLoginStatus)
	if err != nil || !ok {
		t.Fatalf("the first call answered %+v, %v", parsed, err)
	}
	has("the second call", next("", "PASTE-IT-HERE", browser.approve(t, user, status)), success)
	has("users/current", next(""), "<username>"+user+"</username>")
	has("_logout", next(""), " 204 ")
	has("the push", next(""), success)
	has("channels", next(""), "<channel")
	has("the appended push", next(""), success)
	has("the sign-in code", next("", "PASTE-THE-CODE", browser.signInCode(t, user, password)), success)
	commands[0] += " --password-file -"
	token := regexp.MustCompile(`mfat_\S+`).FindString(next(password + "\n"))
	if token == "" {
		t.Fatal("tokens create printed no token")
	}
	has("the token as Basic password", next("", "PASTE-THE-TOKEN", token), "<channel")
	has("the token as Bearer", next("", "PASTE-THE-TOKEN", token), "<channel")
}

// All that demo --gateway prints works as it stands there.
func TestDemoGateway(t *testing.T) {
	t.Parallel()
	p, ready := startDemo(t, "--gateway", "--auto", "approve", "--enroll", "bob")
	if ready.Username == "" || ready.Password == "" || ready.ServerURL == "" || ready.ConfigFile == "" {
		t.Errorf("the ready file says %+v", ready)
	}
	pasteAll(t, p.log.String(), ready, ready.Username, ready.Password)
	// Users of --enroll are the engine's too.
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, "bob", ready.Password)
	c.logout(t)
	// The configuration is a whole one, for any command.
	cmd := commandLine{ready.ConfigFile}
	cmd.must(t, "check")
	if r := cmd.wants(t, 4, "users", "list"); !strings.Contains(r.stderr, "gateway") {
		t.Errorf("users list says %q", r.stderr)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("stop = %d\n%s", code, p.log)
	}
}

// In front of an engine of one's own: the user of --enroll is the one whom the
// printed session logs in, with the password that the engine has.
func TestDemoUpstream(t *testing.T) {
	t.Parallel()
	const password = "the engine's & own"
	for _, tt := range []struct {
		name string
		// trust are the flags that say whom to trust.
		trust func(e *mirthtest.Server, dir string) []string
		user  string
		args  []string
	}{
		{"authority", func(e *mirthtest.Server, dir string) []string {
			file, err := e.CAFile(dir)
			if err != nil {
				t.Fatal(err)
			}
			return []string{"--upstream-ca", file}
		}, "eve", []string{"--enroll", "eve", "--enroll", "admin"}},
		{"insecure", func(*mirthtest.Server, string) []string { return []string{"--upstream-insecure"} }, "admin", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := mirthtest.NewServer(mirthtest.Config{Users: []mirthtest.User{{Name: "admin", Password: password}, {Name: "eve", Password: password}}})
			t.Cleanup(e.Close)
			args := append([]string{"--auto", "approve", "--upstream", e.URL}, tt.trust(e, t.TempDir())...)
			p, ready := startDemo(t, append(args, tt.args...)...)
			if ready.Username != tt.user || ready.Password != "" {
				t.Errorf("the ready file says %q with %q, want %s and no password", ready.Username, ready.Password, tt.user)
			}
			quoted := strings.ReplaceAll(password, "'", `'\''`)
			text := strings.ReplaceAll(p.log.String(), "THE-PASSWORD-OF-"+tt.user, quoted)
			pasteAll(t, text, ready, tt.user, password)
			if e.Received() == 0 || strings.Contains(p.log.String(), password) {
				t.Error("the engine was not asked, or the demo printed the password")
			}
			if code := p.stop(t); code != 0 {
				t.Errorf("stop = %d\n%s", code, p.log)
			}
		})
	}
}

// An engine that shows another certificate than at the start is not talked to:
// --upstream-insecure trusts once.
func TestDemoUpstreamIsPinned(t *testing.T) {
	t.Parallel()
	e := mirthtest.NewServer(mirthtest.Config{})
	t.Cleanup(e.Close)
	_, ready := startDemo(t, "--auto", "approve", "--upstream", e.URL, "--upstream-insecure")
	data, err := os.ReadFile(ready.ConfigFile)
	if err != nil || !strings.Contains(string(data), e.PinSHA256()) {
		t.Errorf("the configuration does not pin %s: %v", e.PinSHA256(), err)
	}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, "admin", "admin")
	c.alive(t, true)
	address := strings.TrimPrefix(e.URL, "https://")
	e.Close()
	other := mirthtest.NewServer(mirthtest.Config{Listen: address})
	t.Cleanup(other.Close)
	if a := c.first(t, "admin", "admin"); a.status == http.StatusOK || strings.Contains(a.body, "DuoLoginStatus") {
		t.Errorf("login against an engine with another certificate = %d %s", a.status, a.body)
	}
	if len(other.Requests()) != 0 {
		t.Error("an engine with another certificate was sent a request")
	}
}

// Flags that do not go together, and engines that are not there, are told
// apart from failures, and nothing is started.
func TestDemoMisuse(t *testing.T) {
	t.Parallel()
	const nobody = "https://127.0.0.1:1"
	dir := t.TempDir()
	noCA := filepath.Join(dir, "no.pem")
	writePrivateFile(t, noCA, "no certificate\n")
	for _, tt := range []struct {
		name string
		code int
		says string
		args []string
	}{
		{"authority of nobody", 2, "need --upstream", []string{"--upstream-ca", noCA}},
		{"insecure with nobody", 2, "need --upstream", []string{"--upstream-insecure"}},
		{"authority of its own engine", 2, "need --upstream", []string{"--gateway", "--upstream-ca", noCA}},
		{"two engines", 2, "--gateway", []string{"--gateway", "--upstream", nobody}},
		{"two kinds of trust", 2, "not both", []string{"--upstream", nobody, "--upstream-ca", noCA, "--upstream-insecure"}},
		{"no URL", 2, "", []string{"--upstream"}},
		{"no certificate in the file", 3, "ca_file", []string{"--upstream", nobody, "--upstream-ca", noCA}},
		{"no such file", 3, "ca_file", []string{"--upstream", nobody, "--upstream-ca", filepath.Join(dir, "none.pem")}},
		{"no https", 3, "http", []string{"--upstream", "http://192.0.2.7:8080"}},
		{"no https to trust", 2, "https://", []string{"--upstream", "http://127.0.0.1:1", "--upstream-insecure"}},
		{"a path", 3, "upstream", []string{"--upstream", "ftp://127.0.0.1/x"}},
		{"nobody there to trust", 5, "127.0.0.1:1", []string{"--upstream", nobody, "--upstream-insecure"}},
		{"unknown mode", 2, "approve", []string{"--gateway", "--auto", "perhaps"}},
		{"something", 2, "", []string{"now"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
			defer cancel()
			var out, errs strings.Builder
			cmd := command(ctx, append([]string{"demo", "--listen", "127.0.0.1:0", "--duo-listen", "127.0.0.1:0"}, tt.args...)...)
			cmd.Stdout, cmd.Stderr = &out, &errs
			_ = cmd.Run() // the exit code tells
			if code := cmd.ProcessState.ExitCode(); code != tt.code || out.String() != "" || !strings.Contains(errs.String(), tt.says) {
				t.Errorf("demo %q = %d\n%s%s\nwant %d, with %q", tt.args, code, out.String(), errs.String(), tt.code, tt.says)
			}
		})
	}
}
