package helpdesk_test

import (
	"testing"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
)

func TestQuotaKeepsTheContract(t *testing.T) {
	t.Parallel()
	helpdesktest.TestQuota(t, func(*testing.T) helpdesk.Quota { return helpdesk.NewQuota() })
}
