package config

import (
	"net"
	"net/netip"

	"github.com/goccy/go-yaml"
)

// Metrics says where the server's figures may be read.
type Metrics struct {
	// Listen is the address of the listener, host:port; empty: there is none.
	Listen string
	// Networks are those from which it answers; loopback unless named.
	Networks []netip.Prefix
	// TLS has it show the server's own certificate; otherwise it speaks plain
	// HTTP.
	TLS bool
}

// metrics reads how the figures are shown. They name no user, but they tell an
// attacker how his attempts fare: off this machine they are shown only to
// networks that the file names, and in the open only when it says so.
func (r *reader) metrics(s *section) Metrics {
	defer s.done()
	if !s.set {
		return Metrics{}
	}
	var m Metrics
	var at entry
	m.Listen, at = s.address("", "listen")
	if at.value == nil {
		s.missing("listen", "write where to listen, such as 127.0.0.1:9464")
	}
	m.Networks = s.prefixes("networks", "the figures would be shown to everybody")
	m.TLS, _ = s.boolean("tls")
	open, openAt := s.boolean("allow_http")
	host, _, err := net.SplitHostPort(m.Listen)
	switch {
	case err != nil:
	case loopbackHost(host):
		if open {
			r.fault(openAt.line, s.at("allow_http"), "is of no use on this machine; delete it")
		}
	case len(m.Networks) == 0:
		r.fault(at.line, s.at("listen"), "can be reached from other machines; list in metrics.networks who may read the figures, or listen on 127.0.0.1")
	case !m.TLS && !open:
		r.fault(at.line, s.at("listen"), "can be reached from other machines; write tls: true, or allow_http: true for plain HTTP")
	case m.TLS && open:
		r.fault(openAt.line, s.at("allow_http"), "contradicts tls: true; delete one")
	}
	if m.Networks == nil {
		m.Networks = loopback()
	}
	return m
}

func (m Metrics) printed() yaml.MapSlice {
	out := yaml.MapSlice{
		{Key: "listen", Value: m.Listen},
		{Key: "networks", Value: printPrefixes(m.Networks)},
		{Key: "tls", Value: m.TLS},
	}
	if host, _, err := net.SplitHostPort(m.Listen); err == nil && !loopbackHost(host) && !m.TLS {
		out = append(out, yaml.MapItem{Key: "allow_http", Value: true})
	}
	return out
}
