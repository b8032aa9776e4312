package tokentest_test

import (
	"context"
	"fmt"

	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
)

// A store's own test runs the suites; beyond them it tests with the same
// records.
func ExampleTokenRecord() {
	store := token.NewMemoryTokens()
	r := tokentest.TokenRecord(1)
	if err := store.Insert(context.Background(), r); err != nil {
		fmt.Println(err)
	}
	found, err := store.Find(context.Background(), r.Key)
	fmt.Println(found.Username, found.Name, err)
	// Output:
	// alice nightly export <nil>
}
