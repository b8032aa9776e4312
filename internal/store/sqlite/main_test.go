package sqlite_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childTask says what the test binary does when a test runs it again as a
// process of its own.
const childTask = "SQLITE_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childTask) {
	case "":
		goleak.VerifyTestMain(m)
	case "write":
		writeUntilKilled(os.Getenv("SQLITE_TEST_FILE"))
	case "hold":
		holdUntilKilled(os.Getenv("SQLITE_TEST_FILE"))
	case "measure":
		measure(os.Getenv("SQLITE_TEST_FILE"))
	case "full":
		os.Exit(m.Run())
	}
}
