package mirth_test

import (
	"errors"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

// Threat T145: which engines are too old to stand behind a gateway.
func TestCompareVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"4.4.0", mirth.OldestSafe, -1},
		{"4.4.1", mirth.OldestSafe, 0},
		{"4.4.1.0", mirth.OldestSafe, 0},
		{"4.5.2", mirth.OldestSafe, 1},
		{"4.10.0", mirth.OldestSafe, 1},
		{"3.12", mirth.OldestSafe, -1},
		{"26.1-SNAPSHOT", mirth.OldestSafe, 1},
		{"4", "4.0.0", 0},
	} {
		if got, err := mirth.CompareVersions(c.a, c.b); err != nil || got != c.want {
			t.Errorf("CompareVersions(%q, %q) = %d, %v; want %d", c.a, c.b, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "latest", "4.x", "4..1", "-4.5", "4.5.2 ", "999999999999", "4." + strings.Repeat("0", 80)} {
		if _, err := mirth.CompareVersions(bad, mirth.OldestSafe); !errors.Is(err, mirth.ErrVersion) {
			t.Errorf("CompareVersions(%q) = %v, want %v", bad, err, mirth.ErrVersion)
		}
	}
}
