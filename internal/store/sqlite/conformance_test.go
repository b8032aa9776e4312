package sqlite_test

import (
	"path/filepath"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/primary"
	"mfaserver/internal/primary/primarytest"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

func TestSessionsKeepTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.TestStore(t, func(t *testing.T) session.Store { t.Helper(); return newStore(t).Sessions() })
}

func TestUsersKeepTheContract(t *testing.T) {
	t.Parallel()
	primarytest.TestUsers(t, func(t *testing.T) primary.Users { t.Helper(); return newStore(t).Users() })
}

func TestTransactionsKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestTransactions(t, func(t *testing.T) mfa.Transactions { t.Helper(); return newStore(t).Transactions() })
}

func TestUnfinishedKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestUnfinished(t, func(t *testing.T) mfa.Transactions { t.Helper(); return newStore(t).Transactions() })
}

func TestSourcesKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestSources(t, func(t *testing.T) mfa.Sources { t.Helper(); return newStore(t).Sources() })
}

func TestCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	mfatest.TestCodes(t, func(t *testing.T) mfa.Codes { t.Helper(); return newStore(t).Codes() })
}

func TestTokensKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestServiceTokens(t, func(t *testing.T) token.ServiceTokens { t.Helper(); return newStore(t).Tokens() })
}

func TestSignInCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestSignInCodes(t, func(t *testing.T) token.SignInCodes { t.Helper(); return newStore(t).SignInCodes() })
}

func TestBreakGlassCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestBreakGlassCodes(t, func(t *testing.T) token.BreakGlassCodes { t.Helper(); return newStore(t).BreakGlass() })
}

func TestLedgerKeepsTheContract(t *testing.T) {
	t.Parallel()
	upstreamtest.TestLedger(t, func(t *testing.T) upstream.Ledger { t.Helper(); return newStore(t).Ledger() })
}

func TestAuditIndexKeepsTheContract(t *testing.T) {
	t.Parallel()
	audittest.TestIndex(t, func(t *testing.T) audit.Index { t.Helper(); return newStore(t).AuditIndex() })
}

// newStore opens a store of its own in a folder of its own.
func newStore(tb testing.TB) *sqlite.DB {
	tb.Helper()
	return open(tb, sqlite.Config{Path: filepath.Join(tb.TempDir(), "data.db"), Sealer: newSealer(tb)})
}

// open opens a store and closes it with the test.
func open(tb testing.TB, c sqlite.Config) *sqlite.DB {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), c)
	if err != nil {
		tb.Fatalf("Open() = %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("Close() = %v", err)
		}
	})
	return db
}

func newSealer(tb testing.TB) *seal.Sealer {
	tb.Helper()
	key, err := seal.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		tb.Fatal(err)
	}
	return sealer
}
