package token_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/seal"
	"mfaserver/internal/token"
)

// A program's token works until it is revoked.
func ExampleTokens() {
	if err := runTokens(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// recognised as token
	// svc-export, read only: true
	// may it delete? false
	// revoked: token: refused: revoked
}

func runTokens(ctx context.Context) error {
	key, err := seal.NewKey()
	if err != nil {
		return err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return err
	}
	tokens, err := token.NewTokens(token.TokensConfig{
		Store: token.NewMemoryTokens(), Sealer: sealer, Recorder: new(audittest.Memory),
	})
	if err != nil {
		return err
	}
	made, value, err := tokens.Create(ctx, token.New{
		Name: "nightly export", Username: "svc-export", Owner: "alice", By: "root", ReadOnly: true,
		Paths: []string{"/channels"}, Expires: time.Now().Add(24 * time.Hour),
	})
	if err != nil {
		return err
	}

	password := value.Reveal() // as a client sends it
	kind, _ := token.KindOf(password)
	fmt.Println("recognised as", kind)
	from := netip.MustParseAddr("192.0.2.7")
	used, err := tokens.Check(ctx, password, from)
	if err != nil {
		return err
	}
	fmt.Printf("%s, read only: %t\n", used.Username, used.ReadOnly)
	fmt.Println("may it delete?", used.Covers("DELETE", "/channels/1"))

	if _, err := tokens.Revoke(ctx, made.ID, "root", "no longer needed"); err != nil {
		return err
	}
	_, err = tokens.Check(ctx, password, from)
	fmt.Println("revoked:", err)
	return nil
}

// A sign-in code carries a complete login to a client that can only type a
// password.
func ExampleCodes() {
	codes, err := token.NewCodes(token.CodesConfig{Store: token.NewMemoryCodes(), Recorder: new(audittest.Memory)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	code, _, err := codes.Issue(ctx, token.Proof{Username: "alice", Factor: "duo_push"})
	if err != nil {
		fmt.Println(err)
		return
	}
	from := netip.MustParseAddr("192.0.2.7")
	proof, err := codes.Redeem(ctx, "alice", code.Reveal(), from)
	fmt.Println(proof.Username, proof.Factor, err)
	_, err = codes.Redeem(ctx, "alice", code.Reveal(), from)
	fmt.Println(errors.Is(err, token.ErrSpent))
	// Output:
	// alice duo_push <nil>
	// true
}
