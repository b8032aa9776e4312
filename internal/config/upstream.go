package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/mirth"
)

// primary reads who checks passwords: the local directory unless said
// otherwise. c holds listen and public_urls already.
func (r *reader) primary(s *section, c *Config) Primary {
	local, upstream := s.sub("local"), s.sub("upstream")
	local.done()
	s.done()
	switch {
	case local.set && upstream.set:
		r.fault(upstream.line, upstream.path, "contradicts primary.local: passwords are checked in one place; delete one of the two")
	case s.set && !s.broken && !local.set && !upstream.set:
		r.fault(s.line, s.path, "says nobody to check passwords; write `primary: {local: {}}` or name an engine under upstream")
	}
	if upstream.set {
		return Primary{Upstream: r.upstream(upstream, c)}
	}
	return Primary{Local: &Local{}}
}

func (r *reader) upstream(s *section, c *Config) *Upstream {
	defer s.done()
	u := &Upstream{}
	u.AllowHTTP, _ = s.boolean("allow_http")
	u.URL = s.upstreamURL(u.AllowHTTP, c)
	u.CAFile = s.authority()
	u.PinSHA256 = s.pins()
	u.MaxFailures, _ = s.integer("max_failures", 3, 1, 100)
	u.AllowOutdated, _ = s.boolean("allow_outdated")
	trust := max(r.lines[s.at("ca_file")], r.lines[s.at("pin_sha256")])
	switch {
	case strings.HasPrefix(u.URL, "http://") && trust > 0:
		r.fault(trust, s.path, "has certificates to trust and a URL without TLS; write https://, or delete ca_file and pin_sha256")
	case u.CAFile != "" && len(u.PinSHA256) > 0:
		r.fault(r.lines[s.at("pin_sha256")], s.at("pin_sha256"), "contradicts ca_file: a pin is for an engine without an authority; delete one of the two")
	}
	return u
}

// upstreamURL takes https://host:port, or http:// to this machine when that is
// allowed (threat T154).
func (s *section) upstreamURL(allowHTTP bool, c *Config) string {
	got, e := s.text("", "url")
	if e.value == nil {
		s.missing("url", "write the engine's own address, such as https://127.0.0.1:9443")
	}
	if got == "" {
		return ""
	}
	rest, plain := strings.CutPrefix(strings.ToLower(got), "http://")
	if plain {
		got = "https://" + rest
	}
	whole, err := mirth.NormalizeServerURL(got)
	u, uerr := url.Parse(got)
	if err != nil || uerr != nil {
		s.r.fault(e.line, s.at("url"), "%s is not the address of an engine; write https://host:port, without a path", quote(e.value.text))
		return ""
	}
	switch {
	case plain && !allowHTTP:
		s.r.fault(e.line, s.at("url"), "sends passwords without TLS; write https://, or set allow_http: true for an engine on this machine")
	case plain && !loopbackHost(u.Hostname()):
		s.r.fault(e.line, s.at("url"), "is http:// to another machine, which sends passwords in the open; write https://")
	case !plain && allowHTTP:
		s.r.fault(s.r.lines[s.at("allow_http")], s.at("allow_http"), "contradicts the https:// URL; delete it")
	case !plain && slices.Contains(c.PublicURLs, whole), loopbackHost(u.Hostname()) && listensOn(c.Listen, u, plain):
		s.r.fault(e.line, s.at("url"), "is this server itself; name the engine's own address and port")
	}
	if plain {
		return "http://" + strings.ToLower(u.Host)
	}
	return whole
}

// loopbackHost reports whether a host is this machine for certain.
func loopbackHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// listensOn reports whether the server itself answers at the port of u on this
// machine.
func listensOn(listen string, u *url.URL, plain bool) bool {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	want := u.Port()
	if want == "" {
		want = "443"
		if plain {
			want = "80"
		}
	}
	addr, err := netip.ParseAddr(host)
	everywhere := host == "" || err == nil && addr.IsUnspecified()
	return port == want && (everywhere || loopbackHost(host))
}

// pins takes SHA-256 sums of certificates, as openssl prints them or without
// the colons.
func (s *section) pins() []string {
	var out []string
	e, ok := s.texts("pin_sha256", func(path string, line int, text string) {
		sum, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		pin := hex.EncodeToString(sum)
		switch {
		case err != nil || len(sum) != sha256.Size:
			s.r.fault(line, path, "%s is not the SHA-256 of a certificate; write 64 hexadecimal digits", quote(text))
		case slices.Contains(out, pin):
			s.r.fault(line, path, "is in the list twice; delete one")
		default:
			out = append(out, pin)
		}
	})
	if ok && e.value.kind == kindList && len(e.value.items) == 0 {
		s.r.fault(e.line, s.at("pin_sha256"), "is empty; write a pin or delete the line")
	}
	return out
}

// gateway reads how the engine is shown; c holds primary already.
func (r *reader) gateway(s *section, c *Config) Gateway {
	defer s.done()
	if s.set && c.Primary.Upstream == nil {
		r.fault(s.line, s.path, "needs an engine to stand before; name it under primary.upstream")
	}
	var g Gateway
	g.Launcher, _ = s.boolean("launcher")
	g.APIExplorer, _ = s.boolean("api_explorer")
	g.HideVersion, _ = s.boolean("hide_version")
	g.MaxRequest = s.size("max_request", 256<<20, 1<<20, 64<<30)
	g.Idle, _ = s.duration("idle", time.Minute, time.Second, time.Hour)
	return g
}

// units of sizes.
var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// size takes a number of bytes with its unit.
func (s *section) size(key string, def, low, high int64) int64 {
	got, e := s.text("", key)
	s.r.listing.takes(s.at(key), "a size from "+sizeText(low)+" to "+sizeText(high))
	s.r.listing.defaults(s.at(key), sizeText(def))
	if got == "" {
		return def
	}
	for _, unit := range units {
		digits, ok := strings.CutSuffix(got, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
		if size := n * unit.bytes; err == nil && size >= low && size <= high {
			return size
		}
	}
	s.r.fault(e.line, s.at(key), "must be a size from %s to %s", sizeText(low), sizeText(high))
	return def
}

// sizeText prints what size reads.
func sizeText(n int64) string {
	for _, unit := range units {
		if n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func (u Upstream) printed() yaml.MapSlice {
	m := yaml.MapSlice{{Key: "url", Value: u.URL}}
	m = addText(m, "ca_file", u.CAFile)
	if len(u.PinSHA256) > 0 {
		m = append(m, yaml.MapItem{Key: "pin_sha256", Value: u.PinSHA256})
	}
	if u.AllowHTTP {
		m = append(m, yaml.MapItem{Key: "allow_http", Value: true})
	}
	return append(m,
		yaml.MapItem{Key: "max_failures", Value: u.MaxFailures},
		yaml.MapItem{Key: "allow_outdated", Value: u.AllowOutdated})
}

func (g Gateway) printed() yaml.MapSlice {
	return yaml.MapSlice{
		{Key: "launcher", Value: g.Launcher},
		{Key: "api_explorer", Value: g.APIExplorer},
		{Key: "hide_version", Value: g.HideVersion},
		{Key: "max_request", Value: sizeText(g.MaxRequest)},
		{Key: "idle", Value: duration(g.Idle)},
	}
}
