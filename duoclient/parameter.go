package duoclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mfaserver/internal/secret"
)

// Never is the time of validity of what does not expire.
const Never time.Duration = -1

const (
	maxName  = 256  // bytes of a username or alias
	maxText  = 1024 // bytes of any other text
	maxBatch = 100  // elements of a list in one call
)

// ParameterError is one parameter that breaks a rule; nothing was sent. It
// matches [ErrInvalid], [ErrArgument] and [ErrNotSent]. It never shows the
// value.
type ParameterError struct {
	// Field is the parameter's name, as Duo writes it.
	Field string
	// Rule says what the value must be.
	Rule string
}

// Error implements error.
func (e *ParameterError) Error() string {
	return ErrInvalid.Error() + ": " + e.Field + " " + e.Rule
}

// Unwrap gives the sentinels.
func (e *ParameterError) Unwrap() []error { return []error{ErrInvalid, ErrArgument, ErrNotSent} }

// parameters collects what a call sends, and everything wrong with it. A nil
// one is empty.
type parameters struct {
	values url.Values
	faults []error
	hide   []string
	// pattern is that of the path, where keys were put into one.
	pattern string
}

func newParameters() *parameters { return &parameters{values: make(url.Values)} }

func (p *parameters) fault(field, rule string) {
	p.faults = append(p.faults, &ParameterError{Field: field, Rule: rule})
}

func (p *parameters) err() error {
	if p == nil {
		return nil
	}
	return errors.Join(p.faults...)
}

// all gives a copy of what is sent.
func (p *parameters) all() url.Values {
	if p == nil {
		return make(url.Values)
	}
	return maps.Clone(p.values)
}

func (p *parameters) secrets() []string {
	if p == nil {
		return nil
	}
	return p.hide
}

func (p *parameters) set(name, value string) { p.values.Set(name, value) }

// text sets an optional text of at most size bytes.
func (p *parameters) text(name, value string, size int) {
	if value == "" {
		return
	}
	if !utf8.ValidString(value) || len(value) > size || strings.ContainsRune(value, 0) {
		p.fault(name, fmt.Sprintf("must have at most %d bytes of UTF-8", size))
		return
	}
	p.set(name, value)
}

// line sets an optional text without control characters.
func (p *parameters) line(name, value string, size int) {
	if strings.ContainsFunc(value, unicode.IsControl) {
		p.fault(name, "must not hold control characters")
		return
	}
	p.text(name, value, size)
}

// needed sets a text that must not be empty.
func (p *parameters) needed(name, value string, size int) {
	if value == "" {
		p.fault(name, "is missing")
		return
	}
	p.line(name, value, size)
}

// email sets an optional address.
func (p *parameters) email(name, value string) {
	local, domain, ok := strings.Cut(value, "@")
	if value != "" && (!ok || local == "" || domain == "" || strings.ContainsAny(value, " \t\r\n,;<>") || strings.Contains(domain, "@")) {
		p.fault(name, "must be one e-mail address")
		return
	}
	p.line(name, value, 254)
}

// choice sets an optional word, in lower case.
func (p *parameters) choice(name, value string, allowed ...string) {
	if value == "" {
		return
	}
	lower := strings.ToLower(value)
	if !slices.Contains(allowed, lower) {
		p.fault(name, "must be one of: "+strings.Join(allowed, ", "))
		return
	}
	p.set(name, lower)
}

// number sets an integer between low and high.
func (p *parameters) number(name string, value, low, high int) {
	if value < low || value > high {
		p.fault(name, fmt.Sprintf("must be %d to %d", low, high))
		return
	}
	p.set(name, strconv.Itoa(value))
}

// valid sets valid_secs: left out when d is zero, 0 when it is [Never].
func (p *parameters) valid(d time.Duration) {
	const most = 10 * 365 * 24 * time.Hour
	switch {
	case d == 0:
	case d == Never:
		p.set("valid_secs", "0")
	case d < time.Second || d > most || d%time.Second != 0:
		p.fault("valid_secs", fmt.Sprintf("must be whole seconds, 1 to %d", most/time.Second))
	default:
		p.set("valid_secs", strconv.FormatInt(int64(d/time.Second), 10))
	}
}

// on sets the parameter to 1, or leaves it out.
func (p *parameters) on(name string, is bool) {
	if is {
		p.set(name, "1")
	}
}

// either sets an optional boolean.
func (p *parameters) either(name string, is *bool) {
	if is != nil {
		p.set(name, strconv.FormatBool(*is))
	}
}

// address sets an optional IP address.
func (p *parameters) address(name string, a netip.Addr) {
	if a.IsValid() {
		p.set(name, a.Unmap().WithZone("").String())
	}
}

// adopt takes over the faults of one element of a list.
func (p *parameters) adopt(prefix string, one *parameters) {
	for _, f := range one.faults {
		if broken, ok := errors.AsType[*ParameterError](f); ok {
			p.fault(prefix+broken.Field, broken.Rule)
		}
	}
}

// secret sets an optional value that no error may show.
func (p *parameters) secret(name string, s secret.Secret, size int) {
	p.hide = append(p.hide, s.Reveal())
	p.line(name, s.Reveal(), size)
}

// key sets a key of Duo's that must be given.
func (p *parameters) key(name, value string) {
	if p.isKey(name, value) {
		p.set(name, value)
	}
}

// isKey checks a key of Duo's that stands in the path.
func (p *parameters) isKey(name, value string) bool {
	if !objectKey.MatchString(value) {
		p.fault(name, "must be 20 letters and digits")
		return false
	}
	return true
}

// uuid sets the id of a transaction.
func (p *parameters) uuid(name, value string) {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-'
	}
	if value == "" || len(value) > 64 || strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		p.fault(name, "must have 1 to 64 letters, digits and hyphens")
		return
	}
	p.set(name, value)
}

// jsonList sets an optional list, sent as the text of a JSON array.
func (p *parameters) jsonList(name string, list []string) {
	if len(list) == 0 {
		return
	}
	if len(list) > maxBatch {
		p.fault(name, fmt.Sprintf("must have at most %d elements, it has %d", maxBatch, len(list)))
		return
	}
	for i, s := range list {
		if s == "" || len(s) > maxName || !utf8.ValidString(s) {
			p.fault(fmt.Sprintf("%s[%d]", name, i), fmt.Sprintf("must have 1 to %d bytes of UTF-8", maxName))
			return
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		p.fault(name, "must be text")
		return
	}
	p.set(name, string(text))
}

// empty sets parameters to nothing, which removes what Duo has there.
func (p *parameters) empty(names []string, allowed ...string) {
	for _, name := range names {
		switch {
		case !slices.Contains(allowed, name):
			p.fault(name, "cannot be cleared; what can is: "+strings.Join(allowed, ", "))
		case p.values.Has(name):
			p.fault(name, "is both set and cleared")
		default:
			p.set(name, "")
		}
	}
}

// path puts keys of Duo's into a path: each segment :name takes the next.
func (p *parameters) path(pattern string, keys ...string) string {
	p.pattern = pattern
	var out strings.Builder
	for piece := range strings.SplitSeq(pattern, "/") {
		if piece == "" {
			continue
		}
		out.WriteByte('/')
		if name, ok := strings.CutPrefix(piece, ":"); ok {
			p.isKey(name, keys[0])
			out.WriteString(keys[0])
			keys = keys[1:]
			continue
		}
		out.WriteString(piece)
	}
	return out.String()
}
