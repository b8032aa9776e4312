package primary_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

func ExampleLocal() {
	limiter, err := throttle.New(primary.LoginLimits(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	directory, err := primary.NewLocal(primary.LocalConfig{Users: primary.NewMemoryUsers(), Limiter: limiter})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, oneTime, err := directory.AddOneTime(ctx, primary.NewUser{Username: "alice", Role: primary.RoleAdmin})
	if err != nil {
		fmt.Println(err)
		return
	}
	attempt := primary.Attempt{Username: "alice", Password: oneTime, Source: netip.MustParseAddr("192.0.2.1")}
	result, err := directory.Authenticate(ctx, attempt)
	fmt.Println(result.User.Username, result.Status, err)
	_, err = directory.Authenticate(ctx, attempt)
	fmt.Println(errors.Is(err, primary.ErrRefused), err)
	_, err = directory.SetPassword(ctx, "alice", secret.New("password1234"))
	fmt.Println(err)
	// Output:
	// alice success <nil>
	// true primary: incorrect username or password
	// primary: password not allowed: it is one of the most common ones
}
