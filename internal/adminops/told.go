package adminops

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[REDACTED]"

// told is a result that is told this once: encoding/json writes it whole, and
// nothing else does. The function keeps it from every verb.
type told struct{ write func() ([]byte, error) }

func tell[T any](v T) told { return told{func() ([]byte, error) { return json.Marshal(v) }} }

// MarshalJSON implements [json.Marshaler].
func (t told) MarshalJSON() ([]byte, error) { return t.write() }

// Format implements [fmt.Formatter].
func (t told) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (t told) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format implements [fmt.Formatter].
func (r Result) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue implements [slog.LogValuer].
func (r Result) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], and so covers JSON.
func (r Result) MarshalText() ([]byte, error) { return []byte(redacted), nil }
