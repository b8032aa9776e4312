package config

import (
	"net/netip"
	"slices"
)

// loopback is where console and admin JSON are reachable from by default.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

func (r *reader) admin(s *section) Admin {
	defer s.done()
	networks := s.prefixes("networks", "the whole internet would reach the console")
	if networks == nil {
		networks = loopback()
	}
	return Admin{Networks: networks}
}

// prefixes takes a list of networks or single addresses. A network of all
// addresses is refused; danger says why. An absent list is nil, an empty one
// is not.
func (s *section) prefixes(key, danger string) []netip.Prefix {
	var out []netip.Prefix
	_, ok := s.texts(key, func(path string, line int, text string) {
		if p, ok := s.r.network(path, line, text, danger, out); ok {
			out = append(out, p)
		}
	})
	if ok && out == nil {
		out = []netip.Prefix{}
	}
	return out
}

// network reads one network that is not in the list before.
func (r *reader) network(path string, line int, text, danger string, before []netip.Prefix) (netip.Prefix, bool) {
	p, ok := prefix(text)
	switch {
	case !ok:
		r.fault(line, path, "%s is not a network; write it like 10.0.0.0/8 or 10.1.2.3", quote(text))
	case p.Bits() == 0:
		r.fault(line, path, "is every address there is: %s; name the networks", danger)
	case p != p.Masked():
		r.fault(line, path, "has bits behind the mask; write %s", p.Masked())
	case slices.Contains(before, p):
		r.fault(line, path, "is in the list twice; delete one")
	default:
		return p, true
	}
	return netip.Prefix{}, false
}

// prefix reads a network or an address, without zones and IPv4 in IPv6.
func prefix(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" || addr.Is4In6() {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p, err == nil && !p.Addr().Is4In6()
}
