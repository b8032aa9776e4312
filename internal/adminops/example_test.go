package adminops_test

import (
	"fmt"

	"mfaserver/duoclient"
	"mfaserver/internal/adminops"
)

// An error becomes a word for programs, a sentence for people and advice.
func ExampleExplain() {
	p := adminops.Explain(fmt.Errorf("reading users: %w", duoclient.ErrOutage))
	fmt.Println(p.Kind)
	fmt.Println(p.Message)
	fmt.Println(p.Advice)
	// Output:
	// duo_unavailable
	// Duo cannot be reached.
	// Try again later. If it was a change, look whether it was made before you repeat it.
}
