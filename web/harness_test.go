package web_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/throttle"
	"mfaserver/web"
)

const (
	public     = "https://mirth.example.org:8443"
	state      = "dff8bd53717fdbf36d5a6e4e6da6331d6e61"
	code       = "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L"
	redirect   = public + "/api/4.5.2/extensions/mfa/duocallback"
	goodID     = "good-session-id"
	authURL    = "https://api-12345678.duosecurity.com/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=" + redirect + "&client_id=DIXXX&request=a.b.c"
	callbackAt = "/api/4.5.2/extensions/mfa/duocallback"
	goodQuery  = "?state=" + state + "&duo_code=" + code
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// config is what most tests want; each may bend it.
func (w *world) config() web.Config {
	return web.Config{
		PublicURLs:    []string{public, "https://localhost:8443"},
		ServerVersion: "4.5.2",
		Now:           func() time.Time { return noon },
		Logger:        slog.New(slog.NewJSONHandler(lockedWriter{w}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (w *world) deps(t *testing.T) web.Deps {
	t.Helper()
	limiter, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 20, Window: time.Minute}, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	d := web.Deps{
		Authenticator: w, Directory: directory{w}, Login: w, Prompts: w, Sessions: w,
		SessionKeeper: keeper{w}, Notes: w, SecondCalls: limiter, Recorder: w,
	}
	if w.accounts != nil {
		d.Accounts = w.accounts
	}
	return d
}

// site is a server on a real TLS socket.
type site struct {
	*httptest.Server
	world   *world
	handler *web.Server
}

func newSite(t *testing.T, w *world, bend ...func(*web.Config)) *site {
	t.Helper()
	c := w.config()
	for _, b := range bend {
		b(&c)
	}
	h, err := web.New(c, w.deps(t))
	if err != nil {
		t.Fatalf("New() error = %v", err)
	}
	s := serveSite(t, h, c.Logger)
	s.world = w
	return s
}

func serveSite(t *testing.T, h *web.Server, logger *slog.Logger) *site {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = web.HTTPServer(h, logger)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return &site{Server: srv, handler: h}
}

// answer is a whole response.
type answer struct {
	*http.Response
	body string
}

// send makes a request the way an engine's client does. headers are name,
// value pairs; "Name", "" removes a default.
func (s *site) send(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "OpenAPI")
	r.Header.Set("Accept", "application/xml")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	seen := map[string]bool{}
	for i := 0; i < len(headers); i += 2 {
		name := http.CanonicalHeaderKey(headers[i])
		if !seen[name] {
			r.Header.Del(name)
		}
		seen[name] = true
		if headers[i+1] != "" {
			r.Header.Add(name, headers[i+1])
		}
	}
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(b)}
}

// raw sends bytes and reads one response.
func (s *site) raw(t *testing.T, request string) answer {
	t.Helper()
	conn := s.dial(t)
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("response to %.60q: %v", request, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return answer{resp, string(b)}
}

func (s *site) dial(t *testing.T) net.Conn {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const loginData = "admin:SUCCESS:" + code + ":" + state + ":aHR0cHM6Ly9taXJ0aC5leGFtcGxlLm9yZzo4NDQzL2FwaS80LjUuMi9leHRlbnNpb25zL21mYS9kdW9jYWxsYmFjaw=="
