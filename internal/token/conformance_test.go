package token_test

import (
	"testing"

	"go.uber.org/goleak"

	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryTokensKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestServiceTokens(t, func(*testing.T) token.ServiceTokens { return token.NewMemoryTokens() })
}

func TestMemoryCodesKeepTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestSignInCodes(t, func(*testing.T) token.SignInCodes { return token.NewMemoryCodes() })
}

func TestMemoryBreakGlassKeepsTheContract(t *testing.T) {
	t.Parallel()
	tokentest.TestBreakGlassCodes(t, func(*testing.T) token.BreakGlassCodes { return token.NewMemoryBreakGlass() })
}
