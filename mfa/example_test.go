package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// A login from the accepted password to the grant, and what becomes of the
// same call made twice.
func Example() {
	memory := mfa.NewMemory()
	flow, err := mfa.New(mfa.Config{
		SecondFactor: new(mfatest.SecondFactor), // a duoclient.Universal in the product
		Transactions: memory, Sources: memory, Codes: memory,
		Accounts: new(mfatest.Accounts), Recorder: new(mfatest.Recorder),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	client := mfa.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	begun, err := flow.Begin(ctx, mfa.BeginRequest{
		Username: "alice", Typed: "Alice", Primary: "SUCCESS",
		RedirectURI: "https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback", Client: client,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	second := mfa.RedeemRequest{
		FormUsername: "Alice", HeaderUsername: []string{"Alice"}, Primary: "SUCCESS",
		Code: "the duo_code of the callback", State: mfatest.StateOf(begun.Challenge.AuthURL),
		RedirectURI: begun.Challenge.RedirectURI, Client: client,
	}
	grant, err := flow.Redeem(ctx, second)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grant.Username, grant.Primary, grant.Factor, grant.Reason)

	_, err = flow.Redeem(ctx, second)
	fmt.Println(errors.Is(err, mfa.ErrRefused), errors.Is(err, mfa.ErrNotPending))
	// Output:
	// alice SUCCESS duo_push user_approved
	// true true
}

// A login in one call: Duo rings the phone while the client waits. After a
// denial the phone is left alone for a while.
func ExampleFlow_Prove() {
	memory, duo := mfa.NewMemory(), new(mfatest.Prover) // in the product over a duoclient.Auth
	flow, err := mfa.New(mfa.Config{
		SecondFactor: new(mfatest.SecondFactor), Prover: duo,
		Transactions: memory, Sources: memory, Codes: memory,
		Accounts: new(mfatest.Accounts), Recorder: new(mfatest.Recorder),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	login := mfa.BeginRequest{Username: "alice", Primary: "SUCCESS", Client: mfa.Client{Addr: netip.MustParseAddr("192.0.2.1")}}
	grant, err := flow.Prove(ctx, login, mfa.Proof{Factor: mfa.FactorPush})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(grant.Username, grant.Primary, grant.Factor, grant.Reason)

	duo.Says("deny", "deny")
	for range 2 {
		_, err = flow.Prove(ctx, login, mfa.Proof{Factor: mfa.FactorPush})
		fmt.Println(err)
	}
	// Output:
	// alice SUCCESS duo_push user_approved
	// mfa: login refused: mfa: denied by the user
	// mfa: login refused: mfa: the phone was asked a moment ago
}
