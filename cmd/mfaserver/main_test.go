package main_test

import (
	"os"
	"testing"

	main "mfaserver/cmd/mfaserver"
)

// runMain makes the test binary behave as the program.
const runMain = "MFASERVER_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main.Main()
		return
	}
	os.Exit(m.Run())
}
