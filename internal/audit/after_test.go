package audit_test

import (
	"path/filepath"
	"testing"

	"mfaserver/internal/audit"
)

// Whoever goes on after a place gets every record once, over rotations too.
func TestAfter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	trail, err := audit.New(audit.Config{Path: path, Unchained: true, MaxBytes: 600})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trail.Close() }()
	reader := audit.NewReader(path, nil)
	var at audit.Place
	var sequence uint64
	for round := range 5 {
		for range 7 {
			if err := trail.Record(t.Context(), audit.Event{Name: audit.SessionStarted, Outcome: audit.OK, Username: "alice"}); err != nil {
				t.Fatal(err)
			}
		}
		for {
			found, next, err := reader.After(t.Context(), at, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				if next != at {
					t.Fatalf("After() without records moved from %v to %v", at, next)
				}
				break
			}
			for _, e := range found {
				if e.Sequence != sequence+1 {
					t.Fatalf("round %d: record %d follows %d", round, e.Sequence, sequence)
				}
				sequence = e.Sequence
			}
			if next.Sequence != sequence || len(found) > 3 {
				t.Fatalf("After() = %d records up to %v, want at most 3 up to %d", len(found), next, sequence)
			}
			at = next
		}
	}
	if sequence < 35 {
		t.Errorf("%d records, want 35 and those of the trail itself", sequence)
	}
}
