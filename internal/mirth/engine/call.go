package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"mfaserver/internal/secret"
)

const (
	// maxSmall is the largest answer but for the long ones (threat T012).
	maxSmall = 64 << 10
	// longTimeout is for answers that may be long.
	longTimeout = time.Minute
	// acceptLogin asks for XML and says that JSON is understood.
	acceptLogin = "application/xml, application/json;q=0.5"
)

// question is one request of ours.
type question struct {
	method, path string
	accept       string
	cookie       secret.Secret
	form         url.Values
	limit        int64
}

// answer is what came back, whole.
type answer struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
}

// ask waits for a turn and sends q; it takes no longer than timeout.
func (c *Client) ask(ctx context.Context, q question, timeout time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := enter(ctx, c.others); err != nil {
		return answer{}, err
	}
	defer leave(c.others)
	return c.send(ctx, q)
}

// send asks q once. A redirect is an answer like any other.
func (c *Client) send(ctx context.Context, q question) (answer, error) {
	r, err := c.request(ctx, q)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.calls.RoundTrip(r)
	if err != nil {
		return answer{}, unavailable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // all that matters was read
	return readAnswer(ctx, resp, q.limit)
}

func (c *Client) request(ctx context.Context, q question) (*http.Request, error) {
	var body io.Reader
	if q.form != nil {
		body = bytes.NewReader([]byte(q.form.Encode()))
	}
	target := c.Base()
	target.Path = q.path
	r, err := http.NewRequestWithContext(ctx, q.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPath, err)
	}
	r.GetBody = nil // a password is sent once
	r.Header.Set("X-Requested-With", "mfaserver")
	r.Header.Set("User-Agent", "mfaserver")
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if q.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if !q.cookie.IsZero() {
		if !cookieValue.MatchString(q.cookie.Reveal()) {
			return nil, ErrNoSession // no engine made it
		}
		r.Header.Set("Cookie", cookieName+"="+q.cookie.Reveal())
	}
	return r, nil
}

// readAnswer reads no more than limit bytes.
func readAnswer(ctx context.Context, resp *http.Response, limit int64) (answer, error) {
	a := answer{status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return a, fmt.Errorf("%w: it switches protocols", ErrMalformed)
	}
	if resp.Header.Get("Content-Encoding") != "" {
		return a, fmt.Errorf("%w: it is compressed, which was not asked for", ErrMalformed)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return a, unavailable(ctx, err)
	}
	if int64(len(body)) > limit {
		return a, ErrTooLarge
	}
	a.body = body
	return a, nil
}

// unavailable sorts an error of the transport. The error of a call that was
// ended by its own context matches that context's error too.
func unavailable(ctx context.Context, err error) error {
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case errors.As(err, &certificate), errors.Is(err, errPin):
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// unexpected is the error of a status code that the call has no use for.
func (a answer) unexpected() error {
	if a.status >= http.StatusInternalServerError {
		return fmt.Errorf("%w: HTTP %d", ErrUnavailable, a.status)
	}
	return fmt.Errorf("%w: HTTP %d", ErrMalformed, a.status)
}

// enter waits for a place in gate.
func enter(ctx context.Context, gate chan struct{}) error {
	select {
	case gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

func leave(gate chan struct{}) { <-gate }
