package duoclient

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

// limits bound one call.
type limits struct {
	connect    time.Duration // TCP, and the proxy's CONNECT
	handshake  time.Duration // TLS
	header     time.Duration // request sent to header of the answer
	whole      time.Duration // everything, waiting for a place included
	queue      time.Duration // waiting for a place
	body       int64         // bytes of the answer's body
	concurrent int           // calls under way
}

func defaultLimits() limits {
	return limits{
		connect:    3 * time.Second,
		handshake:  3 * time.Second,
		header:     8 * time.Second,
		whole:      10 * time.Second,
		queue:      2 * time.Second,
		body:       64 << 10,
		concurrent: defaultConcurrent,
	}
}

// road carries every call to one API host. It signs nothing: callers put their
// credentials into the header or the body. Safe for concurrent use.
type road struct {
	host      string
	transport *http.Transport
	limits    limits
	places    chan struct{}
	gate      gate
	userAgent string
	now       func() time.Time
	observe   func(Observation)
}

// roadConfig is what a road is built from.
type roadConfig struct {
	host    string
	ca      CA
	proxy   *url.URL
	private bool // private addresses are allowed
	options options
}

func newRoad(c roadConfig) (*road, error) {
	ca, err := c.ca.resolve()
	if err != nil {
		return nil, err
	}
	l := c.options.limits
	return &road{
		host:      c.host,
		transport: newTransport(c, ca),
		limits:    l,
		places:    make(chan struct{}, l.concurrent),
		gate:      newGate(),
		userAgent: c.options.userAgent,
		now:       c.options.now,
		observe:   c.options.observe,
	}, nil
}

// call is one request.
type call struct {
	name string // the endpoint, for errors
	// endpoint is the name without keys, for observers; empty: the name.
	// account is the child account spoken for, if any.
	endpoint, account string

	method string
	path   string
	query  string
	header http.Header
	body   []byte
	// hide holds the secrets of the request: no error shows them, even when
	// the other side sends them back.
	hide []string
	// whole and limit replace the road's bounds of time and of the answer's
	// body when they are not zero.
	whole time.Duration
	limit int64
	// anyStatus asks for the answers 429 and 5xx too, for their words.
	anyStatus bool
}

// answer is a response read whole; its status is not 3xx, and neither 429 nor
// 5xx unless the call asked for them.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	sent     time.Time // by the injected clock
	received time.Time
}

// do makes the call once. Errors match [ErrBusy], [ErrRateLimited],
// [ErrOutage], [ErrUntrustedServer], [ErrMisconfigured] (the proxy refuses us),
// [ErrMalformedResponse], or the context's; [ErrNotSent] is joined when not a
// byte of the request can have left.
func (r *road) do(ctx context.Context, c call) (*answer, error) {
	if r.gate.closed() {
		return nil, fault(c.name, "waiting as long as Duo asked for", ErrRateLimited, ErrNotSent)
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.whole, r.limits.whole))
	defer cancel()
	if err := r.enter(ctx, c.name); err != nil {
		return nil, err
	}
	defer func() { <-r.places }()

	p := &progress{}
	req, err := r.request(httptrace.WithClientTrace(ctx, p.trace()), c)
	if err != nil {
		return nil, err
	}
	began := time.Now() //nolint:forbidigo // how long it takes is real time, whatever the clock says
	a, err := r.carry(caller, c, req, p)
	r.tell(c, time.Since(began), a, err)
	return a, err
}

// carry sends the request and reads the answer whole.
func (r *road) carry(caller context.Context, c call, req *http.Request, p *progress) (*answer, error) {
	sent := r.now()
	resp, err := r.transport.RoundTrip(req)
	if err != nil {
		return nil, p.failure(caller, c, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := r.refuseStatus(c, resp); err != nil {
		return nil, err
	}
	limit := cmp.Or(c.limit, r.limits.body)
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, p.failure(caller, c, err)
	}
	if int64(len(body)) > limit {
		return nil, fault(c.name, fmt.Sprintf("answer is larger than %d bytes", limit), ErrMalformedResponse)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body, sent: sent, received: r.now()}, nil
}

// enter takes a place among the concurrent calls.
func (r *road) enter(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return ended(ctx, name)
	}
	select {
	case r.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(r.limits.queue)
	defer timer.Stop()
	select {
	case r.places <- struct{}{}:
		return nil
	case <-timer.C:
		return fault(name, fmt.Sprintf("%d calls are under way", cap(r.places)), ErrBusy, ErrNotSent)
	case <-ctx.Done():
		return ended(ctx, name)
	}
}

// ended is the error of a context that ended before anything was sent.
func ended(ctx context.Context, name string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &callError{
			head: "duoclient: call given up", call: name, detail: "the caller cancelled it",
			kinds: []error{context.Canceled, ErrNotSent},
		}
	}
	return fault(name, "no time left", ErrBusy, ErrNotSent, context.DeadlineExceeded)
}

func (r *road) request(ctx context.Context, c call) (*http.Request, error) {
	u := url.URL{Scheme: "https", Host: r.host, Path: c.path, RawQuery: c.query}
	req, err := http.NewRequestWithContext(ctx, c.method, u.String(), bytes.NewReader(c.body))
	if err != nil {
		return nil, fault(c.name, "request cannot be made", ErrArgument, ErrNotSent)
	}
	if c.header != nil {
		req.Header = c.header.Clone()
	}
	req.Header.Set("User-Agent", r.userAgent)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "identity")
	return req, nil
}

// refuseStatus sorts out the answers that mean the same at every endpoint.
func (r *road) refuseStatus(c call, resp *http.Response) error {
	switch {
	case c.anyStatus && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500):
		return nil
	case resp.StatusCode == http.StatusTooManyRequests:
		wait := retryAfter(resp.Header, r.now())
		r.gate.close(wait)
		return &APIError{Call: c.name, HTTPStatus: resp.StatusCode, RetryAfter: wait, kind: ErrRateLimited}
	case resp.StatusCode >= 500:
		return &APIError{Call: c.name, HTTPStatus: resp.StatusCode, kind: ErrOutage}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return fault(c.name, fmt.Sprintf("HTTP %d: redirects are not followed", resp.StatusCode), ErrMalformedResponse)
	case resp.Header.Get("Content-Encoding") != "" && resp.Header.Get("Content-Encoding") != "identity":
		return fault(c.name, "answer is compressed though we did not ask for it", ErrMalformedResponse)
	default:
		return nil
	}
}
