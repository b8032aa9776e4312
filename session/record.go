package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"mfaserver/internal/audit"
)

func (m *Manager) record(ctx context.Context, e audit.Event) error {
	if err := m.cfg.Recorder.Record(ctx, e); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNotRecorded, e.Name, err)
	}
	return nil
}

// about is what every event of a session says.
func about(name audit.Name, s Session) audit.Event {
	source, _ := netip.ParseAddr(s.Source)
	return audit.Event{
		Name: name, Outcome: audit.OK, Username: s.Username,
		Source: source, UserAgent: s.UserAgent,
		Transaction: s.Transaction, Session: s.Key.Handle(),
	}
}

func started(s Session) audit.Event {
	e := about(audit.SessionStarted, s)
	e.Reason = s.Reason
	e.Detail = map[string]string{
		"kind": s.Kind.String(), "factor": s.Factor, "device": s.Device,
		"expires": s.Expires.Format(time.RFC3339),
	}
	if s.FailOpen {
		e.Detail["fail_open"] = "true"
	}
	return e
}

func ending(name audit.Name, s Session, reason string) audit.Event {
	e := about(name, s)
	e.Reason = reason
	return e
}

// refusals bounds what requests without a session can write to the audit
// trail: anybody can send a wrong cookie, and a client left over from another
// server does so every few seconds.
type refusals struct {
	malformed, duplicate, tampered refusal
}

type refusal struct {
	limit    *rate.Limiter
	withheld atomic.Int64
}

func newRefusals() *refusals {
	r := &refusals{}
	for _, f := range []*refusal{&r.malformed, &r.duplicate, &r.tampered} {
		f.limit = rate.NewLimiter(rate.Every(10*time.Second), 20)
	}
	return r
}

// refuse records why a request's cookie opened nothing, where that is worth a
// record, and returns cause.
func (m *Manager) refuse(r *http.Request, k *cookie, cause error) error {
	var name audit.Name
	var f *refusal
	switch {
	case errors.Is(cause, ErrDuplicateCookie):
		name, f = audit.SessionDuplicate, &m.refused.duplicate
	case errors.Is(cause, ErrBadCookie):
		name, f = audit.SessionBadCookie, &m.refused.malformed
	case errors.Is(cause, ErrTampered):
		name, f = audit.SessionStoreTampered, &m.refused.tampered
	default:
		return cause
	}
	if !f.limit.AllowN(m.clock.Now(), 1) {
		f.withheld.Add(1)
		return cause
	}
	e := audit.Event{
		Name: name, Outcome: audit.Refused, Source: m.cfg.Source(r), UserAgent: r.UserAgent(),
		Detail: map[string]string{"cookie": k.name},
	}
	if n := f.withheld.Swap(0); n > 0 {
		e.Detail["withheld"] = strconv.FormatInt(n, 10)
	}
	// Not ErrNotRecorded: that tells of an end which took place.
	return errors.Join(cause, m.cfg.Recorder.Record(r.Context(), e))
}
