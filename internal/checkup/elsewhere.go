package checkup

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// mostPlaces bounds how many other addresses are tried.
const mostPlaces = 64

// place is an address at which the engine should not answer.
type place struct {
	addr netip.Addr
	what string // whose address it is
}

// elsewhere looks for the engine where clients could reach it past the gateway
// (threat T146): at the addresses of the public URLs and at this machine's
// own, on the engine's port.
func (g *gateway) elsewhere(ctx context.Context, version string) {
	const subject = "engine addresses"
	base := g.Engine.Base()
	port := portOf(base)
	known := g.knock(ctx, base, net.JoinHostPort(base.Hostname(), port))
	places, gaps := g.others(ctx, base.Hostname(), port)
	before := len(g.findings)
	g.note(gaps...)
	g.each(ctx, len(places), func(ctx context.Context, i int) []Finding {
		at := net.JoinHostPort(places[i].addr.String(), port)
		return g.judge(subject, at, places[i].what, known, g.knock(ctx, base, at), version)
	})
	if len(g.findings) == before {
		g.note(Finding{Subject: subject, Level: OK, Text: fmt.Sprintf(
			"the engine answers at none of %d other address(es) with port %s; whether clients reach it at %s itself, past the gateway, shows only where they are",
			len(places), port, base.Host)})
	}
}

func portOf(u *url.URL) string {
	if u.Scheme == "http" {
		return cmp.Or(u.Port(), "80")
	}
	return cmp.Or(u.Port(), "443")
}

// others are the addresses to try. This machine's loopback is none of them:
// nobody else reaches it. Nor is a public URL with the engine's own port, for
// there the gateway answers, unless the engine's address is public itself.
func (g *gateway) others(ctx context.Context, host, port string) (places []place, gaps []Finding) {
	engineAt, err := g.addresses(ctx, host)
	if err != nil {
		return nil, []Finding{notLookedUp("the engine", host, err)}
	}
	add := func(what string, all ...netip.Addr) {
		for _, a := range all {
			a = a.Unmap().WithZone("")
			taken := slices.ContainsFunc(places, func(p place) bool { return p.addr == a })
			if a.IsValid() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsUnspecified() && !taken && len(places) < mostPlaces {
				places = append(places, place{a, what})
			}
		}
	}
	for _, text := range g.PublicURLs {
		u, err := url.Parse(text)
		if err != nil || u.Hostname() == "" || portOf(u) == port {
			continue
		}
		public, err := g.addresses(ctx, u.Hostname())
		if err != nil {
			gaps = append(gaps, notLookedUp("public_urls", u.Hostname(), err))
			continue
		}
		add(u.Hostname()+" of public_urls", public...)
	}
	own, err := g.Interfaces()
	if err != nil {
		gaps = append(gaps, Finding{
			Subject: "engine addresses", Level: Warn, Text: fmt.Sprintf("this machine's addresses are not known: %v", err),
			Advice: "Try the engine's port on them by hand.",
		})
	}
	// The engine's configured address may be this machine's, but not a public
	// one.
	own = slices.DeleteFunc(slices.Clone(own), func(a netip.Addr) bool { return slices.Contains(engineAt, a.Unmap().WithZone("")) })
	add("this machine", own...)
	return places, gaps
}

func notLookedUp(what, host string, err error) Finding {
	return Finding{
		Subject: "engine addresses", Level: Warn, Text: fmt.Sprintf("the addresses of %s (%s) are not known: %v", what, host, err),
		Advice: "Look whether this machine can resolve the name; clients have to.",
	}
}

func (g *gateway) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, knockTime)
	defer cancel()
	all, err := g.Lookup(ctx, host)
	for i := range all {
		all[i] = all[i].Unmap().WithZone("")
	}
	return all, err
}

// judge compares what answers elsewhere with the engine.
func (g *gateway) judge(subject, at, whose string, known, seen visit, version string) []Finding {
	closed := fmt.Sprintf("Let the engine listen on 127.0.0.1 alone (https.host in mirth.properties), or on an address that only this gateway reaches, "+
		"and close %s to everybody else: whoever reaches it there needs no second factor.", at)
	switch {
	case !seen.answers, g.Certificate != nil && seen.leaf != nil && g.Certificate.Equal(seen.leaf):
		return nil
	case seen.leaf != nil && known.leaf != nil && seen.leaf.Equal(known.leaf), seen.leaf == nil && seen.version != "":
		return []Finding{failure(subject, fmt.Sprintf("the engine answers at %s too (%s), past the gateway", at, whose), closed)}
	case seen.version == version:
		return []Finding{{
			Subject: subject, Level: Warn,
			Text:   fmt.Sprintf("something with another certificate answers at %s (%s) as an engine of the same version", at, whose),
			Advice: "If it is not this gateway, but another way to the engine: " + strings.ToLower(closed[:1]) + closed[1:],
		}}
	default:
		return nil // another service
	}
}

// interfaces are this machine's addresses.
func interfaces() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, p.Addr())
		}
	}
	return out, nil
}
