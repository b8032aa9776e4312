package mfa_test

import (
	"fmt"
	"testing"

	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// BenchmarkLogin is the flow's own share of a whole login: memory store, Duo
// and directory stubbed.
func BenchmarkLogin(b *testing.B) {
	memory := mfa.NewMemory()
	flow, err := mfa.New(mfa.Config{
		SecondFactor: new(mfatest.SecondFactor), Transactions: memory, Sources: memory, Codes: memory,
		Accounts: new(mfatest.Accounts), Recorder: new(mfatest.Recorder),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		q := asUser(fmt.Sprint(n))
		begun, err := flow.Begin(b.Context(), q)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := flow.Redeem(b.Context(), loginOf(begun.Challenge, q).second); err != nil {
			b.Fatal(err)
		}
	}
}
