package mirthtest

import (
	"context"
	"log/slog"
	"net/http"
)

// serve answers one request.
func (s *Server) serve(run *run, w http.ResponseWriter, r *http.Request) {
	run.running.Add(1) // its connection is counted, so nobody waits for zero
	defer run.running.Done()
	q := s.note(r)
	t := s.parseTarget(r)
	f := s.suffer(r)
	p, done := s.spoil(w, r, t, f)
	if !done {
		if p == nil {
			made := s.reply(r, t, f)
			p = &made
		}
		s.decorate(p, f)
	}
	s.noted(r.Context(), q, p)
	if !done {
		s.write(w, r, p, f)
	}
}

// reply is what an engine in good order says.
func (s *Server) reply(r *http.Request, t target, f Faults) reply {
	if reason := t.badMessage(); reason != "" {
		return badMessage(reason)
	}
	if t.context != "" || t.almost {
		return s.api(r, t, f)
	}
	return s.outside(r, t)
}

// note records a request that begins.
func (s *Server) note(r *http.Request) *Request {
	q := &Request{
		Method: r.Method, Target: r.RequestURI, Proto: r.Proto, Host: r.Host, Header: r.Header.Clone(), At: s.config.Now(),
	}
	if c, ok := r.Context().Value(wireKey{}).(*wire); ok {
		q.Connection = c.number
	}
	s.record.begin(q)
	r.Body = &watched{ReadCloser: r.Body, record: &s.record, request: q}
	return q
}

// noted records how a request is answered; p is nil where it is not.
func (s *Server) noted(ctx context.Context, q *Request, p *reply) {
	if p == nil {
		return
	}
	s.record.change(func() { q.User, q.Status = p.user, p.status })
	s.config.Logger.InfoContext(ctx, "request", slog.String("method", q.Method), slog.String("target", q.Target),
		slog.String("user", p.user), slog.Int("status", p.status))
}
