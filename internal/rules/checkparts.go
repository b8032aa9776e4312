package rules

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the length of the longest name of a user, group, rule, owner or
// exemption, in bytes.
const maxName = 256

func (k *checker) name(path, name, advice string) {
	switch {
	case name == "":
		k.fault(path+".name", ErrNoName, "missing; %s", advice)
	case !goodName(name):
		k.fault(path+".name", ErrNoName, "%q cannot be a name; write a few words", name)
	}
}

func (k *checker) users(path string, names []string) {
	for i, u := range names {
		switch {
		case !goodName(u) || fold(u) == "bypass":
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrUsername, "%q cannot be a username; write it as the directory has it", u)
		case strings.ContainsAny(u, "*?"):
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrUsername, "%q is a pattern; name each user, or use groups", u)
		}
	}
}

func (k *checker) groupNames(path string, names []string) {
	for i, g := range names {
		if _, known := k.config.Groups[g]; !known && g != Everyone {
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrUnknownGroup, "%q is not under groups; add it there", g)
		}
	}
}

func (k *checker) networks(path string, networks []netip.Prefix) {
	for i, p := range networks {
		if !p.IsValid() || p.Bits() == 0 || p != p.Masked() || p.Addr().Is4In6() {
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrNetwork, "is not a network; write it like 10.0.0.0/8, and none at all for everywhere")
		}
	}
}

func (k *checker) methods(path string, methods []string) {
	known := []string{"GET", "POST", "PUT", "DELETE"}
	for i, m := range methods {
		if !slices.Contains(known, m) {
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrMethod, "%q is none of %s (GET is HEAD and OPTIONS too)", m, strings.Join(known, ", "))
		}
	}
}

func (k *checker) paths(path string, patterns []string) {
	for i, p := range patterns {
		if _, err := NewPaths(p); err != nil {
			k.fault(fmt.Sprintf("%s[%d]", path, i), ErrPath, "%s", reason(err))
		}
	}
}

// reason is what an error of this package says beyond its sentinel.
func reason(err error) string {
	if errors.Is(err, ErrPath) {
		return strings.TrimPrefix(err.Error(), ErrPath.Error()+": ")
	}
	return err.Error()
}

// goodName reports whether a name is one line of printable text without white
// space around it.
func goodName(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// headerName reports whether name is a token of RFC 9110 section 5.6.2.
func headerName(name string) bool {
	return len(name) <= maxName && !strings.ContainsFunc(name, func(c rune) bool {
		letter := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

func modeNames() string {
	names := make([]string, 0, len(Modes()))
	for _, m := range Modes() {
		names = append(names, string(m))
	}
	return strings.Join(names, ", ")
}
