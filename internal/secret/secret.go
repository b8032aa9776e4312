// Package secret holds the one type for values that must never be printed:
// passwords, client secrets, session ids, codes.
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[REDACTED]"

// Secret is a string that no formatting verb, encoder or logger prints. It is
// a struct around a pointer, not a string kind, so that it stays hidden even
// inside an unexported field of a printed struct. The zero value is the empty
// secret. A Secret is immutable and safe for concurrent use.
type Secret struct{ p *string }

// New wraps s.
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{p: &s}
}

// Reveal returns the wrapped string. Call it only where the value is used.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.p == nil }

// Equal compares in time independent of the contents. Two empty secrets are
// not equal: an absent secret never matches.
func (s Secret) Equal(other Secret) bool {
	if s.p == nil || other.p == nil {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(*s.p), []byte(*other.p)) == 1
}

// Format implements [fmt.Formatter]: every verb prints the same mark.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements [fmt.Stringer].
func (s Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (s Secret) GoString() string { return redacted }

// LogValue implements [slog.LogValuer].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Secret) UnmarshalText(text []byte) error {
	*s = New(string(text))
	return nil
}
