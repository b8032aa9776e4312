package duoclient

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/http"
	"time"
)

const (
	maxRequests = 7 // of one call, retries included
	firstWait   = time.Second
	longestWait = 32 * time.Second
)

// WithSleep replaces the waiting between the requests of one call: it must
// wait for d and then give nil, or give the context's error when that ends
// first. Without it, real time passes.
func WithSleep(sleep func(ctx context.Context, d time.Duration) error) Option {
	return func(o *options) { o.sleep = sleep }
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retry asks again while Duo answers 429 or 5xx to an operation that may be
// repeated: after 1, 2, 4, 8, 16 and 32 seconds, or what Duo asks for, and up
// to a second of chance each. Every request is built and signed anew. The last
// refusal is the error when all were in vain, or when the next wait would
// outlast ctx.
func (a *api) retry(ctx context.Context, op operation) (*answer, error) {
	wait := firstWait
	for asked := 1; ; asked++ {
		got, err := a.once(ctx, op)
		if err == nil {
			return got, nil
		}
		refused, ok := errors.AsType[*APIError](err)
		if !ok || !op.repeatable || asked == maxRequests || !passing(refused.HTTPStatus) {
			return nil, err
		}
		pause := wait
		if refused.RetryAfter > 0 {
			pause = refused.RetryAfter
		}
		pause += chance()
		wait = min(2*wait, longestWait)
		if end, limited := ctx.Deadline(); limited && time.Until(end) <= pause {
			return nil, err
		}
		if a.sleep(ctx, pause) != nil {
			return nil, givenUp(ctx, op.name(), err)
		}
	}
}

// passing reports the statuses that may be others a little later.
func passing(status int) bool { return status == http.StatusTooManyRequests || status >= 500 }

// givenUp is the error of a wait that the context ended.
func givenUp(ctx context.Context, name string, last error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &callError{
			head: "duoclient: call given up", call: name, detail: "the caller cancelled it while waiting to ask again",
			kinds: []error{context.Canceled},
		}
	}
	return last
}

// chance is up to a second.
func chance() time.Duration {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return time.Duration(binary.LittleEndian.Uint32(b[:])) * time.Second >> 32
}
