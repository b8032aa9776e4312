package model_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain plays the same histories at every run, so that a run that fails can
// be had again. Other ones: -rapid.seed=N with any N but 0.
func TestMain(m *testing.M) {
	flag.Parse()
	if seed := flag.Lookup("rapid.seed"); seed != nil && seed.Value.String() == "0" {
		_ = seed.Value.Set("1") // a number, which it takes
	}
	os.Exit(m.Run())
}
