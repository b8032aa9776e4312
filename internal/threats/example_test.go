package threats_test

import (
	"fmt"
	"strings"
	"time"

	"mfaserver/internal/threats"
)

func ExampleCheck() {
	d, err := threats.Parse(strings.NewReader("| T001 | MUST | it rains | an umbrella |\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, fault := range threats.Check(d, nil, time.Now()) {
		fmt.Println(fault)
	}
	// Output: T001 has neither a test nor an exception: it rains
}
