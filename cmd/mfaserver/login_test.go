package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth"
)

// apiClient plays an API client of the engine against a running server.
type apiClient struct {
	server string
	accept string
	http   *http.Client
}

func newAPIClient(t *testing.T, server string, caFiles ...string) *apiClient {
	t.Helper()
	pool := x509.NewCertPool()
	for _, file := range caFiles {
		ca, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !pool.AppendCertsFromPEM(ca) {
			t.Fatalf("%s holds no certificate", file)
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &apiClient{server: server, accept: "application/xml", http: &http.Client{Transport: transport, Jar: jar, Timeout: 30 * time.Second}}
}

// answer is a response read to its end.
type answer struct {
	status  int
	header  http.Header
	body    string
	url     *url.URL
	elapsed time.Duration
}

func (c *apiClient) do(t *testing.T, method, target string, form url.Values, header http.Header) answer {
	t.Helper()
	a, err := c.try(t.Context(), method, target, form, header)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is do for goroutines that must not end the test.
func (c *apiClient) try(ctx context.Context, method, target string, form url.Values, header http.Header) (answer, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Requested-With", "test")
	r.Header.Set("Accept", c.accept)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(r.Header, header)
	begun := time.Now()
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	data, err := io.ReadAll(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(data), url: resp.Request.URL, elapsed: time.Since(begun)}, err
}

// first is the first call.
func (c *apiClient) first(t *testing.T, username, password string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.server+"/api/users/_login",
		url.Values{"username": {username}, "password": {password}},
		http.Header{"X-Mirth-Server-Url": {c.server}})
}

// challenge is the first call, expected to be answered by a challenge.
func (c *apiClient) challenge(t *testing.T, username, password string) mirth.DuoLoginStatus {
	t.Helper()
	a := c.first(t, username, password)
	if a.status != http.StatusUnauthorized {
		t.Fatalf("first call = %d %s, want 401 with a challenge", a.status, a.body)
	}
	parsed, err := mirth.ParseLoginStatus([]byte(a.body), a.header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("first call answered %q: %v", a.body, err)
	}
	status, ok := parsed.(mirth.DuoLoginStatus)
	if !ok {
		t.Fatalf("first call answered %T %+v, want a DuoLoginStatus", parsed, parsed)
	}
	return status
}

// approve follows the authURL of a simulator that approves by itself and
// returns the login data.
func (c *apiClient) approve(t *testing.T, username string, status mirth.DuoLoginStatus) string {
	t.Helper()
	a := c.do(t, http.MethodGet, status.AuthURL, nil, nil)
	if a.status != http.StatusOK || !strings.HasPrefix(a.url.String(), status.RedirectURI+"?") {
		t.Fatalf("authURL led to %s with %d", a.url.Redacted(), a.status)
	}
	q := a.url.Query()
	data := mirth.NewLoginData(username, status.PrimaryStatus, q.Get("duo_code"), q.Get("state"), status.RedirectURI)
	return data.String()
}

// second is the second call.
func (c *apiClient) second(t *testing.T, username, loginData string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.server+"/api/users/_login",
		url.Values{"username": {username}}, http.Header{"X-Mirth-Login-Data": {loginData}})
}

// login plays the whole login and expects it to succeed.
func (c *apiClient) login(t *testing.T, username, password string) answer {
	t.Helper()
	status := c.challenge(t, username, password)
	a := c.second(t, username, c.approve(t, username, status))
	if a.status != http.StatusOK {
		t.Fatalf("second call = %d %s, want 200", a.status, a.body)
	}
	return a
}

func (c *apiClient) current(t *testing.T) answer {
	t.Helper()
	return c.do(t, http.MethodGet, c.server+"/api/users/current", nil, nil)
}

func (c *apiClient) logout(t *testing.T) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.server+"/api/users/_logout", nil, nil)
}

// cookie returns a cookie of the server from the jar.
func (c *apiClient) cookie(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(c.server + "/api/")
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range c.http.Jar.Cookies(u) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	t.Fatalf("the jar holds no %s", name)
	return ""
}
