package mfatest_test

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/duoclient"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// Duo is down, and nobody gets in.
func ExampleSecondFactor() {
	duo := new(mfatest.SecondFactor)
	duo.OnHealth(func(context.Context) (duoclient.Health, error) {
		return duoclient.Health{}, duoclient.ErrOutage
	})
	memory := mfa.NewMemory()
	flow, err := mfa.New(mfa.Config{
		SecondFactor: duo, Transactions: memory, Sources: memory, Codes: memory,
		Accounts: new(mfatest.Accounts), Recorder: new(mfatest.Recorder),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = flow.Begin(context.Background(), mfa.BeginRequest{
		Username: "alice", Typed: "alice", Primary: "SUCCESS", RedirectURI: "https://mirth.example.org/callback",
	})
	fmt.Println(errors.Is(err, mfa.ErrSecondFactorUnavailable), duo.Probes())
	// Output: true 1
}
