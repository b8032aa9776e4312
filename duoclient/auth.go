package duoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Auth is the client of one application of type Auth API: second factors
// without a browser. It is safe for concurrent use and prints without its
// secrets.
//
// Errors of every call: [*ParameterError] before anything is sent;
// [*APIError], which matches [ErrMisconfigured] (codes 40101 to 40104 and
// 40301), [ErrClockSkew] (40105), [ErrBadParameter] (40001, 40002),
// [ErrDuplicate] (40003), [ErrNotFound] (40401), [ErrRateLimited] (429) or
// [ErrOutage] (5xx); and [ErrOutage], [ErrUntrustedServer],
// [ErrMalformedResponse], [ErrBusy] or the context's of the way there. Calls
// that read are asked again after 429 and 5xx, seven times in all at most;
// those that make something are sent once.
type Auth struct{ api *api }

// NewAuth checks c and builds the client; nothing is sent. Errors match
// [ErrConfig] and name every fault.
func NewAuth(c APIConfig, opts ...Option) (*Auth, error) {
	if c.AccountID != "" {
		return nil, fmt.Errorf("%w: the Auth API takes no account ID; a child account has keys of its own", ErrConfig)
	}
	a, err := newAPI(c, opts)
	if err != nil {
		return nil, err
	}
	return &Auth{api: a}, nil
}

// APIHost is the configured host (host:port for a simulator).
func (a *Auth) APIHost() string { return a.api.road.host }

// Close closes idle connections. Calls under way go on.
func (a *Auth) Close() { a.api.close() }

// Ping asks whether Duo is there and what time it has: GET /auth/v2/ping. It is
// not signed, so it tells nothing of the keys.
func (a *Auth) Ping(ctx context.Context) (time.Time, error) {
	op := get("/auth/v2/ping", nil)
	op.unsigned = true
	return a.time(ctx, op)
}

// Check asks whether Duo takes the keys and the clock: GET /auth/v2/check. It
// gives Duo's time.
func (a *Auth) Check(ctx context.Context) (time.Time, error) {
	return a.time(ctx, get("/auth/v2/check", nil))
}

func (a *Auth) time(ctx context.Context, op operation) (time.Time, error) {
	v, err := read[struct {
		Time time.Time `json:"time"`
	}](ctx, a.api, op)
	if err != nil {
		return time.Time{}, err
	}
	if v.Time.IsZero() {
		return time.Time{}, unexpected(op, "a time")
	}
	return v.Time, nil
}

// Logo gives the account's logo, a PNG of at most 1 MiB: GET /auth/v2/logo.
// [ErrNotFound] when there is none.
func (a *Auth) Logo(ctx context.Context) ([]byte, error) {
	op := get("/auth/v2/logo", nil)
	op.limit = 1 << 20
	got, err := a.api.retry(ctx, op)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(got.header.Get("Content-Type"), "image/") || http.DetectContentType(got.body) != "image/png" {
		return nil, unexpected(op, "a PNG image")
	}
	return got.body, nil
}

// Call makes any call below /auth/ and gives its response as Duo sent it.
// params go into the query (GET, DELETE) or the body. GET and DELETE are asked
// again after 429 and 5xx, others never.
func (a *Auth) Call(ctx context.Context, method, path string, params url.Values) (json.RawMessage, error) {
	raw, err := a.api.call(ctx, method, path, params, "/auth/")
	return raw.Response, err
}
