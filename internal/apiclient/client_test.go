package apiclient_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

const (
	state    = "dff8bd53717fdbf36d5a6e4e6da6331d6e61"
	code     = "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L"
	wayBack  = "http://127.0.0.1:45123"
	redirect = wayBack + "/api/4.5.2/extensions/mfa/duocallback"
	session  = "zgw_IN80O0Z5_WJVMW3OcQJrmTCaea4LKSah_3z43Ic"
)

// request is one call as it came in.
type request struct {
	path   string
	form   url.Values
	header http.Header
}

// server answers one call after the other.
type server struct {
	*httptest.Server
	answers []http.HandlerFunc
	got     []request
}

func newServer(t *testing.T, answers ...http.HandlerFunc) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		form, ferr := url.ParseQuery(string(body))
		if err != nil || ferr != nil || len(s.answers) == 0 {
			t.Errorf("call %d: %v %v", len(s.got)+1, err, ferr)
			return
		}
		s.got = append(s.got, request{r.URL.Path, form, r.Header})
		answer := s.answers[0]
		s.answers = s.answers[1:]
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) client(t *testing.T, bend ...func(*apiclient.Config)) *apiclient.Client {
	t.Helper()
	c := apiclient.Config{Server: s.URL, CA: x509.NewCertPool(), UserAgent: "test"}
	c.CA.AddCert(s.Certificate())
	for _, b := range bend {
		b(&c)
	}
	client, err := apiclient.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// says answers with a body and headers, name and value in turn.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func encode(t *testing.T, v mirth.Encoder) string {
	t.Helper()
	body, err := mirth.Encode(mirth.FormatXML, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// prompt is an authURL as a server makes it, with the state in the request.
func prompt(state string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"state":"` + state + `","duo_uname":"alice"}`))
	return "https://api-12345678.duosecurity.com/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=" + redirect + "&client_id=DIX&request=a." + payload + ".b"
}

func challenge() mirth.DuoLoginStatus {
	return mirth.DuoLoginStatus{
		Status: mirth.StatusFail, PrimaryStatus: mirth.StatusSuccess, APIHostname: "api-12345678.duosecurity.com",
		AuthURL: prompt(state), RedirectURI: redirect,
	}
}

const cookieHeader = "JSESSIONID=" + session + "; Path=/api; Secure; HttpOnly; SameSite=Lax"

// Both calls and the logout: what is sent, and what comes of it.
func TestTwoCalls(t *testing.T) {
	t.Parallel()
	s := newServer(t,
		says(401, encode(t, challenge()), "Set-Cookie", "mfa_binding=bound; Path=/api; Secure; HttpOnly"),
		says(200, encode(t, mirth.LoginStatus{Status: mirth.StatusGracePeriod, Message: "soon", UpdatedUsername: "Alice"}), "Set-Cookie", cookieHeader, "Set-Cookie", "other=x"),
		says(204, ""), says(401, ""))
	c := s.client(t, func(c *apiclient.Config) { c.Replaces = secret.New("old-session") })
	started, err := c.Start(t.Context(), "alice", secret.New("p&ss:wörd"), wayBack)
	if err != nil || started.Session != nil || started.Challenge == nil {
		t.Fatalf("Start() = %+v, %v, want a challenge", started, err)
	}
	ch := started.Challenge
	if ch.State != state || ch.RedirectURI != redirect || ch.AuthURL != prompt(state) {
		t.Errorf("challenge = %+v", ch)
	}
	got, err := c.Finish(t.Context(), ch, ch.LoginData(code))
	if err != nil {
		t.Fatal(err)
	}
	if got.Username != "Alice" || got.Status != mirth.StatusGracePeriod || got.Message != "soon" || got.Cookie.Header().Reveal() != "JSESSIONID="+session ||
		got.Cookie.Path != "/api" || !got.Cookie.HTTPOnly {
		t.Errorf("session = %+v", got)
	}
	if err := c.Logout(t.Context(), got.Cookie.Value); err != nil {
		t.Errorf("Logout() = %v", err)
	}
	if err := c.Logout(t.Context(), got.Cookie.Value); !errors.Is(err, apiclient.ErrNoSession) {
		t.Errorf("Logout() again = %v, want ErrNoSession", err)
	}
	first, second, last := s.got[0], s.got[1], s.got[2]
	if first.form.Get("username") != "alice" || first.form.Get("password") != "p&ss:wörd" || first.header.Get("X-Mirth-Server-Url") != wayBack ||
		first.header.Get("X-Requested-With") == "" || first.header.Get("User-Agent") != "test" || first.header.Get("Cookie") != "JSESSIONID=old-session" {
		t.Errorf("first call: %+v", first)
	}
	if data := "alice:SUCCESS:" + code + ":" + state + ":" + base64.StdEncoding.EncodeToString([]byte(redirect)); second.header.Get("X-Mirth-Login-Data") != data ||
		second.form.Has("password") || !strings.Contains(second.header.Get("Cookie"), "mfa_binding=bound") {
		t.Errorf("second call: %+v, want %s", second, data)
	}
	if last.path != "/api/users/_logout" || !strings.Contains(last.header.Get("Cookie"), "JSESSIONID="+session) || strings.Contains(last.header.Get("Cookie"), "old") {
		t.Errorf("logout: %+v", last)
	}
}

// A server that asks by push, or was given a code or a token, answers at once.
func TestOneCall(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "JSESSIONID="+session)
		_, _ = io.WriteString(w, `{"com.mirth.connect.model.LoginStatus":{"status":"SUCCESS","message":null,"updatedUsername":"alice"}}`)
	})
	started, err := s.client(t).Start(t.Context(), "alice", secret.New("x,push"), wayBack)
	if err != nil || started.Challenge != nil || started.Session == nil || started.Session.Username != "alice" || started.Session.Cookie.Path != "/api" {
		t.Errorf("Start() = %+v, %v, want a session", started, err)
	}
}

// Whatever is not clearly a login is none.
func TestAnswersThatAreNoLogin(t *testing.T) {
	t.Parallel()
	success := encode(t, mirth.LoginStatus{Status: mirth.StatusSuccess})
	fail := encode(t, mirth.LoginStatus{Status: mirth.StatusFail, Message: "No."})
	bent := func(change func(*mirth.DuoLoginStatus)) string {
		c := challenge()
		change(&c)
		return encode(t, c)
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
		says   string
	}{
		{"refused", says(401, fail), apiclient.ErrRefused, "No."},
		{"locked out", says(401, encode(t, mirth.LoginStatus{Status: mirth.StatusFailLockedOut}), "Retry-After", "90"), apiclient.ErrRefused, "FAIL_LOCKED_OUT) (in 1m30s)"},
		{"throttled", says(429, encode(t, mirth.LoginStatus{Status: mirth.StatusFailLockedOut, Message: "Too many."}), "Retry-After", "Tue"), apiclient.ErrRefused, "Too many."},
		{"the header's hint", says(401, encode(t, mirth.LoginStatus{Status: mirth.StatusFail, Message: "Send X-Mirth-Server-Url."})), apiclient.ErrServerURL, ""},
		{"the switch", says(401, encode(t, mirth.LoginStatus{Status: mirth.StatusFail, Message: "allow_loopback_redirect is off"})), apiclient.ErrServerURL, ""},
		{"503", says(503, encode(t, mirth.LoginStatus{Status: mirth.StatusFail, Message: "Later."})), apiclient.ErrUnavailable, "Later."},
		{"503 of a proxy", says(503, "<html>"), apiclient.ErrUnavailable, "HTTP 503"},
		{"404", says(404, ""), apiclient.ErrMalformed, "HTTP 404"},
		{"redirect", says(302, success, "Location", "https://evil.example/"), apiclient.ErrMalformed, "HTTP 302"},
		{"another type", says(200, success, "Content-Encoding", "gzip"), apiclient.ErrMalformed, ""},
		{"too long", says(200, success+strings.Repeat(" ", 70<<10)), apiclient.ErrMalformed, ""},
		{"200 that says fail", says(200, fail, "Set-Cookie", cookieHeader), apiclient.ErrMalformed, ""},
		{"401 that says success", says(401, success, "Set-Cookie", cookieHeader), apiclient.ErrMalformed, ""},
		{"success without a cookie", says(200, success), apiclient.ErrMalformed, "0 session cookies"},
		{"success with two", says(200, success, "Set-Cookie", cookieHeader, "Set-Cookie", "JSESSIONID=another"), apiclient.ErrMalformed, "2 session cookies"},
		{"a cookie that is too long", says(200, success, "Set-Cookie", "JSESSIONID="+strings.Repeat("x", 1025)), apiclient.ErrMalformed, "sent back"},
		{"another plugin", says(401, encode(t, mirth.ExtendedLoginStatus{Status: mirth.StatusFail, ClientPluginClass: "x.Y"})), apiclient.ErrMalformed, "second factor"},
		{"challenge with 200", says(200, encode(t, challenge())), apiclient.ErrMalformed, ""},
		{"challenge that says success", says(401, bent(func(c *mirth.DuoLoginStatus) { c.Status = mirth.StatusSuccess })), apiclient.ErrMalformed, ""},
		{"password not accepted", says(401, bent(func(c *mirth.DuoLoginStatus) { c.PrimaryStatus = mirth.StatusFail })), apiclient.ErrMalformed, ""},
		{"authURL is http", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL = "http" + strings.TrimPrefix(c.AuthURL, "https") })), apiclient.ErrMalformed, "https"},
		{"authURL is a file", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL = "file:///etc/passwd" })), apiclient.ErrMalformed, "https"},
		{"authURL is an option", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL = "--help" })), apiclient.ErrMalformed, "https"},
		{"authURL of a user", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL = "https://a@b/?state=" + state })), apiclient.ErrMalformed, "https"},
		{"authURL with a line break", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL += "&a=b c" })), apiclient.ErrMalformed, "https"},
		{"authURL elsewhere", says(401, bent(func(c *mirth.DuoLoginStatus) { c.APIHostname = "api-1.duosecurity.com" })), apiclient.ErrMalformed, "not at"},
		{"no state", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL = prompt("") })), apiclient.ErrMalformed, "no state"},
		{"no request", says(401, bent(func(c *mirth.DuoLoginStatus) { c.AuthURL, _, _ = strings.Cut(c.AuthURL, "&request") })), apiclient.ErrMalformed, "no state"},
		{"back elsewhere", says(401, bent(func(c *mirth.DuoLoginStatus) { c.RedirectURI = "https://evil.example/api/x" })), apiclient.ErrMalformed, "redirectUri"},
		{"back to another port", says(401, bent(func(c *mirth.DuoLoginStatus) { c.RedirectURI = wayBack + "4/api/x" })), apiclient.ErrMalformed, "redirectUri"},
		{"back with a query", says(401, bent(func(c *mirth.DuoLoginStatus) { c.RedirectURI += "?x" })), apiclient.ErrMalformed, "redirectUri"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newServer(t, tt.answer).client(t).Start(t.Context(), "alice", secret.New("x"), wayBack)
			if !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.says) || got.Session != nil || got.Challenge != nil {
				t.Errorf("Start() = %+v, %v, want %v saying %q", got, err, tt.want, tt.says)
			}
			if errors.Is(tt.want, apiclient.ErrServerURL) != errors.Is(err, apiclient.ErrServerURL) {
				t.Errorf("Start() = %v", err)
			}
		})
	}
}

// What somebody pastes is sent only when it is of this sign-in.
func TestPastedLoginData(t *testing.T) {
	t.Parallel()
	s := newServer(t, says(401, encode(t, challenge())))
	c := s.client(t)
	started, err := c.Start(t.Context(), "alice", secret.New("x"), wayBack)
	if err != nil {
		t.Fatal(err)
	}
	ch := started.Challenge
	good := ch.LoginData(code).Reveal()
	if err := ch.Check(secret.New(good)); err != nil {
		t.Errorf("Check() = %v", err)
	}
	for _, bad := range []string{"", "nonsense", good + "x", strings.Replace(good, state, strings.Repeat("0", 36), 1), "https://x/?state=" + state + "&duo_code=" + code} {
		if _, err := c.Finish(t.Context(), ch, secret.New(bad)); !errors.Is(err, apiclient.ErrLoginData) {
			t.Errorf("Finish(%q) = %v, want ErrLoginData", bad, err)
		}
	}
	if len(s.got) != 1 {
		t.Errorf("%d calls, want the first alone", len(s.got))
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	t.Run("not trusted", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.Config.ErrorLog = nil
		c := s.client(t, func(c *apiclient.Config) { c.CA = x509.NewCertPool() })
		if _, err := c.Start(t.Context(), "alice", secret.New("x"), wayBack); !errors.Is(err, apiclient.ErrUntrusted) || len(s.got) != 0 {
			t.Errorf("Start() = %v, want ErrUntrusted", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		_, err := s.client(t).Start(ctx, "alice", secret.New("canary-password"), wayBack)
		if !errors.Is(err, apiclient.ErrUnavailable) || !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Start() = %v, want ErrUnavailable and context.Canceled", err)
		}
	})
	for _, bad := range []string{"", "http://a.example", "https://a.example/path", "https://u@a.example", "a.example"} {
		if _, err := apiclient.New(apiclient.Config{Server: bad}); !errors.Is(err, apiclient.ErrConfig) {
			t.Errorf("New(%q) = %v, want ErrConfig", bad, err)
		}
	}
	c, err := apiclient.New(apiclient.Config{Server: "HTTPS://A.example:443/"})
	if err != nil || c.Server() != "https://a.example" {
		t.Errorf("New() = %v, %v", c, err)
	}
}

// Threat I6: what a client and its results print holds no secret.
func TestPrinting(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t, func(c *apiclient.Config) { c.Replaces = secret.New("canary-session") })
	s := &apiclient.Session{Cookie: apiclient.Cookie{Name: "JSESSIONID", Value: secret.New("canary-session")}}
	if text := fmt.Sprintf("%v %+v %#v %+v", s, s, s, apiclient.Config{Replaces: secret.New("canary-session")}); strings.Contains(text, "canary") {
		t.Errorf("prints %s", text)
	}
	if c.Server() == "" {
		t.Error("no server")
	}
}
