package primary_test

import (
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/internal/primary/primarytest"
)

func TestMemoryUsers(t *testing.T) {
	t.Parallel()
	primarytest.TestUsers(t, func(*testing.T) primary.Users { return primary.NewMemoryUsers() })
}
