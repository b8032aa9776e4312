package duoclient

import (
	"context"
	"net"
	"net/url"
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
	return u.verify(token, r, u.current)
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

// ToSign is what a signature speaks for.
type ToSign struct {
	Version                  SignatureVersion
	Date, Method, Host, Path string
	Params                   url.Values
	Body                     []byte
	Headers                  [][2]string
}

func (s ToSign) inner() toSign {
	return toSign{
		version: s.Version, date: s.Date, method: s.Method, host: s.Host, path: s.Path,
		params: s.Params, body: s.Body, headers: s.Headers,
	}
}

// Canonical is the text that is signed.
func (s ToSign) Canonical() []byte { return s.inner().canonical() }

// Authorization is the header's value.
func (s ToSign) Authorization(key, secretKey string) string {
	return s.inner().authorization(key, secretKey)
}

// Envelope opens an answer as calls do, and gives its response, metadata and
// the place of the next page.
func Envelope(status int, body []byte) (response, metadata []byte, err error) {
	op := get("/admin/v1/users", nil)
	a := &answer{status: status, body: body}
	if status != 200 || failed(a) {
		return nil, nil, refuse(op, call{}, a, time.Time{})
	}
	e, err := openEnvelope(op, a)
	if err != nil {
		return nil, nil, err
	}
	return e.response, e.metadata, nil
}

// More unexported functions under test.
var (
	CanonicalParams  = canonicalParams
	CanonicalHeaders = canonicalHeaders
	HexSHA512        = hexSHA512
	NextOffset       = nextOffset
	Cursor           = cursor
)
