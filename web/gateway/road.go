package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// What an engine must not answer.
var (
	errNoTransfer = errors.New("gateway: no session was found for the request")
	errSwitched   = errors.New("gateway: the engine switched protocols")
	errStatus     = errors.New("gateway: the engine answered with no status that is final")
	errRedirect   = errors.New("gateway: the engine redirects elsewhere")
)

// flushFrom is the length from which on an answer is passed on as it comes.
const flushFrom = bufferSize

// road is the only way to the engine. It is closed to requests that no
// transfer belongs to.
type road struct{ g *Gateway }

// RoundTrip implements [http.RoundTripper].
func (rd road) RoundTrip(r *http.Request) (*http.Response, error) {
	t := transferOf(r.Context())
	if t == nil || t.g != rd.g || t.session.Username == "" || len(r.Header["Cookie"]) != 1 {
		return nil, errNoTransfer
	}
	// The transfer's context has no trace of the proxy's, by which it would
	// pass 1xx answers on (threat T148).
	r = r.WithContext(t.in.Context()) //nolint:contextcheck // inherited, one step further up
	r.GetBody = nil                   // nothing is sent twice (threat T151)
	res, err := rd.g.cfg.Transport.RoundTrip(r)
	if err != nil {
		return nil, wordless(err)
	}
	rd.g.answers()
	return t.answer(res)
}

// answer makes the client's answer from the engine's: status, body, and the
// headers that cross back.
func (t *transfer) answer(res *http.Response) (*http.Response, error) {
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		_ = res.Body.Close() // and with it the connection (threat T134)
		return nil, errSwitched
	case res.StatusCode < http.StatusOK || res.StatusCode > 599:
		_ = res.Body.Close() // nothing of it is used
		return nil, fmt.Errorf("%w: %d", errStatus, res.StatusCode)
	case res.StatusCode == http.StatusUnauthorized:
		return t.sessionLost(res), nil
	}
	h, err := t.back(res)
	if err != nil {
		_ = res.Body.Close() // nothing of it is used
		return nil, err
	}
	if next, ok := newCookie(res.Header); ok && next != t.cookie && res.StatusCode < http.StatusBadRequest {
		t.g.rotated.set(&t.session, t.first, t.cookie, next, t.g.cfg.Now())
	}
	t.stage.Store(int32(answering))
	// A new value: the transport writes the trailers of the answer into the
	// one that it made (threat T140).
	out := &http.Response{
		Status: res.Status, StatusCode: res.StatusCode, Proto: res.Proto, ProtoMajor: res.ProtoMajor, ProtoMinor: res.ProtoMinor,
		Header: h, Body: &download{t: t, body: res.Body}, ContentLength: res.ContentLength, Request: res.Request,
	}
	if out.ContentLength > flushFrom {
		out.ContentLength = -1 // the proxy flushes what has no known length; the header still says it
	}
	return out, nil
}

// back picks from an answer's header what crosses back (threat T148).
func (t *transfer) back(res *http.Response) (http.Header, error) {
	h := make(http.Header, len(res.Header))
	for name, values := range res.Header {
		if _, ok := t.g.response[name]; ok {
			h[name] = values
		}
	}
	if len(h["Content-Type"]) == 0 && res.ContentLength != 0 {
		// Or the server would guess, and might guess a page.
		h["Content-Type"] = []string{"application/octet-stream"}
	}
	locations := res.Header["Location"]
	if len(locations) == 0 {
		return h, nil
	}
	here, ok := t.location(locations)
	if !ok {
		if res.StatusCode >= http.StatusMultipleChoices && res.StatusCode < http.StatusBadRequest {
			return nil, errRedirect
		}
		return h, nil
	}
	h["Location"] = []string{here}
	return h, nil
}

// location makes the engine's word for a place ours: a path on our own
// origin. There is none for places elsewhere.
func (t *transfer) location(values []string) (string, bool) {
	if len(values) != 1 {
		return "", false
	}
	u, err := url.Parse(values[0])
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", false
	}
	target := t.g.cfg.Target
	if u.Scheme != "" && !strings.EqualFold(u.Scheme, target.Scheme) || u.Host != "" && !strings.EqualFold(u.Host, target.Host) {
		return "", false
	}
	to := t.client.URL.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery})
	if !onePath(&url.URL{Path: to.Path, RawPath: to.RawPath}, to.EscapedPath()) || !oneQuery(to.RawQuery) {
		return "", false // a session id in it, for one (threat T110)
	}
	return to.RequestURI(), true
}

// maxDrain is what is read of an answer that is thrown away, to keep its
// connection.
const maxDrain = 4 << 10

// sessionLost answers for an engine that no longer knows the session
// (threat T142): the session ends here too.
func (t *transfer) sessionLost(res *http.Response) *http.Response {
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain) // or the connection is closed, which is as well
	_ = res.Body.Close()                            // it was read
	t.stage.Store(int32(closing))
	status, body, h := http.StatusServiceUnavailable, []byte(nil), http.Header{}
	if t.g.rotated.current(&t.session, t.first) == t.cookie {
		// Otherwise the engine has changed the cookie under this request.
		status = t.g.lose(t.client, &t.session, "upstream_expired")
	}
	if status == http.StatusUnauthorized {
		var contentType string
		if body, contentType = refusalBody(t.client, status, ""); body != nil {
			h.Set("Content-Type", contentType)
		}
	} else {
		h.Set("Retry-After", "1")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return &http.Response{
		StatusCode: status, Proto: res.Proto, ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: res.Request,
	}
}

// answers notes that the engine answers.
func (g *Gateway) answers() {
	if g.down.Load() && g.down.CompareAndSwap(true, false) {
		g.log.Info("the engine answers again")
	}
}

// silent notes that it does not, once.
func (g *Gateway) silent(err error) {
	if g.down.CompareAndSwap(false, true) {
		g.log.Warn("the engine does not answer", slog.Any("err", err))
	}
}
