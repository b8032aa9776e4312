package duoclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

const (
	healthPath     = "/oauth/v1/health_check"
	healthAttempts = 3
	maxSkew        = leeway * time.Second
)

// HealthCheck asks whether Duo is there, takes our credentials and agrees with
// our clock. It may be asked again twice, after a short random wait, when Duo
// could not be reached, answered 5xx, or named a time to wait; ten seconds are
// the limit of it all. Errors match [ErrOutage], [ErrRateLimited],
// [ErrMisconfigured], [ErrClockSkew] (more than 60 s), [ErrUntrustedServer],
// [ErrMalformedResponse] or [ErrBusy]; [*APIError] holds Duo's words. Only
// [ErrOutage] may be met by failing open.
func (u *Universal) HealthCheck(ctx context.Context) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, u.road.limits.whole)
	defer cancel()
	for attempt := 1; ; attempt++ {
		health, err := u.askHealth(ctx)
		if err == nil {
			return health, nil
		}
		wait, worth := worthRetry(err, attempt)
		if !worth || attempt == healthAttempts || !pause(ctx, wait) {
			return Health{}, err
		}
	}
}

func (u *Universal) askHealth(ctx context.Context) (Health, error) {
	proof, err := u.assert(u.healthURL, u.current)
	if err != nil {
		return Health{}, err
	}
	c := form("health_check", healthPath, url.Values{"client_id": {u.clientID}, "client_assertion": {proof}})
	c.hide = []string{proof}
	a, err := u.road.do(ctx, c)
	if err != nil {
		return Health{}, err
	}
	body, err := parseObject(a.body)
	if err != nil {
		return Health{}, fault(c.name, fmt.Sprintf("HTTP %d: %v", a.status, err), ErrMalformedResponse)
	}
	if a.status != http.StatusOK || body["stat"] != "OK" {
		return Health{}, refusal(c, a, body)
	}
	seconds, ok := body.child("response").integer("timestamp")
	if !ok {
		return Health{}, fault(c.name, "no timestamp", ErrMalformedResponse)
	}
	h := Health{Time: time.Unix(seconds, 0).UTC(), Skew: skew(a, seconds)}
	if h.Skew > maxSkew || h.Skew < -maxSkew {
		return Health{}, fault(c.name, describeSkew(h.Skew), ErrClockSkew)
	}
	return h, nil
}

// form builds a POST of an HTML form.
func form(name, path string, values url.Values) call {
	return call{
		name: name, method: http.MethodPost, path: path,
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		body:   []byte(values.Encode()),
	}
}

// skew is our clock minus Duo's. Duo's whole second may be any time between
// sending and receiving, so that a slow answer is not taken for a wrong clock.
func skew(a *answer, theirs int64) time.Duration {
	sent, received := a.sent.Unix(), a.received.Unix()
	switch {
	case theirs < sent:
		return span(sent - theirs)
	case theirs > received:
		return -span(theirs - received)
	default:
		return 0
	}
}

// span turns seconds into a duration without overflow.
func span(seconds int64) time.Duration {
	const century = 100 * 365 * 24 * 3600
	return time.Duration(min(seconds, century)) * time.Second
}

func describeSkew(d time.Duration) string {
	if d < 0 {
		return fmt.Sprintf("our clock is %v behind", -d)
	}
	return fmt.Sprintf("our clock is %v ahead", d)
}

// worthRetry tells whether and after what wait a health check that failed with
// err may be asked again.
func worthRetry(err error, attempt int) (time.Duration, bool) {
	jitter := randomSpan()
	if api, ok := errors.AsType[*APIError](err); ok && errors.Is(err, ErrRateLimited) {
		return api.RetryAfter + jitter/4, api.RetryAfter > 0
	}
	return time.Duration(attempt)*200*time.Millisecond + jitter, Classify(err) == ClassOutage
}

// randomSpan is up to 256 ms.
func randomSpan() time.Duration {
	var b [1]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return time.Duration(b[0])*time.Millisecond + time.Millisecond
}

// pause waits, and reports false at once when that would outlast ctx.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
