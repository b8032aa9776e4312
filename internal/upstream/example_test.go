package upstream_test

import (
	"context"
	"errors"
	"fmt"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/internal/upstream"
)

// A password is checked, the second factor is proved elsewhere, a session holds
// what the engine opened, and its end ends that too.
func Example() {
	ctx := context.Background()
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
	limiter, err := throttle.New(upstream.LoginLimits(3, 1))
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := newEngine() // in a server, an engine.Client
	u, err := upstream.New(upstream.Config{
		Engine: engine, Ledger: upstream.NewMemoryLedger(), Sealer: sealer, Limiter: limiter, Recorder: &audittest.Memory{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := u.Recover(ctx); err != nil { // before the first login
		fmt.Println(err)
		return
	}
	result, err := u.Authenticate(ctx, primary.Attempt{Username: "ALICE", Password: secret.New(right)})
	if err != nil {
		fmt.Println(err)
		return
	}
	who := result.User.Username
	fmt.Println("it is", who, "with sessions at the engine:", engine.live())
	// ... Duo says yes, and a session of this server starts.
	if err := u.Adopt(ctx, who, result.Carry); err != nil {
		fmt.Println(err)
	}
	cookie, err := u.Cookie(who, result.Carry)
	fmt.Println("the cookie prints as", cookie, err)
	u.Release(ctx, who, result.Carry)
	err = u.Adopt(ctx, who, result.Carry)
	fmt.Println("again:", errors.Is(err, upstream.ErrGone))
	if err := u.Close(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println("sessions at the engine:", engine.live())
	// Output:
	// it is alice with sessions at the engine: 1
	// the cookie prints as [REDACTED] <nil>
	// again: true
	// sessions at the engine: 0
}
