package web

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// requestKey is the context key of what [Server.ServeHTTP] notes of a request.
type requestKey struct{}

// requestNotes is known of every request. route is written by the router, on
// the request's own goroutine.
type requestNotes struct {
	id    string
	route string
}

func notesOf(ctx context.Context) *requestNotes {
	n, ok := ctx.Value(requestKey{}).(*requestNotes)
	if !ok {
		return &requestNotes{}
	}
	return n
}

// RequestID is the correlation id of the request that ctx belongs to, for the
// rooms beside this package; empty outside of a request.
func RequestID(ctx context.Context) string { return notesOf(ctx).id }

// newRequestID is no secret: it tells requests apart.
func newRequestID() string {
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], rand.Uint64()) //nolint:gosec // not a secret, and made for every request
	return hex.EncodeToString(b[:])
}

// recorder remembers what of an answer went out.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// ServeHTTP implements [http.Handler]: notes, headers, policy, routes, and a
// net under all of it (threat T184).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := s.cfg.Now()
	notes := &requestNotes{id: newRequestID(), route: "none"}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, notes))
	rec := &recorder{ResponseWriter: w}
	defer s.finish(rec, r, started)
	setSecurityHeaders(rec.Header())
	if s.refuse(rec, r) {
		return
	}
	s.route(r).ServeHTTP(rec, r)
}

// route finds who answers a request. What is asked all the time, the paths
// below /api that are fixed and what is the engine's, is found without the
// router, which tries one pattern after the other.
func (s *Server) route(r *http.Request) http.Handler {
	if s.deps.Gateway != nil && s.forwarded(r, nil) {
		return http.HandlerFunc(s.forward)
	}
	if h, ok := s.fixed[r.URL.EscapedPath()]; ok {
		return h
	}
	return s.router
}

// finish ends every request. A panic becomes a 500 and a log line that names
// where it happened but no value: a panic's text may quote what was being
// worked on. It is deferred itself, or it would recover nothing.
func (s *Server) finish(w *recorder, r *http.Request, started time.Time) {
	cause := recover()
	if cause == nil && !s.log.Enabled(r.Context(), slog.LevelDebug) {
		return // as nearly always: spare what the line would say
	}
	if cause == nil {
		s.log.DebugContext(r.Context(), "request served",
			slog.String("request_id", RequestID(r.Context())), slog.String("route", notesOf(r.Context()).route),
			slog.Int("status", w.status), slog.Duration("took", s.cfg.Now().Sub(started)))
		return
	}
	s.panics.Add(1)
	s.log.ErrorContext(r.Context(), "request panicked",
		slog.String("request_id", RequestID(r.Context())), slog.String("route", notesOf(r.Context()).route),
		slog.String("stack", stack()))
	if err, ok := cause.(error); w.status != 0 || ok && errors.Is(err, http.ErrAbortHandler) {
		// The answer is on its way and cannot be mended: cut it off.
		panic(http.ErrAbortHandler)
	}
	s.failed(w, r)
}

// failed answers 500 with nothing but the correlation id (threat T169).
func (s *Server) failed(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name := range h {
		h.Del(name)
	}
	setSecurityHeaders(h)
	h.Set("X-Request-Id", RequestID(r.Context()))
	empty(w, http.StatusInternalServerError)
}

// stack lists the functions on the stack with their lines, without arguments.
func stack() string {
	var pcs [48]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for {
		f, more := frames.Next()
		b.WriteString(f.Function + ":" + strconv.Itoa(f.Line) + "\n")
		if !more {
			return b.String()
		}
	}
}

// empty answers with a status and no body.
func empty(w http.ResponseWriter, status int) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", "0")
	}
	w.WriteHeader(status)
}

// Panics is how many requests ended in a panic since the start.
func (s *Server) Panics() uint64 { return s.panics.Load() }
