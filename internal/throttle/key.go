package throttle

import (
	"hash/maphash"
	"net/netip"
)

// key is a hash of fixed size, so that a long name takes no more memory than a
// short one. The seeds are random: nobody can look for names that collide.
type key [2]uint64

// seeds makes keys.
type seeds [2]maphash.Seed

func newSeeds() seeds { return seeds{maphash.MakeSeed(), maphash.MakeSeed()} }

func (s seeds) text(text string) key {
	return key{maphash.String(s[0], text), maphash.String(s[1], text)}
}

func (s seeds) source(a netip.Addr) key {
	return hashed(s, Network(a))
}

func (s seeds) pair(account string, a netip.Addr) key {
	return hashed(s, struct {
		account string
		network netip.Prefix
	}{account, Network(a)})
}

func hashed[T comparable](s seeds, v T) key {
	return key{maphash.Comparable(s[0], v), maphash.Comparable(s[1], v)}
}

// Network is what counts as one source: an IPv4 address, or the /64 that one
// IPv6 customer has to himself.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 32
	}
	// The length fits the family, so there is no error to see.
	p, _ := a.Prefix(bits)
	return p
}
