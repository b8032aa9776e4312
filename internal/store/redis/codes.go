package redis

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/mfa"
)

// sources implements [mfa.Sources]: the name is a keyed hash of user and
// address, the value until when it counts.
type sources struct{ l *link }

// codes implements [mfa.Codes]: the name is the hash of a code, the value until
// when it stays spent.
type codes struct{ l *link }

var (
	_ mfa.Sources = (*sources)(nil)
	_ mfa.Codes   = (*codes)(nil)
)

// Known implements [mfa.Sources].
func (s *sources) Known(ctx context.Context, username string, addr netip.Addr, now time.Time) (bool, error) {
	reply, err := s.l.query(ctx, scriptGet, "source:"+s.name(username, addr))
	if err != nil {
		return false, unavailable(mfa.ErrUnavailable, err)
	}
	return len(reply) == 1 && reply[0] > hexTime(now), nil
}

// Remember implements [mfa.Sources]. A failover may lose it: nobody waits for
// the replicas.
func (s *sources) Remember(ctx context.Context, username string, addr netip.Addr, until time.Time) error {
	_, err := s.l.query(ctx, scriptExtend, s.name(username, addr), hexTime(until), ttl(until, s.l.cfg.Now()))
	return unavailable(mfa.ErrUnavailable, err)
}

func (s *sources) name(username string, addr netip.Addr) string {
	return s.l.vault.hash("source", username, record.EncodeAddr(addr))
}

// Spend implements [mfa.Codes].
func (c *codes) Spend(ctx context.Context, code [sha256.Size]byte, until, now time.Time) (bool, error) {
	name, at := hexKey(code), hexTime(now)
	if c.l.memory.isSpent(name, at) {
		return false, nil
	}
	reply, err := c.l.write(ctx, scriptSpend, name, hexTime(until), at, ttl(until, now))
	if err != nil {
		return false, unavailable(mfa.ErrUnavailable, err)
	}
	c.l.memory.noteSpent(name, hexTime(until))
	return len(reply) == 1 && reply[0] == "fresh", nil
}
