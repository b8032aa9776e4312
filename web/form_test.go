package web_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

// Threat T023: credentials are read from the body alone and each once. Threat
// T024: one content type, one charset, no compression. Threat T025: 8 KiB.
func TestForms(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	good := form("username", "admin", "password", "right")
	padded := func(n int) string { return good + "&x=" + strings.Repeat("a", n-len(good)-3) }
	for _, tt := range []struct {
		name, target, body string
		headers            []string
		status             int
		reached            bool
	}{
		{name: "plain", body: good, status: 401, reached: true},
		{name: "charset", body: good, headers: []string{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"}, status: 401, reached: true},
		{name: "upper case", body: good, headers: []string{"Content-Type", "APPLICATION/X-WWW-FORM-URLENCODED"}, status: 401, reached: true},
		{name: "encoded names", body: "%75sername=admin&pass%77ord=right", status: 401, reached: true},
		{name: "other fields", body: good + "&_method=DELETE&x", status: 401, reached: true},
		{name: "empty pairs", body: "&&" + good + "&", status: 401, reached: true},
		{name: "array names", body: "username=admin&password[]=right", status: 401},
		{name: "semicolon", body: "username=admin;password=right", status: 401},
		{name: "at the limit", body: padded(8 << 10), status: 401, reached: true},
		{name: "over the limit", body: padded(8<<10 + 1), status: 413},
		{name: "far over the limit", body: padded(1 << 20), status: 413},
		{name: "query", target: "?username=admin&password=right", body: good, status: 400},
		{name: "query only", target: "?username=admin&password=right", status: 400},
		{name: "duplicate username", body: good + "&username=duo1", status: 400},
		{name: "duplicate username, same", body: good + "&username=admin", status: 400},
		{name: "duplicate password", body: good + "&password=right", status: 400},
		{name: "bad percent", body: "username=admin&password=%zz", status: 400},
		{name: "cut percent", body: "username=admin&password=%4", status: 400},
		{name: "bad UTF-8", body: "username=%ff&password=right", status: 400},
		{name: "bad UTF-8 in another field", body: good + "&x=%ff", status: 400},
		{name: "no type", body: good, headers: []string{"Content-Type", ""}, status: 415},
		{name: "json", body: `{"username":"admin"}`, headers: []string{"Content-Type", "application/json"}, status: 415},
		{name: "xml", body: good, headers: []string{"Content-Type", "application/xml"}, status: 415},
		{name: "text", body: good, headers: []string{"Content-Type", "text/plain"}, status: 415},
		{name: "multipart", body: good, headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, status: 415},
		{name: "latin", body: good, headers: []string{"Content-Type", "application/x-www-form-urlencoded; charset=ISO-8859-1"}, status: 415},
		{name: "UTF-16", body: good, headers: []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-16"}, status: 415},
		{name: "two types", body: good, headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Content-Type", "application/x-www-form-urlencoded"}, status: 415},
		{name: "gzip", body: good, headers: []string{"Content-Encoding", "gzip"}, status: 415},
		{name: "identity", body: good, headers: []string{"Content-Encoding", "identity"}, status: 415},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, events := len(s.world.attempts), len(s.world.events)
			got := s.send(t, "POST", "/api/users/_login"+tt.target, tt.body, append([]string{"X-Mirth-Server-Url", public}, tt.headers...)...)
			if got.StatusCode != tt.status {
				t.Errorf("= %d, want %d", got.StatusCode, tt.status)
			}
			if reached := len(s.world.attempts) > before; reached != tt.reached {
				t.Errorf("password checked: %v, want %v", reached, tt.reached)
			}
			if tt.status == 401 {
				return
			}
			if got.body != "" || s.world.events[events].Name != audit.LoginBadRequest {
				t.Errorf("body %q, audit %v; want none and %s", got.body, s.world.names()[events:], audit.LoginBadRequest)
			}
		})
	}
	if log := s.world.logged(); strings.Contains(log, "right") {
		t.Error("the log holds a password")
	}
}

// Chunked bodies are as good as others (capture 09a) and as bounded.
func TestChunkedForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	head := "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nX-Mirth-Server-Url: " + public +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
	body := form("username", "admin", "password", "right")
	if got := s.raw(t, head+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)); got.StatusCode != 401 || len(s.world.attempts) != 1 {
		t.Errorf("chunked = %d, %d attempts", got.StatusCode, len(s.world.attempts))
	}
	big := body + "&x=" + strings.Repeat("a", 9000)
	if got := s.raw(t, head+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(big), big)); got.StatusCode != 413 || len(s.world.attempts) != 1 {
		t.Errorf("large chunked = %d, %d attempts", got.StatusCode, len(s.world.attempts))
	}
}

// Threat T025: a client that drips its body is cut after ten seconds.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes ten seconds of real time")
	}
	s := newSite(t, newWorld())
	conn := s.dial(t)
	defer func() { _ = conn.Close() }()
	started := time.Now()
	_, _ = io.WriteString(conn, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nusername=")
	b, err := io.ReadAll(conn)
	if took := time.Since(started); took < 9*time.Second || took > 15*time.Second {
		t.Errorf("cut after %v, want 10 s", took)
	}
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 408 ") {
		t.Errorf("got %.40q, %v; want 408 and the end", b, err)
	}
}
