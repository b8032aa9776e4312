package duoclient

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// maxGate bounds how long an answer may keep us from asking: a wrong
// Retry-After must not stop all logins.
const maxGate = time.Minute

// gate is closed while Duo has asked us to wait. It runs on the monotonic
// clock, so that a corrected wall clock does not keep it closed.
type gate struct {
	origin time.Time
	opens  *atomic.Int64 // nanoseconds after origin
}

func newGate() gate {
	return gate{
		origin: time.Now(), //nolint:forbidigo // a span of real time, not the time of day
		opens:  new(atomic.Int64),
	}
}

func (g gate) closed() bool { return time.Since(g.origin).Nanoseconds() < g.opens.Load() }

func (g gate) close(wait time.Duration) {
	if wait > 0 {
		g.opens.Store((time.Since(g.origin) + wait).Nanoseconds())
	}
}

// retryAfter reads Retry-After, or the X-Retry-After that Duo also sends:
// seconds or an HTTP date. It gives 0 when there is none or it makes no sense,
// and a minute at most.
func retryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "X-Retry-After"} {
		value := h.Get(name)
		if value == "" {
			continue
		}
		if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
			return min(time.Duration(seconds)*time.Second, maxGate)
		}
		if at, err := http.ParseTime(value); err == nil {
			return min(max(at.Sub(now), 0), maxGate)
		}
	}
	return 0
}
