package gateway

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

// flushFrom is the length from which on an answer is passed on as it comes.
const flushFrom = bufferSize

// cross sends the request and answers the client. No 1xx answer is passed on
// (threat T148), no protocol is switched (threat T134), no trailer crosses
// (threat T140).
func (t *transfer) cross(w http.ResponseWriter) {
	res, err := road{t.g}.RoundTrip(t.out)
	if err != nil {
		t.g.failed(w, t, err)
		return
	}
	if err := t.answer(w, res); err != nil {
		_ = res.Body.Close() // nothing of it is used; a connection that was switched ends with it
		t.g.failed(w, t, err)
		return
	}
	_ = res.Body.Close() // it was read
}

// answer makes the client's answer from the engine's: status, body, and the
// headers that cross back. After an error nothing was said to the client.
func (t *transfer) answer(w http.ResponseWriter, res *http.Response) error {
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		return errSwitched
	case res.StatusCode < http.StatusOK || res.StatusCode > 599:
		return fmt.Errorf("%w: %d", errStatus, res.StatusCode)
	case res.StatusCode == http.StatusUnauthorized:
		t.sessionLost(w, res)
		return nil
	}
	if err := t.back(w.Header(), res); err != nil {
		return err
	}
	if next, ok := newCookie(res.Header); ok && next != t.cookie && res.StatusCode < http.StatusBadRequest {
		t.g.rotated.set(&t.session, t.first, t.cookie, next, t.g.cfg.Now())
	}
	t.stage.Store(int32(answering))
	w.WriteHeader(res.StatusCode)
	flush := res.ContentLength < 0 || res.ContentLength > flushFrom
	if flush {
		_ = t.control.Flush() // the client learns that it comes; a failure shows in the copy
	}
	if err := t.pass(w, res.Body, flush); err != nil {
		_ = res.Body.Close() // and with it the connection
		t.g.log.DebugContext(t.out.Context(), "answer of the engine cut short", append(t.g.about(t.client, &t.session), slog.Any("err", err))...)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// pass copies a body in pieces that the transfer counts, and sends each at
// once if it is to be flushed.
func (t *transfer) pass(w http.ResponseWriter, body io.Reader, flush bool) error {
	buffer := t.g.buffers.Get()
	defer t.g.buffers.Put(buffer)
	for {
		n, err := body.Read(buffer)
		t.moved.Add(1)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil { //nolint:gosec // what the engine says, with its own type and nosniff
				return err
			}
			if flush {
				_ = t.control.Flush() // a failure shows in the next piece, or there is none
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return wordless(err)
		}
	}
}

// back picks from an answer's header what crosses back (threat T148).
func (t *transfer) back(h http.Header, res *http.Response) error {
	here, err := t.whereTo(res)
	if err != nil {
		return err
	}
	for name, values := range res.Header {
		if _, ok := t.g.response[name]; !ok {
			continue
		}
		if said := h[name]; said != nil {
			values = append(said, values...)
		}
		h[name] = values
	}
	if len(res.Header["Content-Type"]) == 0 && res.ContentLength != 0 {
		// Or the server would guess, and might guess a page.
		h["Content-Type"] = []string{"application/octet-stream"}
	}
	if here != "" {
		h["Location"] = []string{here}
	}
	return nil
}

// whereTo is the place that an answer names, if any crosses back.
func (t *transfer) whereTo(res *http.Response) (string, error) {
	locations := res.Header["Location"]
	if len(locations) == 0 {
		return "", nil
	}
	here, ok := t.location(locations)
	if !ok && res.StatusCode >= http.StatusMultipleChoices && res.StatusCode < http.StatusBadRequest {
		return "", errRedirect
	}
	return here, nil
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
func (t *transfer) sessionLost(w http.ResponseWriter, res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain) // or the connection is closed, which is as well
	_ = res.Body.Close()                            // it was read
	t.stage.Store(int32(closing))
	status := http.StatusServiceUnavailable
	if t.g.rotated.current(&t.session, t.first) == t.cookie {
		// Otherwise the engine has changed the cookie under this request.
		status = t.g.lose(t.client, &t.session, "upstream_expired")
	}
	if status == http.StatusUnauthorized {
		refuse(w, t.client, status, "")
		return
	}
	w.Header().Set("Retry-After", "1")
	empty(w, status)
}
