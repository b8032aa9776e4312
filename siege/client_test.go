package siege_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth"
)

// requestTimeout ends a request that nobody answers.
const requestTimeout = 60 * time.Second

// client is somebody with an address and cookies of his own.
type client struct {
	rig     *rig
	http    *http.Client
	cookies map[string]string
	// patient clients who are told to wait do so, and ask again.
	patient bool
}

// answer is a response read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// newClient calls from a loopback address of its own; empty means any.
func (r *rig) newClient(t *testing.T, from string) *client {
	t.Helper()
	var dialer net.Dialer
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	transport := &http.Transport{TLSClientConfig: r.tlsConfig(), DialContext: dialer.DialContext, MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{rig: r, cookies: map[string]string{}, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       requestTimeout,
	}}
}

// call makes a request and keeps the cookies of its answer.
func (c *client) call(ctx context.Context, method, target string, form url.Values, header ...string) (answer, error) {
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Requested-With", "siege")
	r.Header.Set("Accept", "application/xml")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if strings.HasPrefix(target, c.rig.url) {
		for name, value := range c.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	for _, cookie := range resp.Cookies() {
		c.cookies[cookie.Name] = cookie.Value
		if cookie.Value == "" {
			delete(c.cookies, cookie.Name)
		}
	}
	return answer{resp.StatusCode, resp.Header, string(data)}, nil
}

// get reads a path of the server.
func (c *client) get(ctx context.Context, path string) (answer, error) {
	return c.call(ctx, http.MethodGet, c.rig.url+path, nil)
}

// first is the first call of a login.
func (c *client) first(ctx context.Context, username, password string, header ...string) (answer, error) {
	header = append([]string{"X-Mirth-Server-Url", c.rig.url}, header...)
	for c.patient {
		a, err := c.call(ctx, http.MethodPost, c.rig.url+"/api/users/_login", url.Values{"username": {username}, "password": {password}}, header...)
		if err != nil || a.status != http.StatusTooManyRequests {
			return a, err
		}
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil {
			return a, err
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
	return c.call(ctx, http.MethodPost, c.rig.url+"/api/users/_login", url.Values{"username": {username}, "password": {password}}, header...)
}

// errLogin means that a login was answered otherwise than it should be.
var errLogin = errors.New("login refused")

// login is both calls with the prompt in between, which the simulator approves.
func (c *client) login(ctx context.Context, username string, header ...string) error {
	a, err := c.first(ctx, username, password, header...)
	if err != nil {
		return err
	}
	parsed, err := mirth.ParseLoginStatus([]byte(a.body), a.header.Get("Content-Type"))
	challenge, ok := parsed.(mirth.DuoLoginStatus)
	if err != nil || !ok {
		return fmt.Errorf("%w: first call of %s: %d %s", errLogin, username, a.status, a.body)
	}
	back, err := c.approve(ctx, challenge.AuthURL)
	if err != nil {
		return err
	}
	data := mirth.NewLoginData(username, challenge.PrimaryStatus, back.Get("duo_code"), back.Get("state"), challenge.RedirectURI)
	header = append([]string{"X-Mirth-Login-Data", data.String()}, header...)
	a, err = c.call(ctx, http.MethodPost, c.rig.url+"/api/users/_login", url.Values{"username": {username}}, header...)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || c.cookies["JSESSIONID"] == "" {
		return fmt.Errorf("%w: second call of %s: %d %s", errLogin, username, a.status, a.body)
	}
	return nil
}

// logout ends the session.
func (c *client) logout(ctx context.Context) error {
	a, err := c.call(ctx, http.MethodPost, c.rig.url+"/api/users/_logout", nil)
	if err == nil && a.status != http.StatusNoContent {
		err = fmt.Errorf("%w: logout: %d %s", errLogin, a.status, a.body)
	}
	return err
}

// approve walks from an authURL to the redirect URI and returns its query.
func (c *client) approve(ctx context.Context, target string) (url.Values, error) {
	for range 5 {
		a, err := c.call(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
		base, err := url.Parse(target)
		if err != nil {
			return nil, err
		}
		location, err := base.Parse(a.header.Get("Location"))
		if err != nil {
			return nil, err
		}
		if location.Query().Has("duo_code") {
			return location.Query(), nil
		}
		target = location.String()
	}
	return nil, fmt.Errorf("%w: the prompt led nowhere", errLogin)
}

// signedIn is a client with a session.
func (r *rig) signedIn(t *testing.T, username, from string) *client {
	t.Helper()
	c := r.newClient(t, from)
	if err := c.login(t.Context(), username); err != nil {
		t.Fatal(err)
	}
	return c
}
