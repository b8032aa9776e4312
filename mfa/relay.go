package mfa

import (
	"context"
	"net/netip"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// RelayPolicy is what happens when the prompt was answered from another
// address than the login came from: a sign of somebody who relays the prompt
// to his victim (threat T041), and also of people behind several gateways.
type RelayPolicy string

// The relay policies.
const (
	RelayOff RelayPolicy = "off"
	// RelayAudit records it.
	RelayAudit RelayPolicy = "audit"
	// RelayEnforce records it and refuses the login.
	RelayEnforce RelayPolicy = "enforce"
)

func (p RelayPolicy) valid() bool { return p == RelayOff || p == RelayAudit || p == RelayEnforce }

// checkRelay compares the address of the first call with the one from which
// Duo saw the browser.
func (f *Flow) checkRelay(ctx context.Context, tx *Transaction, id *duoclient.Identity, c Client) error {
	if f.relay == RelayOff || !relayed(tx.provenAddr(), id.Context.AccessDeviceIP) {
		return nil
	}
	e := tx.event(audit.MFAIPMismatch, audit.OK, c)
	e.Detail = map[string]string{"first_call": tx.Addr.String(), "access_ip": id.Context.AccessDeviceIP}
	if f.relay == RelayEnforce {
		e.Outcome = audit.Refused
		return f.endRefused(ctx, tx, Claimed, e, ErrRelayed)
	}
	return f.record(ctx, e)
}

// relayed reports whether both addresses are public ones and differ. Others
// cannot be compared: a server on the same network sees 10.0.0.7 where Duo
// sees the gateway.
func relayed(first netip.Addr, access string) bool {
	seen, err := netip.ParseAddr(access)
	if err != nil {
		return false
	}
	seen = seen.Unmap()
	return public(first) && public(seen) && network(first) != network(seen)
}

// public reports whether the address is one that the whole internet sees.
func public(a netip.Addr) bool {
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	if a.Is4() { // RFC 6598, carriers' private space: 100.64.0.0/10
		b := a.As4()
		return b[0] != 100 || b[1]&0xc0 != 64
	}
	return true
}

// network is the address itself for IPv4 and its /64 for IPv6, where a host
// changes the rest at will (RFC 8981).
func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(a.WithZone(""), bits).Masked()
}
