package audit_test

import (
	"errors"
	"strings"
	"testing"

	"mfaserver/internal/audit"
)

// Threat T194: a checkpoint is read as it was written; what is none is
// [audit.ErrBadCheckpoint].
func FuzzCheckpoint(f *testing.F) {
	var c audit.Checkpoint
	f.Add(c.String())
	c.Sequence, c.MAC[0], c.Signature[63] = 1<<63, 1, 255
	f.Add(c.String())
	f.Add(c.String() + "\n")
	f.Add(strings.Replace(c.String(), ".", "..", 1))
	f.Add("mfaserver-audit-checkpoint-v1.1.\n\n\n" + strings.Repeat("A", 40) + "." + strings.Repeat("A", 86))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := audit.ParseCheckpoint(text)
		if err != nil {
			if !errors.Is(err, audit.ErrBadCheckpoint) || got != (audit.Checkpoint{}) {
				t.Fatalf("ParseCheckpoint(%q) = %v, %v", text, got, err)
			}
			return
		}
		again, err := audit.ParseCheckpoint(got.String())
		if err != nil || again != got {
			t.Fatalf("%q: %v, then %v, %v", text, got, again, err)
		}
		if strings.ContainsAny(got.String(), "\r\n ") {
			t.Fatalf("%q is more than a word", got.String())
		}
	})
}

// A sum has one spelling.
func FuzzSum(f *testing.F) {
	f.Add((audit.Sum{}).String())
	f.Add("\n\n\n" + strings.Repeat("A", 40))
	f.Add(strings.Repeat("A", 42) + "B")
	f.Fuzz(func(t *testing.T, text string) {
		var s audit.Sum
		if err := s.UnmarshalText([]byte(text)); err != nil {
			if !errors.Is(err, audit.ErrBadLine) {
				t.Fatalf("error %v, want %v", err, audit.ErrBadLine)
			}
			return
		}
		if s.String() != text {
			t.Fatalf("%q is written %q again", text, s.String())
		}
	})
}
