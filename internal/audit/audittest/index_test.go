package audittest_test

import (
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
)

func TestMemoryIndex(t *testing.T) {
	t.Parallel()
	audittest.TestIndex(t, func(*testing.T) audit.Index { return &audit.MemoryIndex{} })
}
