package engine

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// Client asks one engine. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	calls  *http.Transport // for what this package asks itself
	proxy  *roundTripper   // for what others send

	logins chan struct{}   // one for each login under way
	others chan struct{}   // one for each other call under way
	ctx    context.Context //nolint:containedctx // ends what outlives its call: late answers
	cancel context.CancelFunc

	mu     sync.Mutex // guards closed, and late's counting up
	closed bool
	late   sync.WaitGroup
}

// Login is an accepted password.
type Login struct {
	// Cookie is the bare value of the JSESSIONID cookie: a live session of the
	// engine, to be logged out by whoever drops it.
	Cookie secret.Secret
	// Status is SUCCESS or SUCCESS_GRACE_PERIOD.
	Status mirth.Status
	// Message is what the engine wants the user to read; it is empty with
	// SUCCESS in general.
	Message string
}

// New makes a client. It does not connect. Close it to end what is still
// under way.
func New(c Config) (*Client, error) {
	c, base, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	loopbackOnly := base.Scheme == "http"
	client := &Client{
		config: c,
		base:   base,
		calls:  newTransport(tlsConfig.Clone(), loopbackOnly, 0),
		logins: make(chan struct{}, c.MaxConcurrent),
		others: make(chan struct{}, c.MaxConcurrent*callsPerLogin),
	}
	client.proxy = &roundTripper{base: base, transport: newTransport(tlsConfig, loopbackOnly, proxyHeaderTimeout)}
	client.ctx, client.cancel = context.WithCancel(context.Background())
	return client, nil
}

// Close cuts off what outlived its call, closes idle connections and waits
// for its goroutines. Calls that are under way are not waited for.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.late.Wait()
	c.calls.CloseIdleConnections()
	c.proxy.CloseIdleConnections()
}

// begin runs f beside its caller, unless the client is closed.
func (c *Client) begin(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.late.Go(f)
	}
	return !c.closed
}

// Base is the engine's address: scheme, host and port.
func (c *Client) Base() *url.URL {
	u := *c.base
	return &u
}

// Transport sends requests of others to this engine alone, over connections
// that are verified like ours: without a proxy, without inflating answers and
// without an end to how long an answer may take once its header has come (15
// minutes). No request that could change anything is sent twice, whatever
// headers it carries (threat T151).
func (c *Client) Transport() http.RoundTripper { return c.proxy }
