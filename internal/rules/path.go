package rules

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ErrPath says that a pattern cannot be read.
var ErrPath = errors.New("rules: not a path pattern")

// Paths are patterns for API paths below /api, without a version:
//
//	/channels/statuses       that path
//	/channels/*/status       * is any text within one segment
//	/channels/statuses/**    ** at the end is any number of segments, none too
//
// A slash at the end makes no difference. The zero Paths match nothing. Paths
// never change and are safe for concurrent use.
type Paths struct{ patterns [][]string }

// NewPaths reads patterns; the error matches [ErrPath].
func NewPaths(patterns ...string) (Paths, error) {
	var p Paths
	for _, text := range patterns {
		segments, err := readPattern(text)
		if err != nil {
			return Paths{}, err
		}
		p.patterns = append(p.patterns, segments)
	}
	return p, nil
}

// Match reports whether a pattern fits path, which is as [APIPath] returns it.
func (p Paths) Match(path string) bool {
	segments, ok := split(path)
	return ok && p.match(segments, exact)
}

func (p Paths) match(segments []string, spell func(string) string) bool {
	return slices.ContainsFunc(p.patterns, func(pattern []string) bool { return fitsPath(pattern, segments, spell) })
}

var versionSegment = regexp.MustCompile(`^\d{1,3}(\.\d{1,3}){1,3}$`)

// APIPath returns what follows /api or /api/{version} in the path of a URL, in
// its escaped form; false when the path is not below them.
func APIPath(escaped string) (string, bool) {
	rest, ok := strings.CutPrefix(escaped, "/api")
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	if len(rest) > 1 {
		version, after, _ := strings.Cut(rest[1:], "/")
		if versionSegment.MatchString(version) {
			return "/" + after, true
		}
	}
	if rest == "" {
		return "/", true
	}
	return rest, true
}

// split cuts an escaped path into its segments, unescaped; false for a path
// that does not begin with a slash, has empty segments or cannot be unescaped.
func split(path string) ([]string, bool) {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok || strings.Contains(path, "//") {
		return nil, false
	}
	rest = strings.TrimSuffix(rest, "/")
	if rest == "" {
		return nil, true
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		segments[i] = plain
	}
	return segments, true
}

const rest = "**"

func readPattern(text string) ([]string, error) {
	segments, ok := split(text)
	switch {
	case strings.Contains(text, "//"):
		return nil, errPath(text, "it has an empty segment")
	case !strings.HasPrefix(text, "/"):
		return nil, errPath(text, "it has to begin with a slash")
	case !ok:
		return nil, errPath(text, "its percent-encoding cannot be read")
	}
	for i, s := range segments {
		switch {
		case s == "." || s == "..":
			return nil, errPath(text, "it has a segment of dots")
		case strings.Contains(s, rest) && (s != rest || i != len(segments)-1):
			return nil, errPath(text, "** stands alone, at the end")
		case strings.ContainsAny(s, "/?#;\\") || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7F }):
			return nil, errPath(text, "it holds a character that no path has")
		}
	}
	if path, below := APIPath(text); below {
		return nil, errPath(text, "it is below /api already; write "+path)
	}
	return segments, nil
}

func fitsPath(pattern, segments []string, spell func(string) string) bool {
	for i, want := range pattern {
		if want == rest {
			return true
		}
		if i >= len(segments) || !wild(spell(want), spell(segments[i])) {
			return false
		}
	}
	return len(pattern) == len(segments)
}

// wild reports whether text has the form of pattern, in which * stands for any
// text.
func wild(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// operation is an [Operation] ready for use.
type operation struct {
	methods []string
	paths   Paths
	all     bool
}

// newOperation takes settings that were checked; no paths are all paths.
func newOperation(methods, paths []string) operation {
	o := operation{methods: slices.Clone(methods), all: len(paths) == 0}
	o.paths, _ = NewPaths(paths...)
	return o
}

// hasMethod reports whether the method is among those of the operation; GET
// stands for HEAD and OPTIONS too.
func (o operation) hasMethod(method string) bool {
	if method == http.MethodHead || method == http.MethodOptions {
		method = http.MethodGet
	}
	return len(o.methods) == 0 || slices.Contains(o.methods, method)
}

// allows is for operations that permit: whatever has no reading is not one.
func (o operation) allows(method, path string) bool {
	return o.hasMethod(method) && (o.all || o.paths.Match(path))
}

// guards is for operations that restrict: whatever has no reading is one, and
// a path in another case is the same.
func (o operation) guards(method, path string) bool {
	if !o.hasMethod(method) {
		return false
	}
	segments, ok := split(path)
	return o.all || !ok || o.paths.match(segments, strings.ToLower)
}
