package upstream_test

import (
	"testing"

	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
)

func TestMemoryLedger(t *testing.T) {
	t.Parallel()
	upstreamtest.TestLedger(t, func(*testing.T) upstream.Ledger { return upstream.NewMemoryLedger() })
}
