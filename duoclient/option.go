package duoclient

import (
	"context"
	"net"
	"time"
)

// Option changes what is rarely changed.
type Option func(*options)

type options struct {
	now       func() time.Time
	userAgent string
	limits    limits
	sleep     func(ctx context.Context, d time.Duration) error
	// redirectDial gives the address to dial in place of the host's; the
	// guard on private addresses stays. Tests only.
	redirectDial func(address string) string
	// dial replaces the guarded dialer. Tests only.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// observe is told of calls; it may be nil.
	observe func(Observation)
}

func newOptions(opts []Option) options {
	o := options{
		now:       time.Now, //nolint:forbidigo // the one real clock of this package
		userAgent: "mfaserver",
		limits:    defaultLimits(),
		sleep:     sleep,
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithClock sets the clock against which tokens and Duo's answers are judged.
// Deadlines of calls follow real time.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithUserAgent sets the User-Agent header.
func WithUserAgent(name string) Option { return func(o *options) { o.userAgent = name } }

// Observation is how long Duo took to answer, and what came of it.
type Observation struct {
	// Call names the endpoint, as errors do; there may be keys of Duo's in it.
	Call string
	// Endpoint is the method and the pattern of the path, such as "GET
	// /admin/v1/users/:user_id": there are some hundred. Of a generic call it
	// is [OtherEndpoint].
	Endpoint string
	// Host is the API host that was asked, AccountID the child account that was
	// spoken for, if any.
	Host, AccountID string
	// Took is the time from the request to the end of the answer.
	Took time.Duration
	// Waits: the call may wait for a person, or reads a long list, so that Took
	// says nothing of Duo.
	Waits bool
	// Failed: there was no answer, or one that says that Duo is in trouble.
	// Nobody's credentials or clock are meant.
	Failed bool
	// Class is whose fault it was, as far as the status of the answer tells;
	// [ClassNone] when Duo took the call.
	Class Class
	// Skew is our clock minus the Date of the answer, to a second; it means
	// nothing unless Dated.
	Skew  time.Duration
	Dated bool
}

// OtherEndpoint stands for the endpoints of generic calls.
const OtherEndpoint = "other"

// WithObserver has every call watched, once a request was made for it. Calls
// that the caller gave up are left out. observe must not wait; it is called
// from many goroutines.
func WithObserver(observe func(Observation)) Option {
	return func(o *options) { o.observe = observe }
}
