package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mfaserver/internal/throttle"
)

func Example() {
	l, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 20, Window: time.Minute}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	who := throttle.Subject{Source: netip.MustParseAddr("2001:db8::1")}
	for l.Check(ctx, who) == nil {
		_ = l.Fail(ctx, who)
	}
	neighbour := throttle.Subject{Source: netip.MustParseAddr("2001:db8::2")}
	if e, ok := errors.AsType[*throttle.Error](l.Check(ctx, neighbour)); ok {
		fmt.Println(e, "of one", e.Scope, "wait", e.RetryAfter.Round(time.Second))
	}
	// Output: throttle: too many failures of one source wait 4s
}
