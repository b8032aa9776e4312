package redis_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"go.uber.org/goleak"

	"mfaserver/internal/store/redis/redistest"
)

// shared is the server of all tests that do nothing to it; nil when there is no
// redis-server. Each store has a prefix of its own.
var shared *redistest.Server

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		panic(err)
	}
	shared, err = redistest.Start(context.Background(), redistest.Config{Dir: dir})
	if err != nil && (!errors.Is(err, redistest.ErrMissing) || os.Getenv("CI") != "") {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent(), goleak.Cleanup(func(code int) {
		if shared != nil {
			shared.Stop()
		}
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}
