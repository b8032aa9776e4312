package duoclient

import "errors"

// Errors of every call. They say whose fault it is, because that decides what
// happens next: a refusal is about the user, an outage about the road to Duo,
// a misconfiguration about us, an untrusted server about somebody in between.
// Only an outage may ever be met by failing open.
var (
	// ErrOutage: Duo could not be reached or answered 5xx: dial, timeout,
	// connection cut.
	ErrOutage = errors.New("duoclient: Duo cannot be reached")
	// ErrRateLimited: Duo answered 429.
	ErrRateLimited = errors.New("duoclient: Duo asks to slow down")
	// ErrMisconfigured: Duo refused our keys or our request: client ID,
	// client secret, API host.
	ErrMisconfigured = errors.New("duoclient: Duo refuses our credentials")
	// ErrClockSkew: our clock and Duo's differ by more than is allowed.
	ErrClockSkew = errors.New("duoclient: clock differs from Duo's")
	// ErrUntrustedServer: the server at Duo's address is not Duo: unknown
	// certificate authority, wrong name, private address, plain HTTP.
	ErrUntrustedServer = errors.New("duoclient: server is not trusted")
	// ErrMalformedResponse: an answer that Duo would not give: no JSON, too
	// large, wrong fields, a redirect.
	ErrMalformedResponse = errors.New("duoclient: malformed response")
	// ErrNotSent is joined to an error when the request cannot have reached
	// Duo: the code was not spent.
	ErrNotSent = errors.New("duoclient: request was not sent")
	// ErrBusy: too many calls to Duo at once; joined with [ErrNotSent].
	ErrBusy = errors.New("duoclient: too many concurrent calls")
)

// Refusals of the Auth, Admin and Accounts APIs, besides those above.
var (
	// ErrBadParameter: Duo misses a parameter or does not take its value
	// (codes 40001 and 40002); it also says so of an unknown user or txid.
	ErrBadParameter = errors.New("duoclient: Duo refuses a parameter")
	// ErrDuplicate: the user, phone, token or group exists already (40003).
	ErrDuplicate = errors.New("duoclient: exists already")
	// ErrNotFound: no such object (40401), or an empty answer to a search.
	ErrNotFound = errors.New("duoclient: not found")
)

// Refusals of an exchange.
var (
	// ErrCodeRefused: Duo does not take the code (RFC 6749 invalid_grant).
	ErrCodeRefused = errors.New("duoclient: code refused")
	// ErrNotAllowed: a genuine ID token whose auth_result is not allow.
	ErrNotAllowed = errors.New("duoclient: second factor not allowed")
	// ErrSecretRetired: the client secret that began this login is not
	// configured any more, or Duo does not take it any more.
	ErrSecretRetired = errors.New("duoclient: the client secret of this login was exchanged")
)

// Faults of an ID token. Each also matches [ErrBadToken].
var (
	ErrBadToken       = errors.New("duoclient: ID token refused")
	ErrTokenMalformed = errors.New("duoclient: ID token is malformed")
	ErrTokenAlgorithm = errors.New("duoclient: ID token algorithm is not HS512")
	ErrTokenSignature = errors.New("duoclient: ID token signature is wrong")
	ErrTokenIssuer    = errors.New("duoclient: ID token issuer is wrong")
	ErrTokenAudience  = errors.New("duoclient: ID token audience is wrong")
	ErrTokenNonce     = errors.New("duoclient: ID token nonce is wrong")
	ErrTokenUsername  = errors.New("duoclient: ID token names another user")
	ErrTokenExpired   = errors.New("duoclient: ID token expired or without expiry")
	ErrTokenIssuedAt  = errors.New("duoclient: ID token issue time is wrong or missing")
	ErrTokenReused    = errors.New("duoclient: ID token seen before")
)

// Errors of configuration and arguments.
var (
	ErrConfig   = errors.New("duoclient: configuration refused")
	ErrArgument = errors.New("duoclient: argument refused")
	// ErrInvalid: a parameter breaks a rule that we know, see
	// [ParameterError]. Nothing was sent.
	ErrInvalid = errors.New("duoclient: parameter refused")
)
