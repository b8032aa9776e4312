package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemoLogin(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve")
	tests := []struct {
		name, accept, success, user string
	}{
		{"XML", "application/xml", "<status>SUCCESS</status>", "<username>test1</username>"},
		{"JSON", "application/json", `"status":"SUCCESS"`, `"username":"test1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newAPIClient(t, ready.ServerURL, ready.CAFile)
			c.accept = tt.accept
			a := c.login(t, ready.Username, ready.Password)
			if !strings.Contains(a.body, tt.success) {
				t.Errorf("second call answered %s, want %s", a.body, tt.success)
			}
			if cookie := a.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "JSESSIONID=") {
				t.Errorf("Set-Cookie = %q, want a JSESSIONID", cookie)
			}
			if a := c.current(t); a.status != http.StatusOK || !strings.Contains(a.body, tt.user) {
				t.Errorf("users/current = %d %s, want %s", a.status, a.body, tt.user)
			}
			if a := c.logout(t); a.status != http.StatusNoContent || a.body != "" {
				t.Errorf("_logout = %d %q, want 204 and nothing", a.status, a.body)
			}
			if a := c.current(t); a.status != http.StatusUnauthorized {
				t.Errorf("users/current after logout = %d, want 401", a.status)
			}
		})
	}
}

// An acknowledged session outlives kill -9, and so does its end (invariant I7).
func TestKillNine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, ready := startDemo(t, "--auto", "approve", "--data-dir", dir)
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	c.login(t, ready.Username, ready.Password)
	p.kill(t)

	p, again := startDemo(t, "--auto", "approve", "--data-dir", dir)
	if again.Password != ready.Password || again.Duo.Universal != ready.Duo.Universal {
		t.Error("the demo on the same folder has another password or other keys")
	}
	c.server = again.ServerURL
	if a := c.current(t); a.status != http.StatusOK {
		t.Fatalf("users/current after kill -9 = %d, want 200", a.status)
	}
	id := c.cookie(t, "JSESSIONID")
	if a := c.logout(t); a.status != http.StatusNoContent {
		t.Fatalf("_logout = %d, want 204", a.status)
	}
	p.kill(t)

	_, again = startDemo(t, "--auto", "approve", "--data-dir", dir)
	c = newAPIClient(t, again.ServerURL, again.CAFile)
	a := c.do(t, http.MethodGet, c.server+"/api/users/current", nil, http.Header{"Cookie": {"JSESSIONID=" + id}})
	if a.status != http.StatusUnauthorized {
		t.Errorf("users/current with a session that was ended before kill -9 = %d, want 401", a.status)
	}
}

// Threat T053: colons in a username do not shift the fields of the login data.
func TestColonUsername(t *testing.T) {
	t.Parallel()
	const name, password = "a:b:c", "correct horse battery"
	_, ready := startDemo(t, "--auto", "approve", "--enroll", name)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, "", "--config", ready.ConfigFile, "users", "add", name, "--password-file", file)
	if r.code != 0 {
		t.Fatalf("users add = %d %s", r.code, r.stderr)
	}
	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	a := c.login(t, name, password)
	if !strings.Contains(a.body, "<updatedUsername>a:b:c</updatedUsername>") {
		t.Errorf("second call answered %s, want updatedUsername a:b:c", a.body)
	}
	if a := c.current(t); !strings.Contains(a.body, "<username>a:b:c</username>") {
		t.Errorf("users/current = %s, want a:b:c", a.body)
	}
}

func TestDemoStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	p, ready := startDemo(t)
	if code := p.stop(t); code != 0 {
		t.Errorf("exit code = %d, want 0\n%s", code, p.log)
	}
	if _, err := os.Stat(ready.ConfigFile); !os.IsNotExist(err) {
		t.Errorf("the temporary folder was left behind: %v", err)
	}
}

// What demo prints is all a newcomer needs: it names everything the commands
// in it use.
func TestDemoPrintsASession(t *testing.T) {
	t.Parallel()
	p, ready := startDemo(t)
	text := p.log.String()
	for _, want := range []string{ready.ServerURL, ready.CAFile, ready.Username, ready.Password, "X-Mirth-Server-Url", "X-Mirth-Login-Data", "_logout"} {
		if !strings.Contains(text, want) {
			t.Errorf("demo printed no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, ready.Duo.Universal.ClientSecret) {
		t.Error("demo printed the client secret")
	}
}
