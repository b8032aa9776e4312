package duoclient

import (
	"fmt"
	"strings"
	"time"
)

// APIError is a refusal in Duo's own words. It matches the sentinel that says
// what the refusal means ([ErrCodeRefused], [ErrMisconfigured], [ErrClockSkew],
// [ErrRateLimited], [ErrOutage], [ErrBadParameter], [ErrDuplicate],
// [ErrNotFound]). Its texts are safe to log.
type APIError struct {
	// Call is the endpoint: health_check, token, or method and path.
	Call string
	// HTTPStatus is the status of the answer.
	HTTPStatus int
	// Code is Duo's five-digit code, 0 when there is none.
	Code int
	// Message is Duo's message, or the OAuth error.
	Message string
	// Detail is Duo's message_detail, or the OAuth error_description.
	Detail string
	// RetryAfter is how long Duo asks to wait; 0 when it does not say.
	RetryAfter time.Duration
	// Method and Path are those of the request.
	Method, Path string

	kind error
	note string
}

// Error implements error.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s: HTTP %d", e.kind, e.Call, e.HTTPStatus)
	if e.Code != 0 {
		fmt.Fprintf(&b, " code %d", e.Code)
	}
	for _, s := range []string{e.Message, e.Detail, e.note} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	return b.String()
}

// Unwrap gives the sentinel.
func (e *APIError) Unwrap() error { return e.kind }

// callError is a call that ended without an answer of Duo's, or with one that
// is none.
type callError struct {
	head   string
	call   string
	detail string
	kinds  []error
}

func (e *callError) Error() string { return e.head + ": " + e.call + ": " + e.detail }

func (e *callError) Unwrap() []error { return e.kinds }

// fault builds the error of a call; detail must be fit for logs already.
func fault(call, detail string, kinds ...error) error {
	return &callError{head: kinds[0].Error(), call: call, detail: detail, kinds: kinds}
}

// tokenError is one broken rule of the ID token.
type tokenError struct {
	rule   error
	detail string
}

func (e *tokenError) Error() string { return e.rule.Error() + ": " + e.detail }

func (e *tokenError) Unwrap() []error { return []error{e.rule, ErrBadToken} }

// badToken builds the error of a refused ID token. detail must hold nothing of
// the token.
func badToken(rule error, detail string) error { return &tokenError{rule: rule, detail: detail} }
