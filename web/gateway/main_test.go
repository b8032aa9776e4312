package gateway_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// large sends 5 GiB through the gateway instead of 96 MiB.
var large = flag.Bool("large", false, "stream 5 GiB in each direction")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}
