package duotest

import (
	"fmt"
	"net/http"
	"time"
)

// Faults is everything that the simulator can do wrong on purpose. The zero
// Faults does nothing wrong. Knobs are independent and can be combined; see
// [Server.SetFaults].
type Faults struct {
	// ClockOffset moves the simulator's clock: timestamps, the Date header,
	// iat and exp, and what it takes for expired.
	ClockOffset time.Duration
	// AllowCodeReuse redeems a code again and again.
	AllowCodeReuse bool
	// AllowAssertionReplay takes a client assertion with a jti seen before.
	AllowAssertionReplay bool
	// CodeLifetime is how long a code lives; 5 minutes when zero, born dead
	// when negative.
	CodeLifetime time.Duration
	// RepeatToken answers every exchange with the ID token of the first one
	// since the faults were set, byte for byte. To repeat only its jti, set
	// the claim "jti" in IDToken.Claims.
	RepeatToken bool
	// DenyRedirects sends the browser back with error=access_denied when the
	// person denies, instead of staying on the page.
	DenyRedirects bool
	// FailedPush lets every push get lost: the page says so, no phone rings.
	FailedPush bool

	// Connection spoils connections before there is a request.
	Connection ConnectionFaults
	// HealthCheck, Authorize and Token spoil the answers of one endpoint.
	HealthCheck, Authorize, Token AnswerFaults
	// API spoils the answers of the Auth, Admin and Accounts APIs. The key
	// is a path ("/admin/v1/users"), a route with its ids left open
	// ("/admin/v1/users/{user_id}/phones"), either of them after a method
	// and a blank ("POST /admin/v1/users"), or "*" for every call. The most
	// particular one counts alone.
	API map[string]AnswerFaults
	// Callback spoils the redirect to the application.
	Callback CallbackFaults
	// IDToken spoils the ID token.
	IDToken IDTokenFaults
}

// ConnectionFaults spoils TCP and TLS. They hold for connections made after
// they were set; one that is open already goes on.
type ConnectionFaults struct {
	// Refuse resets every connection before its first byte.
	Refuse bool
	// Silent accepts and never says anything: a stalled TLS handshake.
	Silent bool
	// Plain answers in plain HTTP where TLS is expected.
	Plain bool
	// Certificate chooses a bad certificate.
	Certificate CertificateFault
	// MaxTLS is the highest TLS version on offer, such as tls.VersionTLS11.
	MaxTLS uint16
}

// CertificateFault is what is wrong with the server's certificate.
type CertificateFault string

// The faults of a certificate.
const (
	// CertificateExpired ended an hour ago.
	CertificateExpired CertificateFault = "expired"
	// CertificateEarly begins in an hour.
	CertificateEarly CertificateFault = "early"
	// CertificateWrongName is for wrong.example.
	CertificateWrongName CertificateFault = "wrong name"
	// CertificateUntrusted comes from an authority that nobody knows.
	CertificateUntrusted CertificateFault = "untrusted"
)

// AnswerFaults spoils one endpoint's HTTP answer. Delay, Hang and ResetBefore
// come before the request is acted on; the others replace or damage an answer
// whose effect (a spent code) has happened.
type AnswerFaults struct {
	// Skip leaves the first requests alone, and First limits the faults to
	// that many requests after them (zero: all). They count from SetFaults.
	Skip, First int

	// Instead leaves the request undone: only Status, Header, Body and the
	// like are answered. A signed API checks who calls all the same, as the
	// service does before it counts calls.
	Instead bool
	// Delay waits before the request is acted on.
	Delay time.Duration
	// Hang reads the request and never answers or acts.
	Hang bool
	// ResetBefore resets the connection once the request was read and before
	// it is acted on.
	ResetBefore bool
	// ResetAfter acts on the request and resets the connection instead of
	// answering.
	ResetAfter bool
	// HangAfter acts on the request and never answers.
	HangAfter bool

	// Informational sends that many "103 Early Hints" first.
	Informational int
	// Status takes the place of the status.
	Status int
	// Header sets header fields: Retry-After, Location, Content-Type,
	// Content-Length (a lie), ...
	Header map[string]string
	// Body, when not nil, takes the place of the body.
	Body *string
	// JSON changes the JSON object of the body.
	JSON JSONFaults

	// Redirect answers with Location here; the status is 302 unless Status
	// says otherwise.
	Redirect string
	// Pad writes that many blanks after the body, so that JSON stays JSON.
	Pad int64
	// Endless goes on sending blanks after the body for ever.
	Endless bool
	// Gzip compresses the body (with its padding) though nobody may have
	// asked: with a large Pad, a bomb.
	Gzip bool
	// Truncate ends the connection after half of the body.
	Truncate bool
	// DripHeader and DripBody send one byte each time this has passed.
	DripHeader, DripBody time.Duration
	// Garbage answers in bytes that are not HTTP.
	Garbage bool
}

// JSONFaults changes one JSON object that is about to be sent.
type JSONFaults struct {
	// Set gives members another value or adds them. A dot reaches into inner
	// objects: "auth_result.result". Names are taken as they stand, so a
	// case variant ("PREFERRED_USERNAME") becomes a second member. Values
	// are encoded by encoding/json; json.RawMessage goes out as it is.
	Set map[string]any
	// Remove leaves members out; dots as in Set.
	Remove []string
	// Repeat writes these members again at the end of the object: a
	// duplicate key, or with RepeatFirst at its beginning.
	Repeat map[string]any
	// RepeatFirst puts the members of Repeat first.
	RepeatFirst bool
	// Trailing is written after the object.
	Trailing string
	// Replace takes the place of the object, whatever it is.
	Replace string
}

// CallbackFaults changes the query that goes to the application.
type CallbackFaults struct {
	// Set gives parameters another value or adds them.
	Set map[string]string
	// Remove leaves parameters out.
	Remove []string
	// Repeat adds these parameters again.
	Repeat map[string]string
}

// IDTokenFaults changes the ID token. Claims are changed first, then it is
// signed, then the text is changed.
type IDTokenFaults struct {
	// Claims changes the payload: wrong, missing or array iss, aud, nonce,
	// exp, iat, preferred_username, auth_result, auth_context, ...
	Claims JSONFaults
	// Header changes the JOSE header and nothing else: crit, kid, jku, zip,
	// b64, a second alg.
	Header JSONFaults
	// Reason, Factor, EventType and Result take their places in
	// auth_context.
	Reason, Factor, EventType, Result string
	// IssuedAt and Expires move iat and exp.
	IssuedAt, Expires time.Duration
	// Algorithm names another algorithm in the header and, for none, HS256
	// and HS384, signs with it. Every other name goes with an HS512
	// signature.
	Algorithm string
	// Secret signs in place of the client's secret.
	Secret string
	// BreakSignature flips one bit of the signature.
	BreakSignature bool
	// EmptySignature leaves it out and keeps the dot.
	EmptySignature bool
	// Rewrite has the last word on the text of the token: padding, other
	// alphabets, more segments.
	Rewrite func(token string) string
}

// active says whether the faults hold for the nth request (from zero).
func (f *AnswerFaults) active(n int) bool {
	return n >= f.Skip && (f.First == 0 || n < f.Skip+f.First)
}

// RateLimited answers the first requests (all, when that is zero) with 429, and
// with a Retry-After unless that is empty, and leaves them undone.
func RateLimited(first int, retryAfter string) AnswerFaults {
	f := Outage(first, http.StatusTooManyRequests)
	f.Body = new(`{"code": 42901, "message": "Too Many Requests", "stat": "FAIL"}`)
	if retryAfter != "" {
		f.Header = map[string]string{"Retry-After": retryAfter}
	}
	return f
}

// Outage answers the first requests (all, when that is zero) with a status of
// 500 or more and leaves them undone.
func Outage(first, status int) AnswerFaults {
	body := fmt.Sprintf(`{"code": %d00, "message": "Internal error", "stat": "FAIL"}`, status)
	return AnswerFaults{First: first, Status: status, Body: &body, Instead: true}
}
