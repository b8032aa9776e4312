package mirthtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/mirth/mirthtest"
)

func start(t *testing.T, c mirthtest.Config) *mirthtest.Server {
	t.Helper()
	s := mirthtest.NewServer(c)
	t.Cleanup(s.Close)
	return s
}

// ask sends a request with the header that the engine wants to see.
func ask(t *testing.T, s *mirthtest.Server, method, path, cookie, body string) (*http.Response, string) {
	t.Helper()
	resp, text, err := try(t.Context(), s, method, path, cookie, body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

func try(ctx context.Context, s *mirthtest.Server, method, path, cookie, body string) (*http.Response, string, error) {
	q, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	q.Header.Set("X-Requested-With", "test")
	if cookie != "" {
		q.Header.Set("Cookie", "JSESSIONID="+cookie)
	}
	if strings.HasSuffix(path, "_login") {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := s.Client().Do(q)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func login(t *testing.T, s *mirthtest.Server, name, password string) string {
	t.Helper()
	form := url.Values{"username": {name}, "password": {password}}.Encode()
	resp, body := ask(t, s, http.MethodPost, "/api/users/_login", "", form)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("login: %d %s", resp.StatusCode, body)
	}
	return resp.Cookies()[0].Value
}

func TestSessions(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	if s.Sessions() != 0 || s.LiveSession("admin") {
		t.Error("a session before anybody logged in")
	}
	first := login(t, s, "admin", "admin")
	second := login(t, s, "admin", "admin")
	if s.Sessions() != 2 || !s.LiveSession("admin") || s.LiveSession("nobody") {
		t.Errorf("%d sessions", s.Sessions())
	}
	if got := s.Cookies(); !slices.Contains(got, first) || !slices.Contains(got, second) {
		t.Errorf("cookies %v, want %s and %s", got, first, second)
	}
	ask(t, s, http.MethodPost, "/api/users/_logout", first, "")
	if s.Sessions() != 1 {
		t.Errorf("%d sessions after a logout", s.Sessions())
	}
	s.ExpireSessions()
	resp, _ := ask(t, s, http.MethodGet, "/api/users/current", second, "")
	if resp.StatusCode != http.StatusUnauthorized || s.Sessions() != 0 {
		t.Errorf("after the end of all: %d, %d sessions", resp.StatusCode, s.Sessions())
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{Users: []mirthtest.User{
		{Name: "admin", Password: "admin"}, {Name: "ada", Password: "x", Email: "ada@example.org"},
	}})
	c := login(t, s, "ada", "x")
	for path, want := range map[string]string{
		"/api/users/current":    "<email>ada@example.org</email>",
		"/api/users/2":          "<username>ada</username>",
		"/api/users":            "<username>admin</username>",
		"/api/users/2/loggedIn": "<boolean>true</boolean>",
		"/api/users/1/loggedIn": "<boolean>false</boolean>",
		"/api/channels":         "<name>ADT inbound</name>",
		"/api/events":           "<name>Login</name>",
	} {
		if resp, body := ask(t, s, http.MethodGet, path, c, ""); resp.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	s.SetUser(mirthtest.User{Name: "ada", Password: "y"})
	login(t, s, "ada", "y")
	s.RemoveUser("ada")
	if resp, _ := ask(t, s, http.MethodPost, "/api/users/_login", "", "username=ada&password=y"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a removed user: %d", resp.StatusCode)
	}
}

// A database may take other spellings for the same name; the canonical one is
// shown.
func TestNames(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{FoldNames: true, BypassPassword: "open"})
	c := login(t, s, "ADMIN  ", "admin")
	if _, body := ask(t, s, http.MethodGet, "/api/echo/user", c, ""); body != "admin" {
		t.Errorf("got %q", body)
	}
	login(t, s, "bypass", "open")
}

func TestStackTrace(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	resp, body := ask(t, s, http.MethodPost, "/api/users/_login", "", "password=x")
	if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "java.lang.NullPointerException") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

func TestSlowHash(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{SlowHash: 50 * time.Millisecond})
	begin := time.Now()
	login(t, s, "admin", "admin")
	if d := time.Since(begin); d < 50*time.Millisecond {
		t.Errorf("took %v", d)
	}
}

func TestRecording(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	conn := dial(t, s)
	const text = "GET /api/server/version?x=%20 HTTP/1.1\r\nhOsT: a\r\nx-requested-with: y\r\nX-Odd:\tz \r\n\r\n"
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if got := s.Bytes(); len(got) != 1 || string(got[0]) != text {
		t.Errorf("recorded %q", got)
	}
	q := s.Requests()
	if len(q) != 1 || q[0].Target != "/api/server/version?x=%20" || q[0].Host != "a" || q[0].Status != http.StatusOK || q[0].Connection != 1 {
		t.Errorf("recorded %+v", q)
	}
	if s.Received() != int64(len(text)) || s.Connections() != 1 {
		t.Errorf("%d bytes over %d connections", s.Received(), s.Connections())
	}
	s.Forget()
	if s.Received() != 0 || len(s.Bytes()) != 0 || len(s.Requests()) != 0 || s.Connections() != 0 {
		t.Error("it remembers")
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	for len(s.Bytes()) == 0 {
		if _, err := conn.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Bytes(); string(got[0]) != text {
		t.Errorf("after it forgot: %q", got)
	}
}

func TestConnectionWithoutBytes(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{Plain: true})
	_ = dial(t, s).Close()
	for s.Connections() == 0 {
		time.Sleep(time.Millisecond)
	}
	if n := s.Received(); n != 0 || len(s.Bytes()) != 0 {
		t.Errorf("%d bytes", n)
	}
}

func TestRecordingIsBounded(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{Keep: 1000})
	c := login(t, s, "admin", "admin")
	const size = 3 << 20
	_, body := ask(t, s, http.MethodPost, "/api/echo", c, strings.Repeat("x", size))
	var e mirthtest.Echo
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Size != size || e.User != "admin" {
		t.Errorf("echo %+v, %v", e, err)
	}
	if n := len(bytes.Join(s.Bytes(), nil)); n != 1000 || s.Received() < size {
		t.Errorf("kept %d of %d bytes", n, s.Received())
	}
	if q := s.Requests()[1]; q.Size != size || len(q.Body) != 64<<10 {
		t.Errorf("kept %d of a body of %d", len(q.Body), q.Size)
	}
}

func TestEcho(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	c := login(t, s, "admin", "admin")
	if _, body := ask(t, s, http.MethodGet, "/api/echo/bytes/100000", c, ""); len(body) != 100000 || body[:28] != "abcdefghijklmnopqrstuvwxyzab" {
		t.Errorf("%d bytes, %q", len(body), body[:28])
	}
	if _, body := ask(t, s, http.MethodPost, "/api/echo/body", c, "over and out"); body != "over and out" {
		t.Errorf("got %q", body)
	}
	if resp, _ := ask(t, s, http.MethodGet, "/api/echo", "", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a session: %d", resp.StatusCode)
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	_, body := ask(t, s, http.MethodGet, "/api/openapi.json", "", "")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct{ OperationID string }
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Paths) < 60 || doc.Paths["/echo"] != nil {
		t.Errorf("%d paths", len(doc.Paths))
	}
	for path, id := range map[string]string{
		"/channels/{channelId}/messages/_search":     "getMessages_1",
		"/channels/statuses/_getChannelStatusList":   "getChannelStatusListPost",
		"/channels/{channelId}/messages/_reprocess":  "reprocessMessages",
		"/codeTemplates/_getSummary":                 "getCodeTemplateSummary",
		"/channels/{channelId}/messages/{messageId}": "",
	} {
		if got := doc.Paths[path]["post"].OperationID; got != id {
			t.Errorf("POST %s is %q, want %q", path, got, id)
		}
	}
}

func TestLauncher(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/webstart.jnlp", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Host = "elsewhere.example:99"
	resp, err := s.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	for _, want := range []string{
		`codebase="https://elsewhere.example:99"`, "<argument>https://elsewhere.example:" + port + "</argument>", "mirth-client.jar",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for path, status := range map[string]int{
		"/": 200, "/webstart/client-lib/mirth-client.jar": 200, "/webstart/extensions/dashboardstatus.jnlp": 200,
		"/webstart/client-lib/other.txt": 404, "/api/": 200, "/api": 302, "/api/4.5.2/": 200, "/api/lib/swagger-ui-bundle.js": 200,
	} {
		if resp, _ := ask(t, s, http.MethodGet, path, "", ""); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, status)
		}
	}
}

func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	c := login(t, s, "admin", "admin")
	if err := s.Restart(); !errors.Is(err, mirthtest.ErrRunning) {
		t.Errorf("restart while it runs: %v", err)
	}
	s.Misbehave(mirthtest.Faults{Wait: time.Hour, Only: func(r *http.Request) bool { return r.URL.Path == "/api/channels" }})
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, _, err := try(t.Context(), s, http.MethodGet, "/api/channels", c, ""); err == nil {
			t.Error("answered after the end")
		}
	})
	for len(s.Requests()) < 2 {
		time.Sleep(time.Millisecond)
	}
	was := s.URL
	s.Kill()
	wg.Wait()
	if _, _, err := try(t.Context(), s, http.MethodGet, "/api/server/version", "", ""); err == nil {
		t.Error("answered while it was down")
	}
	if err := s.Restart(); err != nil || s.URL != was {
		t.Fatalf("restart at %s: %v", s.URL, err)
	}
	if resp, _ := ask(t, s, http.MethodGet, "/api/users/current", c, ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session survived: %d", resp.StatusCode)
	}
	login(t, s, "admin", "admin")
	s.Close()
	s.Close()
	if err := s.Restart(); !errors.Is(err, mirthtest.ErrRunning) {
		t.Errorf("restart after Close: %v", err)
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	name, err := s.CAFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(data, s.CAPEM()) {
		t.Errorf("%q, %v", data, err)
	}
	if b, _ := pem.Decode(data); b == nil || b.Type != "CERTIFICATE" {
		t.Error("no certificate")
	}
	again := start(t, mirthtest.Config{CA: s.CA()})
	if !again.CAPool().Equal(s.CAPool()) || again.PinSHA256() == s.PinSHA256() {
		t.Error("another CA, or the same key")
	}
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	if _, err := mirthtest.NewStandalone(mirthtest.Config{Listen: strings.TrimPrefix(s.URL, "https://")}); err == nil {
		t.Error("two servers at one address")
	}
}
