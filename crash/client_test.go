//go:build unix

package crash_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// client is one machine with an address of its own. It keeps no cookies:
// callers say which they send.
type client struct {
	http *http.Client
}

// newClient calls from a loopback address of its own where the system has
// more than one.
func newClient(c *tls.Config, from netip.Addr) *client {
	var dialer net.Dialer
	if from.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: from.AsSlice()}
	}
	return &client{http: &http.Client{
		Transport:     &http.Transport{TLSClientConfig: c, DialContext: dialer.DialContext, MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       requestTimeout,
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// answer is a response read to its end.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	cookies map[string]string
}

const (
	sessionCookie = "JSESSIONID"
	bindingCookie = "mfa_binding"
)

// call makes a request of the engine's API. An error means that it is not
// known what the server did.
func (c *client) call(ctx context.Context, method, target string, form url.Values, header map[string]string) (answer, error) {
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("X-Requested-With", "crash")
	r.Header.Set("Accept", "application/xml")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
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
	a := answer{status: resp.StatusCode, header: resp.Header, body: data, cookies: map[string]string{}}
	for _, cookie := range resp.Cookies() {
		if cookie.MaxAge >= 0 && cookie.Value != "" {
			a.cookies[cookie.Name] = cookie.Value
		}
	}
	return a, nil
}

var errRedirects = errors.New("the prompt led nowhere")

// approve walks from an authURL of a simulator that approves by itself to the
// redirect URI and returns its query.
func (c *client) approve(ctx context.Context, target string) (url.Values, error) {
	for range 5 {
		a, err := c.call(ctx, http.MethodGet, target, nil, nil)
		if err != nil {
			return nil, err
		}
		location, err := url.Parse(a.header.Get("Location"))
		if err != nil || location.String() == "" {
			break
		}
		if location.Query().Has("duo_code") {
			return location.Query(), nil
		}
		base, err := url.Parse(target)
		if err != nil {
			return nil, err
		}
		target = base.ResolveReference(location).String()
	}
	return nil, errRedirects
}
