package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"mfaserver/internal/audit"
)

// ErrMoved means that the session began at another address or in another browser, and
// opens nothing here.
var ErrMoved = errors.New("session: used from another address or browser than it began in")

// OnMove is what happens when a session is used from another address or by
// another client than it began with (threat T127). IPv6 addresses of one /64
// are the same, for devices change them by themselves. Sessions of service
// tokens are left alone: networks are a matter of their tokens.
type OnMove string

// The consequences.
const (
	// MoveIgnored: none, and nobody looks.
	MoveIgnored OnMove = ""
	// MoveRecorded: the trail says so, once for each new place.
	MoveRecorded OnMove = "record"
	// MoveConfirmed: the session opens nothing there, so that whoever it is has
	// to sign in anew, with the second factor; that ends it. Where it began it
	// lives on.
	MoveConfirmed OnMove = "confirm"
	// MoveEnded: the session ends.
	MoveEnded OnMove = "end"
)

// ReasonMoved is why a session ended under [MoveEnded].
const ReasonMoved = "used from another address or browser"

// mostPlaces bounds how many places are remembered as recorded.
const mostPlaces = 10_000

// place is where a session was used.
type place struct {
	key       Key
	addr      netip.Addr
	userAgent string
}

// places remembers which were recorded: a session that is used from two places
// in turn writes two records and not one each time. When there are too many it
// begins anew.
type places struct {
	mu    sync.Mutex
	known map[place]struct{} // guarded by mu
}

// first reports whether p was not there, and remembers it.
func (ps *places) first(p place) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if _, known := ps.known[p]; known {
		return false
	}
	if ps.known == nil || len(ps.known) >= mostPlaces {
		ps.known = make(map[place]struct{})
	}
	ps.known[p] = struct{}{}
	return true
}

func (ps *places) forget(p place) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.known, p)
}

// settled judges a session that was found by where the request comes from:
// [ErrMoved] where it opens nothing.
func (m *Manager) settled(r *http.Request, s *Session) error {
	if m.cfg.OnMove == MoveIgnored || s.Kind == KindToken {
		return nil
	}
	addr := m.cfg.Source(r)
	began, err := netip.ParseAddr(s.Source)
	elsewhere := err == nil && addr.IsValid() && nearby(began) != nearby(addr)
	other := !sameClient(s.UserAgent, r.UserAgent())
	if !elsewhere && !other {
		return nil
	}
	if m.cfg.OnMove == MoveEnded {
		_, err := m.Revoke(r.Context(), s.Key, ReasonMoved)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrNotFound, ErrMoved)
	}
	m.recordMove(r, s, place{s.Key, nearby(addr), r.UserAgent()}, elsewhere, other)
	if m.cfg.OnMove == MoveConfirmed {
		return ErrMoved
	}
	return nil
}

// recordMove puts a new place on the trail. A trail that fails is told of it by
// the next request; it takes the session from nobody.
func (m *Manager) recordMove(r *http.Request, s *Session, p place, elsewhere, other bool) {
	if !m.moved.first(p) {
		return
	}
	e := about(audit.SessionMoved, *s)
	e.Source, e.UserAgent, e.Reason = m.cfg.Source(r), r.UserAgent(), string(m.cfg.OnMove)
	e.Detail = map[string]string{"began_at": s.Source}
	if elsewhere {
		e.Detail["address"] = "changed"
	}
	if other {
		e.Detail["client"] = "changed"
	}
	if m.cfg.OnMove == MoveConfirmed {
		e.Outcome = audit.Refused
	}
	if err := m.record(context.WithoutCancel(r.Context()), e); err != nil {
		m.moved.forget(p)
	}
}

// sameClient compares what a client calls itself with what was kept of it,
// which may have been cut.
func sameClient(kept, now string) bool {
	return kept == now || kept != "" && strings.HasPrefix(strings.ToValidUTF8(now, "\uFFFD"), kept)
}

// nearby is an address as far as a device keeps it.
func nearby(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() || !a.IsValid() {
		return a
	}
	const device = 64 // RFC 4291 section 2.5.1
	prefix, _ := a.Prefix(device)
	return prefix.Addr()
}
