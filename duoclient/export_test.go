package duoclient

import (
	"context"
	"net"
	"time"
)

// TestLimits are the limits that tests make small.
type TestLimits struct {
	Connect, Handshake, Header, Whole, Queue time.Duration
}

// DefaultLimits are the limits of a client without options.
func DefaultLimits() (l TestLimits, concurrent int, body int64) {
	d := defaultLimits()
	return TestLimits{d.connect, d.handshake, d.header, d.whole, d.queue}, d.concurrent, d.body
}

// WithLimits shrinks the limits; zero fields stay.
func WithLimits(l TestLimits) Option {
	return func(o *options) {
		for _, row := range []struct {
			to   *time.Duration
			from time.Duration
		}{
			{&o.limits.connect, l.Connect},
			{&o.limits.handshake, l.Handshake},
			{&o.limits.header, l.Header},
			{&o.limits.whole, l.Whole},
			{&o.limits.queue, l.Queue},
		} {
			if row.from != 0 {
				*row.to = row.from
			}
		}
	}
}

// WithDial replaces the guarded dialer.
func WithDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	return func(o *options) { o.dial = dial }
}

// WithRedirectDial leads the guarded dialer elsewhere.
func WithRedirectDial(to func(string) string) Option {
	return func(o *options) { o.redirectDial = to }
}

// Verify checks a token as Exchange does.
func (u *Universal) Verify(token string, r ExchangeRequest) (*Identity, error) {
	return u.verify(token, r)
}

// SetRemembered shrinks the memory for tokens.
func (u *Universal) SetRemembered(size int) { u.seen = newSeenTokens(size) }

// Remembered counts the tokens remembered.
func (u *Universal) Remembered() int { return len(u.seen.young) + len(u.seen.old) }

// Assertion is the claim set of a client assertion.
type Assertion = assertion

// Unexported functions under test.
var (
	SignJWT       = signJWT
	OpenJWT       = openJWT
	ParseObject   = parseObject
	PublicAddress = publicAddress
	ForeignText   = foreignText
	DuoRoots      = duoRoots
)
