package mfa_test

import (
	"testing"

	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	t.Run("transactions", func(t *testing.T) {
		mfatest.TestTransactions(t, func(*testing.T) mfa.Transactions { return mfa.NewMemory() })
	})
	t.Run("sources", func(t *testing.T) {
		mfatest.TestSources(t, func(*testing.T) mfa.Sources { return mfa.NewMemory() })
	})
	t.Run("codes", func(t *testing.T) {
		mfatest.TestCodes(t, func(*testing.T) mfa.Codes { return mfa.NewMemory() })
	})
}
