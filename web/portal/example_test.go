package portal_test

import (
	"errors"
	"fmt"

	"mfaserver/web/portal"
)

// What a portal lacks is said when it is made.
func ExampleNew() {
	_, err := portal.New(portal.Config{PublicURLs: []string{"https://mirth.example.org:8443"}}, portal.Deps{})
	fmt.Println(errors.Is(err, portal.ErrConfig))
	// Output: true
}
