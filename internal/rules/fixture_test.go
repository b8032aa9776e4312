package rules_test

import (
	"net/netip"
	"testing"
	"time"

	"mfaserver/internal/rules"
)

var (
	noon   = time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	inside = netip.MustParseAddr("10.1.2.3")
	ward   = netip.MustParseAddr("10.20.7.7")
	home   = netip.MustParseAddr("203.0.113.9")
)

func nets(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func newSet(t *testing.T, c rules.Config) *rules.Set {
	t.Helper()
	s, err := rules.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// backup is an exemption.
func backup() rules.Exemption {
	return rules.Exemption{
		Name: "backup", Users: []string{"svc-backup"}, Networks: nets("10.1.2.3/32", "2001:db8::/64"), Owner: "alice",
		Until: noon.AddDate(0, 0, 1),
	}
}
