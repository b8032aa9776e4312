package mirth

import (
	"net/netip"
	"strconv"
	"strings"
)

// maxServerURL is longer than any origin of a valid host name.
const maxServerURL = 300

// NormalizeServerURL reads the URL under which a client reaches the server,
// from X-Mirth-Server-Url or from the configuration, and returns its one
// spelling: https://host or https://host:port with the host in lower case and
// port 443 left out. One slash may follow. Everything a URL parser could read
// in two ways is refused: other schemes, user names, paths, queries,
// fragments, percent escapes, backslashes, white space, letters outside
// ASCII, a dot at the end, numbers that are not plain IPv4 addresses
// (threats T020, T021, T050). All errors match [ErrServerURL]; none repeats
// the input.
func NormalizeServerURL(s string) (string, error) {
	const scheme = "https://"
	if len(s) > maxServerURL {
		return "", ErrServerURL
	}
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return "", ErrServerURLScheme
	}
	authority := strings.TrimSuffix(s[len(scheme):], "/")
	switch {
	case strings.Contains(authority, "@"):
		return "", ErrServerURLUserinfo
	case strings.ContainsAny(authority, "/?#\\"):
		return "", ErrServerURLPath
	}
	host, port, ok := splitAuthority(authority)
	if !ok {
		return "", ErrServerURLHost
	}
	host, ok = normalHost(host)
	if !ok {
		return "", ErrServerURLHost
	}
	if !validPort(port) {
		return "", ErrServerURLPort
	}
	if port != "" && port != "443" {
		host += ":" + port
	}
	return scheme + host, nil
}

// splitAuthority cuts host (with the brackets of IPv6) and port; port is
// empty when none is given, and "0", which is none, when only its colon is.
func splitAuthority(authority string) (host, port string, ok bool) {
	end := strings.IndexByte(authority, ':')
	if strings.HasPrefix(authority, "[") {
		bracket := strings.IndexByte(authority, ']')
		if bracket < 0 {
			return "", "", false
		}
		end = bracket + 1
	}
	if end < 0 || end == len(authority) {
		return authority, "", true
	}
	if authority[end] != ':' {
		return "", "", false
	}
	host, port = authority[:end], authority[end+1:]
	if port == "" {
		port = "0"
	}
	return host, port, true
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}

// normalHost returns the one spelling of a host name or address.
func normalHost(host string) (string, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !addr.Is6() || addr.Zone() != "" || addr.Is4In6() {
			return "", false
		}
		return "[" + addr.String() + "]", true
	}
	host = strings.ToLower(host)
	if len(host) > 253 || !all(host, isHostByte) {
		return "", false
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return "", false
		}
	}
	// A last label that begins with a digit makes URL parsers think of IPv4
	// in one of its odd spellings.
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		addr, err := netip.ParseAddr(host)
		return host, err == nil && addr.Is4()
	}
	return host, true
}

func isHostByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '.'
}
