package mfa

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"time"
)

// normal writes the address in its one form, so that an IPv4 client is the
// same on a dual-stack listener.
func (c Client) normal() Client {
	c.Addr = c.Addr.Unmap()
	return c
}

// hash is how a binding and a code are kept.
func hash(value string) [sha256.Size]byte { return sha256.Sum256([]byte(value)) }

// binding chooses the value of the binding cookie: the one that the client
// presents when it belongs to a live transaction of the same user from the
// same address, so that one browser can have several logins under way (threat
// T031), else the fresh one. Any other value is somebody else's.
func (f *Flow) binding(ctx context.Context, r BeginRequest, fresh string, now time.Time) (string, error) {
	c := r.Client
	if c.Binding == "" || !c.provenAddr().IsValid() {
		return fresh, nil
	}
	siblings, err := f.txs.Siblings(ctx, hash(c.Binding), now)
	if err != nil {
		return "", unavailable("transaction store", err)
	}
	for i := range siblings {
		s := &siblings[i]
		if s.Username == r.Username && s.provenAddr() == c.Addr && s.Phase.Live() && !s.over(now) {
			return c.Binding, nil
		}
	}
	return fresh, nil
}

// provenAddr is the address of the first call, or the invalid one when it
// proves nothing.
func (t *Transaction) provenAddr() netip.Addr {
	if t.AddrProvesNothing {
		return netip.Addr{}
	}
	return t.Addr
}

// boundTo reports whether c is the client of the first call: it holds the
// binding cookie, or calls from the same address where addresses prove
// something (threat T073).
func (t *Transaction) boundTo(c Client) bool {
	if c.Binding != "" {
		sum := hash(c.Binding)
		if subtle.ConstantTimeCompare(sum[:], t.Binding[:]) == 1 {
			return true
		}
	}
	addr := t.provenAddr()
	return !c.Forwarded && addr.IsValid() && addr == c.Addr
}
