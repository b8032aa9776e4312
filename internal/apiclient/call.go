package apiclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer is the largest answer that is read.
	maxAnswer = 64 << 10
	// acceptLogin asks for XML and says that JSON is understood.
	acceptLogin = "application/xml, application/json;q=0.5"
	// maxRetryAfter bounds what is told of a server's Retry-After.
	maxRetryAfter = 24 * time.Hour
)

// answer is what came back, whole.
type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    []byte
}

// post sends one call.
func (c *Client) post(ctx context.Context, path string, form url.Values, header http.Header) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	r.GetBody = nil // a password is sent once
	maps.Copy(r.Header, header)
	r.Header.Set("X-Requested-With", "mfaserver")
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("Accept", acceptLogin)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, unavailable(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // all that matters was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, unavailable(ctx, err)
	case len(body) > maxAnswer, resp.Header.Get("Content-Encoding") != "":
		return answer{}, fmt.Errorf("%w: it is too long, or compressed", ErrMalformed)
	}
	return answer{status: resp.StatusCode, header: resp.Header, cookies: resp.Cookies(), body: body}, nil
}

// unavailable sorts an error of the transport, without the URL that it was
// for. The error of a call that was ended by its own context matches that
// context's error too.
func unavailable(ctx context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case errors.As(err, &certificate), errors.As(err, &authority):
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
}

// retryAfter reads a number of seconds; a date, which no server of ours sends,
// counts as none.
func (a answer) retryAfter() time.Duration {
	seconds, err := strconv.ParseUint(a.header.Get("Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxRetryAfter)
}
