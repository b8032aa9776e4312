package duoclient

import (
	"context"
	"errors"
	"time"
)

const (
	// pollGap is the least time between two questions that gave the same
	// answer: Duo holds a question back until something changes, but a server
	// that does not must not be asked without end.
	pollGap = time.Second
	// pollFailures is how many questions in a row may fail while waiting.
	pollFailures = 3
)

// AuthStatus asks how far an authentication is: GET /auth/v2/auth_status with
// txid. Duo answers when something has changed since the last question, which
// takes up to a minute; 70 seconds are the limit. An unknown txid, or one whose
// end was told, is [ErrBadParameter].
func (a *Auth) AuthStatus(ctx context.Context, txid string) (*AuthResult, error) {
	params := newParameters()
	params.uuid("txid", txid)
	op := get("/auth/v2/auth_status", params)
	op.whole = longTime
	return a.result(ctx, op)
}

// Wait follows an authentication to its end, and calls progress, when it is
// not nil, with every news on the way. A question that Duo does not answer in
// time (code 40002, or a lost connection) is asked again, three times in a row
// at most. ctx bounds it all.
func (a *Auth) Wait(ctx context.Context, txid string, progress func(AuthResult)) (*AuthResult, error) {
	var last AuthResult
	for failures := 0; ; {
		got, err := a.AuthStatus(ctx, txid)
		switch {
		case err != nil:
			failures++
			if failures == pollFailures || !worthAsking(ctx, err, last) {
				return nil, err
			}
		case got.Result != AuthWaiting:
			return got, nil
		case got.Status != last.Status || got.StatusMsg != last.StatusMsg:
			last, failures = *got, 0
			if progress != nil {
				progress(last)
			}
			continue
		default:
			failures = 0
		}
		if a.api.sleep(ctx, pollGap) != nil {
			return nil, givenUp(ctx, "GET /auth/v2/auth_status", ended(ctx, "GET /auth/v2/auth_status"))
		}
	}
}

// worthAsking tells a question that ran out of time from one that Duo refuses:
// a txid of which Duo has told something is not unknown.
func worthAsking(ctx context.Context, err error, last AuthResult) bool {
	if ctx.Err() != nil {
		return false
	}
	if _, refused := errors.AsType[*APIError](err); refused {
		return errors.Is(err, ErrBadParameter) && last.Result == AuthWaiting
	}
	return errors.Is(err, ErrOutage)
}
