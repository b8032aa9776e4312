package duotest

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spoilBefore does what is to go wrong before a request is acted on, and says
// whether to go on.
func (s *Server) spoilBefore(ctx context.Context, x *exchange) bool {
	f := &x.wrong
	if f.Delay > 0 && !s.wait(ctx, f.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.Hang:
		s.hang(ctx)
	case f.ResetBefore:
		cut(x.w)
		return false
	}
	return true
}

// hang keeps the client waiting until it leaves or the server closes.
func (s *Server) hang(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.done:
	}
	panic(http.ErrAbortHandler)
}

// cut resets the request's connection.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}

// send writes the answer, or what the faults make of it.
func (s *Server) send(ctx context.Context, x *exchange) {
	f := &x.wrong
	body, err := x.encode()
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "answer cannot be encoded", "endpoint", x.call.Endpoint, "err", err)
		panic(http.ErrAbortHandler)
	}
	if f.HangAfter {
		s.hang(ctx)
	}
	if f.ResetAfter {
		cut(x.w)
		return
	}
	s.note(x, func(c *Call) { c.Status = x.status })
	x.header.Set("Server", "Duo/1.0")
	x.header.Set("Date", x.now.UTC().Format(http.TimeFormat))
	for name, value := range f.Header {
		x.header.Set(name, value)
	}
	for range f.Informational {
		x.w.WriteHeader(http.StatusEarlyHints)
	}
	if f.Garbage || f.DripHeader > 0 {
		s.sendRaw(ctx, x, body)
		return
	}
	maps.Copy(x.w.Header(), x.header)
	s.sendBody(ctx, x, body)
}

// encode makes the body with its faults.
func (x *exchange) encode() ([]byte, error) {
	f := &x.wrong
	if f.Redirect != "" {
		x.status = http.StatusFound
		x.header.Set("Location", f.Redirect)
	}
	if f.Status != 0 {
		x.status = f.Status
	}
	switch {
	case f.Body != nil:
		return []byte(*f.Body), nil
	case x.object != nil:
		text, err := f.JSON.spoil(x.object)
		if x.blanks {
			text = withBlanks(text)
		}
		if x.etag {
			x.header.Set("ETag", fmt.Sprintf(`W/"%x"`, sha1.Sum(text)))
		}
		return text, err
	default:
		return x.body, nil
	}
}

// sendBody writes an answer by way of net/http.
func (s *Server) sendBody(ctx context.Context, x *exchange, body []byte) {
	f := &x.wrong
	if f.Truncate {
		x.w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		x.w.WriteHeader(x.status)
		_, _ = x.w.Write(body[:len(body)/2])        // the rest is left out
		_ = http.NewResponseController(x.w).Flush() // on purpose
		panic(http.ErrAbortHandler)
	}
	var out io.Writer = x.w
	if f.DripBody > 0 {
		out = &dripper{w: x.w, flush: http.NewResponseController(x.w).Flush, wait: s.waiter(ctx, f.DripBody)}
	}
	if f.Gzip {
		x.w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(out)
		defer func() { _ = packed.Close() }() // a client that left
		out = packed
	}
	x.w.WriteHeader(x.status)
	if _, err := out.Write(body); err != nil {
		return // the client left
	}
	s.pad(ctx, x, out)
}

// pad writes blanks after the body.
func (s *Server) pad(ctx context.Context, x *exchange, out io.Writer) {
	blanks := bytes.Repeat([]byte(" "), 32<<10)
	for left := x.wrong.Pad; left > 0 || x.wrong.Endless; left -= int64(len(blanks)) {
		if !x.wrong.Endless && left < int64(len(blanks)) {
			blanks = blanks[:left]
		}
		if _, err := out.Write(blanks); err != nil || ctx.Err() != nil {
			return
		}
		select {
		case <-s.done:
			return
		default:
		}
	}
}

// sendRaw writes an answer that net/http would not.
func (s *Server) sendRaw(ctx context.Context, x *exchange, body []byte) {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	if x.wrong.Garbage {
		_, _ = io.WriteString(conn, "\x16\x03\x00 this is not HTTP\r\n\r\n") // nobody depends on it
		return
	}
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n", x.status, http.StatusText(x.status), len(body))
	for _, name := range slices.Sorted(maps.Keys(x.header)) {
		fmt.Fprintf(&head, "%s: %s\r\n", name, x.header.Get(name))
	}
	head.WriteString("\r\n")
	// A peer that left a hijacked connection shows as a failed write.
	drip := &dripper{w: conn, wait: s.waiter(ctx, x.wrong.DripHeader)}
	if _, err := io.WriteString(drip, head.String()); err == nil {
		_, _ = conn.Write(body) // nothing to do for a client that left
	}
}

func (s *Server) waiter(ctx context.Context, d time.Duration) func() bool {
	return func() bool { return s.wait(ctx, d) }
}

// dripper writes one byte at a time.
type dripper struct {
	w     io.Writer
	flush func() error
	wait  func() bool
}

// Write fails when the client or the server is gone.
func (d *dripper) Write(p []byte) (int, error) {
	for i := range p {
		if !d.wait() {
			return i, io.ErrClosedPipe
		}
		if _, err := d.w.Write(p[i : i+1]); err != nil {
			return i, err
		}
		if d.flush != nil {
			if err := d.flush(); err != nil {
				return i, err
			}
		}
	}
	return len(p), nil
}
