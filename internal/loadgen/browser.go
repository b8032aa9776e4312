package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mfaserver/internal/apiclient"
)

var (
	// ErrRealDuo means that the server's Duo is Duo itself, which is no place
	// for load, and asks a person.
	ErrRealDuo = errors.New("loadgen: the prompt is at Duo itself; use a server whose Duo is a simulator")
	// ErrNotConfirmed means that the prompt did not lead back by itself with a
	// code.
	ErrNotConfirmed = errors.New("loadgen: the prompt was not confirmed by itself; the simulator must approve by itself (--auto approve)")
	// ErrCallback means that the callback page did not come.
	ErrCallback = errors.New("loadgen: the callback page did not come")
)

const (
	// maxSteps is how many pages a prompt leads over.
	maxSteps = 5
	// maxPage is what is read of a page.
	maxPage = 1 << 20
	// pageTimeout bounds a page.
	pageTimeout = time.Minute
)

// duoHosts are Duo's own.
var duoHosts = []string{"duosecurity.com", "duofederal.com", "duo.com"}

// atDuo reports whether a URL is at Duo itself.
func atDuo(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	for _, d := range duoHosts {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// newTransport keeps a connection for each client.
func newTransport(ca *x509.CertPool, clients int) *http.Transport {
	d := net.Dialer{Timeout: 15 * time.Second}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca},
		TLSHandshakeTimeout:    15 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    clients,
		DisableCompression:     true,
		IdleConnTimeout:        time.Minute,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// browser walks over pages as a browser does that a simulator needs nothing
// of.
type browser struct{ http *http.Client }

func newBrowser(t http.RoundTripper) *browser {
	return &browser{&http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       pageTimeout,
	}}
}

// open asks for one page. An address in a Location is returned whole.
func (b *browser) open(ctx context.Context, page *url.URL) (status int, location *url.URL, err error) {
	if atDuo(page) {
		return 0, nil, ErrRealDuo
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Accept", "text/html")
	resp, err := b.http.Do(r)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the address, which holds the state
		}
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // all that matters was read
	if _, err := io.CopyN(io.Discard, resp.Body, maxPage); err != nil && !errors.Is(err, io.EOF) {
		return 0, nil, err
	}
	location, err = resp.Location()
	if errors.Is(err, http.ErrNoLocation) {
		return resp.StatusCode, nil, nil
	}
	return resp.StatusCode, location, err
}

// confirm walks from a challenge's authURL to where Duo sends the browser back.
func (b *browser) confirm(ctx context.Context, ch *apiclient.Challenge) (back *url.URL, err error) {
	page, err := url.Parse(ch.AuthURL)
	if err != nil {
		return nil, fmt.Errorf("%w: no address", ErrNotConfirmed)
	}
	for range maxSteps {
		_, next, err := b.open(ctx, page)
		switch {
		case errors.Is(err, ErrRealDuo):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrNotConfirmed, err)
		case next == nil:
			return nil, ErrNotConfirmed
		}
		if strings.HasPrefix(next.String(), ch.RedirectURI+"?") {
			if q := next.Query(); q.Get("state") != ch.State || q.Get("duo_code") == "" {
				return nil, ErrNotConfirmed
			}
			return next, nil
		}
		page = next
	}
	return nil, ErrNotConfirmed
}

// arrive loads the callback page.
func (b *browser) arrive(ctx context.Context, back *url.URL) error {
	status, _, err := b.open(ctx, back)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCallback, err)
	case status != http.StatusOK:
		return fmt.Errorf("%w: HTTP %d", ErrCallback, status)
	default:
		return nil
	}
}
