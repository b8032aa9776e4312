package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// loginCommand runs login without a terminal, with a program for a browser:
// as soon as an address is shown, open gets it.
func loginCommand(t *testing.T, env []string, stdin string, open func(address string), args ...string) result {
	t.Helper()
	return loginReading(t, env, strings.NewReader(stdin), open, args...)
}

func loginReading(t *testing.T, env []string, stdin io.Reader, open func(address string), args ...string) result {
	t.Helper()
	cmd := command(t.Context(), append([]string{"login"}, args...)...)
	cmd.Env = append(append(cmd.Env, "DISPLAY=", "WAYLAND_DISPLAY=", "BROWSER="), env...)
	var stdout, all bytes.Buffer
	reader, writer := io.Pipe()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, err := reader.Read(buf)
			all.Write(buf[:n])
			if err != nil {
				return
			}
			if found := regexp.MustCompile(`(?m)^  (https?://\S+)$`).FindStringSubmatch(all.String()); found != nil && open != nil {
				open(found[1])
				open = nil
			}
		}
	}()
	err := cmd.Wait()
	_ = writer.Close()
	<-done
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: all.String()}
}

// opener follows an address as a browser does in front of a simulator that
// answers by itself.
func opener(t *testing.T, ready readyFile, says string) func(string) {
	t.Helper()
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	return func(address string) {
		page, err := c.try(t.Context(), http.MethodGet, address, nil, nil)
		if err != nil || !strings.Contains(page.body, says) {
			t.Errorf("the browser shows %d %s, %v, want %q", page.status, page.body, err, says)
		}
	}
}

func common(ready readyFile, more ...string) []string {
	return append([]string{"--server", ready.ServerURL, "--ca-file", ready.CAFile, "--user", ready.Username}, more...)
}

// What a login prints as JSON is good for programs.
func TestLoginPrintsJSON(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	r := loginCommand(t, nil, ready.Password+"\n", opener(t, ready, "You are signed in"), common(ready, "--password-file", "-", "--output", "json")...)
	var got struct {
		Server, Username, Status, Message, Cookie string
		CookieJar                                 *string `json:"cookie_jar"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 {
		t.Fatalf("login = %d %s %s, %v", r.code, r.stdout, r.stderr, err)
	}
	if got.Server != ready.ServerURL || got.Username != ready.Username || got.Status != "SUCCESS" || got.CookieJar != nil || !strings.HasPrefix(got.Cookie, "JSESSIONID=") {
		t.Errorf("login printed %s", r.stdout)
	}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	if a := c.do(t, http.MethodGet, c.server+"/api/users/current", nil, http.Header{"Cookie": {got.Cookie}}); a.status != http.StatusOK {
		t.Errorf("users/current = %d", a.status)
	}
}

// A second login with the same jar ends the session of the first.
func TestLoginReplacesTheSessionOfTheJar(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	jar := filepath.Join(t.TempDir(), "jar")
	for range 2 {
		r := loginCommand(t, []string{"PW=" + ready.Password}, "", opener(t, ready, "You are signed in"), common(ready, "--password-env", "PW", "--cookie-jar", jar)...)
		if r.code != 0 {
			t.Fatalf("login = %d %s", r.code, r.stderr)
		}
	}
	var sessions []map[string]any
	commandLine{ready.ConfigFile}.wantsJSON(t, &sessions, "sessions", "list")
	if len(sessions) != 1 {
		t.Errorf("sessions = %v, want one", sessions)
	}
	if info, err := os.Stat(jar); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the jar is %v, %v", info, err)
	}
}

// A command finds the session in its environment and nowhere in arguments; its
// exit code is login's, and afterwards nothing is left of the session.
// Threats I6, T162: nor does it find the password.
func TestLoginRunsACommand(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	dir := t.TempDir()
	script := `echo "$MFASERVER_URL" "$MFASERVER_USER" > out
echo "$MFASERVER_COOKIE" > cookie
cp "$MFASERVER_COOKIE_JAR" jar && stat -c %a "$MFASERVER_COOKIE_JAR" >> out && dirname "$MFASERVER_COOKIE_JAR" > where
env > environment
cat /proc/$PPID/cmdline > arguments
cat
exit 7`
	r := loginCommand(t, []string{"PW=" + ready.Password, "MFASERVER_COOKIE=of-an-outer-login", "TMPDIR=" + dir}, "through\n", opener(t, ready, "You are signed in"),
		common(ready, "--password-env", "PW", "--", "sh", "-c", "cd '"+dir+"'\n"+script)...)
	if r.code != 7 || r.stdout != "through\n" {
		t.Fatalf("login = %d %q\n%s", r.code, r.stdout, r.stderr)
	}
	file := func(name string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	if got, want := file("out"), ready.ServerURL+" "+ready.Username+"\n600"; got != want {
		t.Errorf("the command found %q, want %q", got, want)
	}
	cookie := file("cookie")
	value := strings.TrimPrefix(cookie, "JSESSIONID=")
	if value == cookie || !strings.Contains(file("jar"), "\tJSESSIONID\t"+value) {
		t.Errorf("cookie %s, jar %s", cookie, file("jar"))
	}
	if strings.Contains(file("environment"), ready.Password) || strings.Contains(file("environment"), "outer-login") {
		t.Error("the command's environment holds the password, or an older session")
	}
	if args := file("arguments"); strings.Contains(args, ready.Password) || strings.Contains(args, value) || !strings.Contains(args, "login") {
		t.Errorf("arguments %q", args)
	}
	if _, err := os.Stat(file("where")); !os.IsNotExist(err) {
		t.Errorf("the folder of the jar is still there: %v", err)
	}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	if a := c.do(t, http.MethodGet, c.server+"/api/users/current", nil, http.Header{"Cookie": {cookie}}); a.status != http.StatusUnauthorized {
		t.Errorf("users/current after the command = %d, want 401", a.status)
	}
}

// With --cookie-jar the command's jar is that one, and loses the session.
func TestLoginLendsTheJar(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	jar := filepath.Join(t.TempDir(), "jar")
	r := loginCommand(t, nil, ready.Password+"\n", opener(t, ready, "You are signed in"), common(ready, "--password-file", "-", "--cookie-jar", jar, "--",
		"sh", "-c", `grep -c JSESSIONID "$MFASERVER_COOKIE_JAR"; kill -9 $$`)...)
	if r.code != 137 || r.stdout != "1\n" {
		t.Errorf("login = %d %q\n%s", r.code, r.stdout, r.stderr)
	}
	if data, err := os.ReadFile(jar); err != nil || strings.Contains(string(data), "JSESSIONID") {
		t.Errorf("the jar holds %s, %v", data, err)
	}
}

// needCurl ends a test where there is no curl.
func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("curl is needed in CI")
		}
		t.Skip("no curl")
	}
}

// Where the first call is enough there is no browser.
func TestLoginInOneCall(t *testing.T) {
	t.Parallel()
	needCurl(t)
	_, ready := startDemo(t, "--gateway", "--auto", "approve")
	r := runCommand(t, ready.Password+"\n", "--config", ready.ConfigFile, "tokens", "create", "nightly", "--user", ready.Username, "--owner", ready.Username, "--password-file", "-")
	token := regexp.MustCompile(`mfat_\S+`).FindString(r.stdout)
	if token == "" {
		t.Fatalf("tokens create = %d %s %s", r.code, r.stdout, r.stderr)
	}
	code := newAPIClient(t, ready.ServerURL, ready.CAFile).signInCode(t, ready.Username, ready.Password)
	for name, password := range map[string]string{"push": ready.Password + ",push", "token": token, "code": code} {
		r := loginCommand(t, nil, password+"\n", func(string) { t.Errorf("%s: opens a browser", name) }, common(ready, "--password-file", "-", "--",
			"sh", "-c", `curl -s -o /dev/null -w '%{http_code}' --cacert '`+ready.CAFile+`' -b "$MFASERVER_COOKIE_JAR" -H 'X-Requested-With: x' "$MFASERVER_URL/api/channels"`)...)
		if r.code != 0 || r.stdout != "200" {
			t.Errorf("%s: login = %d %q\n%s", name, r.code, r.stdout, r.stderr)
		}
	}
}

// Duo's no ends it, and the page says so.
func TestLoginDenied(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "deny")
	r := loginCommand(t, nil, ready.Password+"\n", opener(t, ready, "The sign-in was refused"), common(ready, "--password-file", "-")...)
	if r.code != 4 || !strings.Contains(r.stderr, "not confirmed by Duo") || r.stdout != "" {
		t.Errorf("login = %d %s %s", r.code, r.stdout, r.stderr)
	}
}

// Threats T020, T021: a server whose switch is off refuses the way back to a
// terminal; the refusal says what is off and what to do, which is to paste.
func TestLoginWithTheSwitchOff(t *testing.T) {
	t.Parallel()
	var ca string
	_, c := serveWith(t, newDuo(t), func(config string) string {
		ca = filepath.Join(filepath.Dir(configPath(config)), "tls.crt")
		return config
	})
	password := filepath.Join(t.TempDir(), "password")
	writePrivateFile(t, password, "correct horse battery\n")
	args := []string{"--server", c.server, "--ca-file", ca, "--user", "test1", "--password-file", password}
	r := loginCommand(t, nil, "", func(string) { t.Error("a browser is opened") }, args...)
	if r.code != 4 || r.stdout != "" || !strings.Contains(r.stderr, "allow_loopback_redirect is off") || !strings.Contains(r.stderr, "--paste") {
		t.Errorf("login = %d %s %s, want a refusal that names switch and way out", r.code, r.stdout, r.stderr)
	}
	stdin, paste := io.Pipe()
	r = loginReading(t, nil, stdin, func(address string) {
		defer func() { _ = paste.Close() }()
		page, err := c.try(t.Context(), http.MethodGet, address, nil, nil)
		data := regexp.MustCompile(`id="login-data"[^>]*>([^<]+)<`).FindStringSubmatch(page.body)
		if err != nil || data == nil {
			t.Errorf("the browser shows %d %s, %v", page.status, page.body, err)
			return
		}
		_, _ = io.WriteString(paste, html.UnescapeString(data[1])+"\n")
	}, append(args, "--paste")...)
	if r.code != 0 || !strings.Contains(r.stdout, "JSESSIONID=") {
		t.Errorf("login --paste = %d %s %s", r.code, r.stdout, r.stderr)
	}
}

// What cannot work is refused, with its own exit code, and before anybody is
// asked for anything where that can be known.
func TestLoginRefusals(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	writePrivateFile(t, script, "#!/bin/sh\necho\n")
	at := []string{"--server", ready.ServerURL, "--ca-file", ready.CAFile, "--user", ready.Username}
	for _, tt := range []struct {
		name, stdin string
		code        int
		says        string
		args        []string
	}{
		{"no server", "", 2, "server", nil},
		{"plain HTTP", "", 2, "must begin with https://", []string{"--server", "http://localhost:1"}},
		{"a path", "", 2, "must end after host and port", []string{"--server", ready.ServerURL + "/api"}},
		{"a stray word", "", 2, "behind --", append(at, "curl")},
		{"no command", "", 2, "no command behind --", append(at, "--")},
		{"a command that is not there", "", 2, "no-such-command", append(at, "--", "no-such-command")},
		{"no time", "", 2, "--timeout", append(at, "--timeout", "0s")},
		{"no name", "", 2, "no terminal", at[:4]},
		{"no password", "", 2, "no terminal", at},
		{"a jar that is none", "", 4, "not a file of cookies", append(at, "--cookie-jar", script)},
		{"a jar where none can be", "", 4, "no such file", append(at, "--cookie-jar", filepath.Join(dir, "no", "jar"))},
		{"no authority", "", 3, "no such file", []string{"--server", ready.ServerURL, "--ca-file", filepath.Join(dir, "no")}},
		{"no certificate", "", 3, "holds no certificate", []string{"--server", ready.ServerURL, "--ca-file", script}},
		{"not trusted", "x\n", 5, "--ca-file", []string{"--server", ready.ServerURL, "--user", "x", "--password-file", "-"}},
		{"nobody there", "x\n", 5, "connection refused", []string{"--server", "https://127.0.0.1:1", "--user", "x", "--password-file", "-"}},
		{"no such API", "x\n", 5, "HTTP 404", []string{"--server", "https://" + ready.Duo.APIHostname, "--ca-file", ready.CAFile, "--user", "x", "--password-file", "-"}},
		{"wrong password", "wrong\n", 4, "Incorrect username or password.", append(at, "--password-file", "-")},
		{"nobody confirms", ready.Password + "\n", 4, "nobody confirmed the sign-in within 1s", append(at, "--password-file", "-", "--timeout", "1s")},
		{"paste from the same input", ready.Password + "\n", 2, "standard input", append(at, "--password-file", "-", "--paste")},
	} {
		r := loginCommand(t, nil, tt.stdin, nil, tt.args...)
		if r.code != tt.code || r.stdout != "" || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s: login = %d %s\n%s\nwant %d and %q", tt.name, r.code, r.stdout, r.stderr, tt.code, tt.says)
		}
		if strings.Contains(r.stderr, ready.Password) {
			t.Errorf("%s: the password is shown", tt.name)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	r := runCommand(t, "", "logout", "--server", ready.ServerURL)
	if r.code != 2 || !strings.Contains(r.stderr, "cookie-jar") {
		t.Errorf("logout without a jar = %d %s", r.code, r.stderr)
	}
}
