package token

import (
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mfaserver/internal/primary"
)

// Bounds of what a token may say.
const (
	maxText     = 256
	maxPaths    = 64
	maxNetworks = 64
)

// check returns n in the form in which it is kept, or [ErrArgument].
func (n New) check(now time.Time, maxLife time.Duration) (New, error) {
	if err := primary.CheckUsername(n.Username); err != nil {
		return n, argument("%s", err)
	}
	if err := texts("name", n.Name, "owner", n.Owner, "maker", n.By); err != nil {
		return n, err
	}
	switch {
	case n.Expires.IsZero():
		return n, argument("an expiry date is needed")
	case !n.Expires.After(now):
		return n, argument("it would be over already")
	case n.Expires.After(now.Add(maxLife)):
		return n, argument("it may live %s at most", maxLife)
	}
	var err error
	if n.Paths, err = checkPaths(n.Paths); err != nil {
		return n, err
	}
	n.Networks, err = checkNetworks(n.Networks)
	return n, err
}

// texts takes names and values in turn: each value must be there, short and
// printable.
func texts(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		name, text := pairs[i], pairs[i+1]
		switch {
		case strings.TrimSpace(text) == "":
			return argument("%s is needed", name)
		case len(text) > maxText || !utf8.ValidString(text):
			return argument("%s must be at most %d bytes of UTF-8", name, maxText)
		case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
			return argument("%s must print", name)
		}
	}
	return nil
}

// checkPaths returns the paths without a slash at the end; "/" means all.
func checkPaths(paths []string) ([]string, error) {
	if len(paths) > maxPaths {
		return nil, argument("at most %d paths", maxPaths)
	}
	var checked []string
	for _, path := range paths {
		if len(path) > maxText || ambiguous(path) || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, argument("path %q must be a plain one such as /channels", path)
		}
		if path = strings.TrimSuffix(path, "/"); path == "" {
			return nil, argument("path / is all of the API: leave the paths out")
		}
		checked = append(checked, path)
	}
	return checked, nil
}

func checkNetworks(networks []netip.Prefix) ([]netip.Prefix, error) {
	if len(networks) > maxNetworks {
		return nil, argument("at most %d networks", maxNetworks)
	}
	var checked []netip.Prefix
	for _, n := range networks {
		switch {
		case !n.IsValid() || n.Addr().Zone() != "":
			return nil, argument("network %s is none", n)
		case n.Addr().Is4In6():
			return nil, argument("network %s must be written as IPv4", n)
		}
		checked = append(checked, n.Masked())
	}
	return checked, nil
}
