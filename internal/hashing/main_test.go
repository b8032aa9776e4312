package hashing_test

import (
	"io"
	"os"
	"testing"

	"mfaserver/internal/hashing"
	"mfaserver/internal/primary"
)

// What the test binary is when it is started as a worker.
const (
	works  = "works"
	breaks = "breaks"
	hangs  = "hangs"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case works:
			hasher, err := primary.NewArgon2id(cheap())
			if err == nil {
				err = hashing.Work(os.Stdin, os.Stdout, hasher)
			}
			if err != nil {
				os.Exit(1)
			}
			os.Exit(0)
		case breaks:
			os.Exit(1)
		case hangs:
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// cheap is a cost for tests that make many hashes.
func cheap() primary.Params { return primary.Params{Memory: 64, Iterations: 1, Parallelism: 1} }
