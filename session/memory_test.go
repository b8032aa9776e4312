package session_test

import (
	"testing"

	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	sessiontest.TestStore(t, func(*testing.T) session.Store { return session.NewMemoryStore() })
}
