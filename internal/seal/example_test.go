package seal_test

import (
	"errors"
	"fmt"

	"mfaserver/internal/seal"
)

func ExampleSealer() {
	key, err := seal.NewKey()
	if err != nil {
		fmt.Println(err)
		return
	}
	sealer, err := seal.New(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed := sealer.Seal([]byte("upstream cookie"), []byte("sessions, row 1"))
	plain, err := sealer.Open(sealed, []byte("sessions, row 1"))
	fmt.Println(string(plain), err)
	_, err = sealer.Open(sealed, []byte("sessions, row 2"))
	fmt.Println(errors.Is(err, seal.ErrSealBroken))
	// Output:
	// upstream cookie <nil>
	// true
}
