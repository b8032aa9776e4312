package audit_test

import (
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/breather"
)

// During a flood of records the index waits, but never for more of them than are
// read from the files in a moment.
func TestPaceOfTheIndex(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		rate   float64
		behind uint64
		want   breather.Pace
	}{
		{"nothing to do", 0, 0, breather.Gentle()},
		{"catching up after a start", 0, 5_000_000, breather.Gentle()},
		{"many logins", 199, 99_999, breather.Gentle()},
		{"a flood begins", 200, 0, breather.Unhurried()},
		{"a flood", 2000, 99_999, breather.Unhurried()},
		{"a flood that goes on", 2000, 100_000, breather.Gentle()},
	} {
		if got := audit.PaceAt(tt.rate, tt.behind); got != tt.want {
			t.Errorf("%s: pace = %v, want %v", tt.name, got, tt.want)
		}
	}
}
