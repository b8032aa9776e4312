package mirthtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// errCut ends a body on purpose.
var errCut = errors.New("mirthtest: cut")

// suffer are the faults that a request meets.
func (s *Server) suffer(r *http.Request) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults
	if f.Only != nil && !f.Only(r) {
		return Faults{}
	}
	if f.Times > 0 && s.suffered >= f.Times {
		return Faults{}
	}
	s.suffered++
	return f
}

// spoil answers what no engine in good order would. It says done where it has
// dealt with the connection itself.
func (s *Server) spoil(w http.ResponseWriter, r *http.Request, t target, f Faults) (p *reply, done bool) {
	if f.ResetEarly {
		takeOver(w, reset)
		return nil, true
	}
	if !s.wait(r, f.Wait) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.Reset:
		_, _ = io.Copy(io.Discard, r.Body) // what it said does not matter
		takeOver(w, reset)
		return nil, true
	case f.Raw != nil:
		return &reply{raw: f.Raw}, false
	case f.Upgrade:
		upgrade(w)
		return nil, true
	case f.Status != 0:
		return &reply{status: f.Status}, false
	case f.Location != "":
		return &reply{status: http.StatusFound, header: http.Header{"Location": {f.Location}}}, false
	case f.StackTrace:
		made := stackTrace(r, t.raw)
		return &made, false
	case f.Login != nil && t.isLogin(r):
		return s.canned(r, t, *f.Login), false
	default:
		return nil, false
	}
}

func (t target) isLogin(r *http.Request) bool {
	return r.Method == http.MethodPost && t.context != "" && strings.Join(t.segments, "/") == "users/_login"
}

// canned sends an answer as it stands, over a connection that ends with it.
func (s *Server) canned(r *http.Request, t target, a Answer) *reply {
	c := &call{Request: r, target: t}
	fields, err := c.form()
	if err != nil {
		fields = nil
	}
	name := fields["username"]
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.Status, http.StatusText(a.Status))
	if a.Session {
		s.mu.Lock()
		h := s.sessions.ensure(t, r)
		h.user = name
		if u := s.accounts.find(name); u != nil {
			h.user = u.Name
		}
		b.WriteString("Set-Cookie: " + s.setCookie(t, h.id) + "\r\n")
		s.mu.Unlock()
	}
	_ = a.Header.Write(&b) // a buffer takes everything
	if a.Header.Get("Content-Length") == "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(a.Body))
	}
	b.WriteString("Connection: close\r\n\r\n")
	b.Write(a.Body)
	return &reply{status: a.Status, raw: b.Bytes(), user: name}
}

// decorate adds what should not be in an answer.
func (s *Server) decorate(p *reply, f Faults) {
	for name, values := range f.Header {
		if p.header == nil {
			p.header = http.Header{}
		}
		p.header[name] = append(slices.Clone(p.header[name]), values...)
	}
	if f.EchoUser {
		p.set("X-Echo-User", p.user)
	}
	if f.RotateCookie && p.session != "" && p.user != "" {
		s.mu.Lock()
		if s.sessions.byID[p.session] != nil {
			p.set("Set-Cookie", s.setCookie(p.target, s.sessions.rotate(p.session)))
		}
		s.mu.Unlock()
	}
	if f.Gzip && p.raw == nil && p.stream == nil {
		p.body = zipped(p.body)
		p.set("Content-Encoding", "gzip")
	}
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// write sends a reply with what remains of the faults.
func (s *Server) write(w http.ResponseWriter, r *http.Request, p *reply, f Faults) {
	if p.raw != nil {
		takeOver(w, func(c net.Conn) {
			_, _ = c.Write(p.raw) // a client that left
			_ = c.Close()
		})
		return
	}
	p.prepare(w)
	if f.EarlyHints {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
	}
	if len(f.Trailer) > 0 {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(p.status)
	if r.Method == http.MethodHead || p.status == http.StatusNoContent || p.status == http.StatusNotModified {
		return
	}
	err := p.writeBody(s.spoiled(w, r, p, f))
	if err == nil && len(f.Trailer) > 0 {
		err = http.NewResponseController(w).Flush() // else the length would be told after all
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the connection ends before the body
	}
	for name, values := range f.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// spoiled is where a body is written to.
func (s *Server) spoiled(w http.ResponseWriter, r *http.Request, p *reply, f Faults) io.Writer {
	out := io.Writer(w)
	if f.Drip > 0 {
		out = &dripping{w: w, wait: func() bool { return s.wait(r, f.Drip) }}
	}
	switch {
	case f.CutAfter > 0:
		out = &cutting{w: out, left: f.CutAfter}
	case f.CutAfter < 0:
		out = &cutting{w: out, left: p.size() / 2}
	}
	return out
}

// dripping writes byte by byte.
type dripping struct {
	w    http.ResponseWriter
	wait func() bool
}

func (d *dripping) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := d.w.Write(b[i : i+1]); err != nil {
			return i, err //nolint:wrapcheck // the client is gone
		}
		if f, ok := d.w.(http.Flusher); ok {
			f.Flush()
		}
		if !d.wait() {
			return i, errCut
		}
	}
	return len(b), nil
}

// cutting writes so many bytes and no more.
type cutting struct {
	w    io.Writer
	left int64
}

func (c *cutting) Write(b []byte) (int, error) {
	part := b[:min(int64(len(b)), c.left)]
	n, err := c.w.Write(part)
	c.left -= int64(n)
	if f, ok := c.w.(http.Flusher); ok {
		f.Flush()
	}
	if err == nil && len(part) < len(b) {
		err = errCut
	}
	return n, err //nolint:wrapcheck // ends the body
}

// takeOver gives the connection to f.
func takeOver(w http.ResponseWriter, f func(net.Conn)) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // it is gone
	}
	f(c)
}

// upgrade switches to a protocol that says everything twice.
func upgrade(w http.ResponseWriter) {
	c, b, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // it is gone
	}
	defer func() { _ = c.Close() }()      // all is said
	_ = c.SetDeadline(time.Time{})        // what net/http set
	_, _ = io.WriteString(c, upgradeText) // a client that left
	_, _ = io.Copy(c, b)                  // ends with the client, or the server
}

const upgradeText = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
