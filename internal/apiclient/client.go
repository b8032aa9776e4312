package apiclient

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// sessionCookie is what the engine calls it.
const sessionCookie = "JSESSIONID"

// Config says where the server is and how to know it.
type Config struct {
	// Server is https://host[:port], the server's public URL.
	Server string
	// CA signed the server's certificate; nil means the system's roots.
	CA *x509.CertPool
	// UserAgent is what the client calls itself.
	UserAgent string
	// Transport carries the calls, for callers that share connections between
	// many clients; CA has no say in it then. Nil means one of the client's own.
	Transport http.RoundTripper
	// Replaces is a session of this client that a login is to end; zero: none.
	Replaces secret.Secret
}

// Client speaks to one server for one login. It keeps the cookies that tie the
// second call to the first, and is not safe for concurrent use.
type Client struct {
	server string
	base   *url.URL
	agent  string
	http   *http.Client
}

// New checks c; nothing is sent. Errors match [ErrConfig].
func New(c Config) (*Client, error) {
	server, err := mirth.NormalizeServerURL(c.Server)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), mirth.ErrServerURL.Error()+": ")
		return nil, fmt.Errorf("%w: the server's URL: %s; write https://host or https://host:port", ErrConfig, why)
	}
	base, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("%w: the server's URL", ErrConfig)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.Transport == nil {
		c.Transport = newTransport(c.CA)
	}
	client := &Client{server: server, base: base, agent: c.UserAgent, http: &http.Client{
		Transport:     c.Transport,
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	client.carry(c.Replaces)
	return client, nil
}

// Server is the server's URL in its one spelling.
func (c *Client) Server() string { return c.server }

// Close closes idle connections, those of a shared transport too.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// carry sends a session along with what follows.
func (c *Client) carry(session secret.Secret) {
	if !session.IsZero() {
		c.http.Jar.SetCookies(c.base, []*http.Cookie{{
			Name: sessionCookie, Value: session.Reveal(), Path: "/api", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		}})
	}
}

const (
	connectTimeout   = 15 * time.Second
	handshakeTimeout = 15 * time.Second
	maxHeader        = 64 << 10
)

func newTransport(ca *x509.CertPool) *http.Transport {
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		IdleConnTimeout:        time.Minute,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}
