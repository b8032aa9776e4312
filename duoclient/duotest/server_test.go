package duotest_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func TestNewServer(t *testing.T) {
	t.Parallel()
	s, err := duotest.NewServer(duotest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if host, port, err := net.SplitHostPort(s.APIHost); err != nil || host != "127.0.0.1" || port == "0" || s.URL != "https://"+s.APIHost {
		t.Errorf("APIHost = %q, URL = %q", s.APIHost, s.URL)
	}
	k := s.Credentials()
	key, secret := regexp.MustCompile(`^DI[A-Z0-9]{18}$`), regexp.MustCompile(`^[A-Za-z0-9]{40}$`)
	for _, v := range []string{k.ClientID, k.AuthKey, k.AdminKey, k.AccountsKey} {
		if !key.MatchString(v) {
			t.Errorf("key %q", v)
		}
	}
	for _, v := range []string{k.ClientSecret, k.AuthSecret, k.AdminSecret, k.AccountsSecret} {
		if !secret.MatchString(v) {
			t.Errorf("secret %q", v)
		}
		if text := fmt.Sprintf("%v %+v %#v", k, k, k); strings.Contains(text, v) {
			t.Errorf("a secret prints: %s", text)
		}
	}
	u, ok := s.User("test1")
	if !ok || !u.Enrolled() || u.Status != duotest.StatusActive {
		t.Errorf("test1 = %+v, %v", u, ok)
	}
	s.Close() // twice is fine
}

func TestNewServerRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config duotest.Config
		want   error
	}{
		"mode":         {duotest.Config{Auto: "maybe"}, duotest.ErrMode},
		"policy":       {duotest.Config{EnrollPolicy: "maybe"}, duotest.ErrConfig},
		"timeout":      {duotest.Config{AutoTimeout: -1}, duotest.ErrConfig},
		"address":      {duotest.Config{Listen: "8444"}, duotest.ErrConfig},
		"address used": {duotest.Config{Listen: occupied(t)}, nil},
	} {
		s, err := duotest.NewServer(tc.config)
		if err == nil || s != nil || (tc.want != nil && !errors.Is(err, tc.want)) {
			t.Errorf("%s: %v, %v, want %v", name, s, err, tc.want)
		}
	}
}

func occupied(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestCertificateNames(t *testing.T) {
	t.Parallel()
	a := start(t, func(c *duotest.Config) { c.Hosts = []string{"localhost", "api-test0001.duosecurity.com", "::1"} })
	for _, name := range []string{"localhost", "api-test0001.duosecurity.com", "::1"} {
		d := tls.Dialer{Config: &tls.Config{RootCAs: a.CA().Pool(), ServerName: name, MinVersion: tls.VersionTLS12}}
		conn, err := d.DialContext(t.Context(), "tcp", a.APIHost)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = conn.Close()
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	a := start(t)
	shared := duotest.Smartphone("+17345550177")
	shared.ID = "DPSHARED"
	bob := a.AddUser(duotest.User{Name: "Bob", Aliases: []string{"robert"}, Phones: []duotest.Phone{shared, {}}, Groups: []string{"admins"}})
	if bob.ID == "" || bob.Phones[1].ID == "" || bob.Phones[0].Passcode == "" || bob.Status != duotest.StatusActive {
		t.Errorf("AddUser = %+v", bob)
	}
	for _, name := range []string{"bob", "BOB", "Robert"} {
		if u, ok := a.User(name); !ok || u.ID != bob.ID {
			t.Errorf("User(%q) = %+v, %v", name, u, ok)
		}
	}
	a.AddUser(duotest.User{Name: "carol", Phones: []duotest.Phone{shared}})
	ok := a.UpdateUser("robert", func(u *duotest.User) {
		u.ID = "ignored"
		u.Name, u.Aliases, u.Phones = "Bobby", nil, u.Phones[1:]
	})
	if u, found := a.User("bobby"); !ok || !found || u.ID != bob.ID || len(u.Phones) != 1 || u.Phones[0].ID != bob.Phones[1].ID {
		t.Errorf("after the update: %v, %+v", ok, u)
	}
	for _, name := range []string{"bob", "robert"} {
		if _, found := a.User(name); found {
			t.Errorf("%s is still found", name)
		}
	}
	if u, _ := a.User("carol"); len(u.Phones) != 1 || u.Phones[0].Number != "+17345550177" {
		t.Errorf("the shared phone went: %+v", u)
	}
	again := a.AddUser(duotest.User{Name: "BOBBY"})
	if again.ID == bob.ID || again.Enrolled() {
		t.Errorf("AddUser over a name = %+v", again)
	}
	a.RemoveUser("bobby")
	a.RemoveUser("bobby")
	if _, found := a.User("bobby"); found || a.UpdateUser("bobby", func(*duotest.User) { t.Error("called") }) {
		t.Error("bobby was removed and is there")
	}
	if s := start(t, func(c *duotest.Config) { c.Users = []duotest.User{} }); len(s.Calls()) != 0 {
		t.Error("calls out of nothing")
	} else if _, found := s.User("test1"); found {
		t.Error("no users were asked for")
	}
}

// duo_uname finds the user in any case and comes back as it was sent.
func TestUserNames(t *testing.T) {
	t.Parallel()
	a := start(t)
	code := a.callback(a.authorize(a.requestClaims().with("duo_uname", "TEST1"))).Get("duo_code")
	token, _ := a.object(a.exchange(code).body)["id_token"].(string)
	payload := a.segment(token, 1)
	if !strings.Contains(payload, `"preferred_username":"TEST1"`) || !strings.Contains(payload, `"name":"test1"`) {
		t.Errorf("claims = %s", payload)
	}
}

// Some clients send the whole URL as the request target.
func TestAbsoluteForm(t *testing.T) {
	t.Parallel()
	a := start(t)
	d := tls.Dialer{Config: &tls.Config{RootCAs: a.CA().Pool(), MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(t.Context(), "tcp", a.APIHost)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	target := a.URL + duotest.EndpointHealthCheck + "?" + a.healthForm().Encode()
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: ignored.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", target); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, _ := io.ReadAll(resp.Body); string(body) != healthy {
		t.Errorf("health check = %d %s", resp.StatusCode, body)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	a := start(t)
	other := httptest.NewServer(a.Handler())
	defer other.Close()
	a.host = strings.TrimPrefix(other.URL, "http://")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, other.URL+duotest.EndpointHealthCheck+"?"+a.healthForm().Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := other.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("health check = %d", resp.StatusCode)
	}
}

// A simulator that runs for long forgets what is over and nothing else.
func TestLongRun(t *testing.T) {
	t.Parallel()
	minute := 0
	a := start(t, func(c *duotest.Config) {
		c.Now = func() time.Time { return epoch.Add(time.Duration(minute) * time.Minute) }
	})
	handler := a.Handler()
	for range 1100 {
		minute++
		a.now = epoch.Add(time.Duration(minute) * time.Minute)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+a.APIHost+duotest.EndpointHealthCheck+"?"+a.healthForm().Encode(), http.NoBody)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("minute %d: %d %s", minute, w.Code, w.Body)
		}
	}
	if n := a.CountCalls("health_check"); n != 1100 {
		t.Errorf("%d calls counted", n)
	}
}
