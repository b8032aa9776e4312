package mirthtest_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth/mirthtest"
)

const version = "/api/server/version"

func TestFaultsAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults mirthtest.Faults
		check  func(*http.Response, string) bool
	}{
		{"status", mirthtest.Faults{Status: 503}, func(r *http.Response, _ string) bool { return r.StatusCode == 503 }},
		{"redirect", mirthtest.Faults{Location: "https://x.example/"}, func(r *http.Response, _ string) bool {
			return r.StatusCode == 302 && r.Header.Get("Location") == "https://x.example/"
		}},
		{"stack trace", mirthtest.Faults{StackTrace: true}, func(r *http.Response, body string) bool {
			return r.StatusCode == 500 && strings.Contains(body, "UserServlet.java")
		}},
		{"raw", mirthtest.Faults{Raw: []byte("HTTP/1.1 299 Odd\r\nContent-Length: 1\r\n\r\nx")}, func(r *http.Response, body string) bool {
			return r.Status == "299 Odd" && body == "x"
		}},
		{"upgrade", mirthtest.Faults{Upgrade: true}, func(r *http.Response, _ string) bool { return r.StatusCode == 101 }},
		{"headers", mirthtest.Faults{Header: mirthtest.HostileHeader()}, func(r *http.Response, _ string) bool {
			return r.Header.Get("X-Powered-By") != "" && len(r.Header["Access-Control-Allow-Origin"]) == 2
		}},
		{"trailer", mirthtest.Faults{Trailer: http.Header{"X-After": {"y"}}}, func(r *http.Response, _ string) bool {
			return r.Trailer.Get("X-After") == "y"
		}},
		{"gzip", mirthtest.Faults{Gzip: true, Header: http.Header{}}, func(r *http.Response, body string) bool {
			return r.Header.Get("Content-Encoding") == "gzip" && strings.HasPrefix(body, "\x1f\x8b")
		}},
		{"drip", mirthtest.Faults{Drip: time.Millisecond}, func(_ *http.Response, body string) bool { return body == "4.5.2" }},
		{"wait", mirthtest.Faults{Wait: time.Millisecond}, func(_ *http.Response, body string) bool { return body == "4.5.2" }},
		{"nobody", mirthtest.Faults{EchoUser: true}, func(r *http.Response, _ string) bool {
			_, ok := r.Header["X-Echo-User"]
			return ok
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, mirthtest.Config{})
			s.Misbehave(tt.faults)
			q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+version, nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("X-Requested-With", "test")
			q.Header.Set("Accept-Encoding", "identity")
			resp, err := s.Client().Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var body []byte
			if resp.StatusCode != http.StatusSwitchingProtocols {
				if body, err = io.ReadAll(resp.Body); err != nil {
					t.Fatal(err)
				}
			}
			if !tt.check(resp, string(body)) {
				t.Errorf("got %s %v %q", resp.Status, resp.Header, body)
			}
			s.Misbehave(mirthtest.Faults{})
			if _, text := ask(t, s, http.MethodGet, version, "", ""); text != "4.5.2" {
				t.Errorf("afterwards %q", text)
			}
		})
	}
}

func TestFaultsOfConnections(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]mirthtest.Faults{
		"reset": {Reset: true}, "reset early": {ResetEarly: true}, "cut in the middle": {CutAfter: -1}, "cut after a byte": {CutAfter: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, mirthtest.Config{})
			s.Misbehave(f)
			if _, body, err := try(t.Context(), s, http.MethodPost, "/api/users/_login", "", "username=admin&password=admin"); err == nil {
				t.Errorf("answered %q", body)
			}
			if n := len(s.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestUpgradeEchoes(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	s.Misbehave(mirthtest.Faults{Upgrade: true})
	conn := dial(t, s)
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if status, _, _ := answer(t, r, true); !strings.HasPrefix(status, "HTTP/1.1 101") {
		t.Fatal(status)
	}
	if _, err := io.WriteString(conn, "smuggled"); err != nil {
		t.Fatal(err)
	}
	if got := readBody(t, r, len("smuggled"), false); got != "smuggled" {
		t.Errorf("got %q", got)
	}
}

func TestEarlyHints(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	s.Misbehave(mirthtest.Faults{EarlyHints: true})
	hints := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(int, textHeader) error { hints++; return nil },
	})
	if _, body, err := try(ctx, s, http.MethodGet, version, "", ""); hints != 1 || body != "4.5.2" || err != nil {
		t.Errorf("%d hints, %q, %v", hints, body, err)
	}
}

func TestFaultsOnlyAndTimes(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{})
	s.Misbehave(mirthtest.Faults{Status: 503, Times: 2, Only: func(r *http.Request) bool { return r.URL.Path == version }})
	if resp, _ := ask(t, s, http.MethodGet, "/api/server/status", "", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("another path: %d", resp.StatusCode)
	}
	for i, want := range []int{503, 503, 200} {
		if resp, _ := ask(t, s, http.MethodGet, version, "", ""); resp.StatusCode != want {
			t.Errorf("time %d: %d, want %d", i, resp.StatusCode, want)
		}
	}
}

func TestSessionFaults(t *testing.T) {
	t.Parallel()
	s := start(t, mirthtest.Config{Users: []mirthtest.User{{Name: "ada", Password: "x"}, {Name: "eve", Password: "x"}}})
	c := login(t, s, "ada", "x")
	s.Misbehave(mirthtest.Faults{RotateCookie: true, EchoUser: true})
	resp, _ := ask(t, s, http.MethodGet, "/api/channels", c, "")
	if len(resp.Cookies()) != 1 || resp.Header.Get("X-Echo-User") != "ada" {
		t.Fatalf("got %v", resp.Header)
	}
	s.Misbehave(mirthtest.Faults{SwapUser: "eve"})
	if resp, _ := ask(t, s, http.MethodGet, "/api/channels", c, ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old cookie: %d", resp.StatusCode)
	}
	if _, body := ask(t, s, http.MethodGet, "/api/users/current", resp.Cookies()[0].Value, ""); !strings.Contains(body, "<username>eve</username>") {
		t.Errorf("got %s", body)
	}
}

func TestHostileAnswersAreSentAsTheyStand(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, a := range mirthtest.HostileLogins() {
		if names[a.Name] {
			t.Errorf("two answers are called %q", a.Name)
		}
		names[a.Name] = true
		s := start(t, mirthtest.Config{})
		s.Misbehave(mirthtest.Faults{Login: &a})
		resp, body, err := try(t.Context(), s, http.MethodPost, "/api/users/_login", "", "username=admin&password=x")
		if a.Name == "truncated" {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s: %v", a.Name, err)
			}
			continue
		}
		if err != nil || resp.StatusCode != a.Status || (!resp.Uncompressed && body != string(a.Body)) {
			t.Errorf("%s: %v, %v", a.Name, resp, err)
		}
		if s.LiveSession("admin") != a.Session {
			t.Errorf("%s: live session %v", a.Name, !a.Session)
		}
		s.Close()
	}
}
