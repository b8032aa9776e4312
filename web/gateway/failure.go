package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// failed answers for a transfer that got no answer from the engine.
func (g *Gateway) failed(w http.ResponseWriter, t *transfer, err error) {
	ctx := t.out.Context()
	if errors.Is(err, errNoTransfer) {
		g.log.ErrorContext(ctx, "request without a session reached the road to the engine")
		empty(w, http.StatusInternalServerError)
		return
	}
	was, cause := stage(t.stage.Load()), context.Cause(ctx)
	// To cut a transfer also ends the client's context, by the deadline.
	cut := errors.Is(cause, errEnded) || errors.Is(cause, errIdle) || errors.Is(cause, errPanicked)
	gone := t.client.Context().Err() != nil && !cut
	t.close()
	if gone {
		// Nobody may take what it gets for an answer.
		panic(http.ErrAbortHandler)
	}
	status := t.statusOf(err, cause, was)
	g.log.DebugContext(ctx, "request not answered by the engine",
		append(g.about(t.client, &t.session), slog.Int("status", status), slog.Any("err", err))...)
	switch status {
	case http.StatusUnauthorized:
		noSession(w, t.client, status)
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		g.silent(err)
		empty(w, status)
	default:
		empty(w, status)
	}
}

// statusOf tells whose fault it was.
func (t *transfer) statusOf(err, cause error, was stage) int {
	var timeout net.Error
	switch {
	case t.large.Load():
		return http.StatusRequestEntityTooLarge
	case errors.Is(cause, errEnded):
		return http.StatusUnauthorized
	case errors.Is(cause, errIdle) && was == sending:
		return http.StatusRequestTimeout
	case errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusGatewayTimeout
	default:
		return http.StatusBadGateway
	}
}

// endWithin bounds the end of a session whose client may be gone.
const endWithin = 5 * time.Second

// lose ends a session that is of no use any longer. It returns 401 when it is
// over, and 503 when that could not be done, or for a principal whose
// credential still stands: the next request finds a new session of the engine.
func (g *Gateway) lose(r *http.Request, s *session.Session, reason string) int {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), endWithin)
	defer cancel()
	if s.Token != "" && g.cfg.Stale != nil {
		g.cfg.Stale(ctx, *s)
	}
	if s.Key == (session.Key{}) {
		return http.StatusServiceUnavailable
	}
	g.rotated.forget(s)
	_, err := g.cfg.Sessions.Revoke(ctx, s.Key, reason)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return http.StatusUnauthorized
	case err != nil:
		g.log.ErrorContext(ctx, "session could not be ended", append(g.about(r, s), slog.Any("err", err))...)
		return http.StatusServiceUnavailable
	}
	// The revocation is recorded; why it came to that is for whoever reads it.
	_ = g.record(r.WithContext(ctx), s, audit.UpstreamExpired, reason)
	return http.StatusUnauthorized
}
