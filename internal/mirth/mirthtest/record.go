package mirthtest

import (
	"io"
	"slices"
	"sync"
)

// maxRequests is how many requests are kept; a demonstration may run for
// weeks.
const maxRequests = 50_000

// record is everything that came in.
type record struct {
	keep int64

	mu          sync.Mutex
	generation  int // counts up with every Forget
	connections int // since the server was made
	fresh       int // since the last Forget
	total, kept int64
	wires       []*wire
	requests    []*Request
}

// accepted numbers a connection.
func (r *record) accepted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connections++
	r.fresh++
	return r.connections
}

// received keeps b for c.
func (r *record) received(c *wire, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total += int64(len(b))
	b = b[:min(int64(len(b)), max(0, r.keep-r.kept))]
	if len(b) == 0 {
		return
	}
	if c.generation != r.generation || c.bytes == nil {
		c.generation, c.bytes = r.generation, nil
		r.wires = append(r.wires, c)
	}
	r.kept += int64(len(b))
	c.bytes = append(c.bytes, b...)
}

// begin notes a request and watches its body.
func (r *record) begin(q *Request) *Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) < maxRequests {
		r.requests = append(r.requests, q)
	}
	return q
}

// change alters a noted request.
func (r *record) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// watched is a body of which the beginning is kept.
type watched struct {
	io.ReadCloser

	record  *record
	request *Request
}

// Read notes what it returns.
func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.record.change(func() {
			q := b.request
			q.Size += int64(n)
			q.Body = append(q.Body, p[:min(n, max(0, defaultKeepPerRequest-len(q.Body)))]...)
		})
	}
	return n, err //nolint:wrapcheck // net/http looks at it
}

// Bytes is what was received, one item for each connection that sent
// anything, decrypted, in the order of their first bytes.
func (s *Server) Bytes() [][]byte {
	r := &s.record
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([][]byte, 0, len(r.wires))
	for _, c := range r.wires {
		all = append(all, slices.Clone(c.bytes))
	}
	return all
}

// Received counts all bytes received, kept or not.
func (s *Server) Received() int64 {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.total
}

// Connections counts the connections that were accepted, be it that no byte
// came over them.
func (s *Server) Connections() int {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return s.record.fresh
}

// Requests are all requests in the order they came, at most 50,000.
func (s *Server) Requests() []Request {
	r := &s.record
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Request, 0, len(r.requests))
	for _, q := range r.requests {
		c := *q
		c.Header = q.Header.Clone()
		c.Body = slices.Clone(q.Body)
		all = append(all, c)
	}
	return all
}

// Forget drops what was recorded. Bytes that come later over a connection
// that is still open count again.
func (s *Server) Forget() {
	r := &s.record
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generation++
	r.fresh, r.total, r.kept = 0, 0, 0
	r.wires, r.requests = nil, nil
}
