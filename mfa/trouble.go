package mfa

import (
	"errors"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// trouble says whose fault it is that Duo could not be asked.
type trouble struct {
	event audit.Name
	class duoclient.Class
}

// classify reads an error of the second factor that is not about one user's
// code. Arguments that Duo's client refuses are then our own.
func classify(err error) trouble {
	t := trouble{event: audit.DuoUnavailable, class: duoclient.Classify(err)}
	switch t.class {
	case duoclient.ClassMisconfigured, duoclient.ClassRefusal:
		t.event = audit.DuoMisconfigured
	case duoclient.ClassClockSkew:
		t.event = audit.DuoClockSkew
	case duoclient.ClassUntrusted:
		t.event = audit.DuoUntrusted
	default:
	}
	return t
}

// reason is the class as audit records and logs have it.
func (t trouble) reason() string { return t.class.String() }

// outage reports the one class that fail-open may answer.
func (t trouble) outage() bool { return t.class == duoclient.ClassOutage }

// ours reports whether the trouble is at our end: keys, clock, road.
func (t trouble) ours() bool { return t.event != audit.DuoUnavailable }

// refusal says why the code of one login proves nothing, as audit records
// have it.
func refusal(err error) string {
	rows := []struct {
		is     error
		reason string
	}{
		{duoclient.ErrCodeRefused, "code_refused"},
		{duoclient.ErrNotAllowed, "not_allowed"},
		{duoclient.ErrSecretRetired, "secret_retired"},
		{duoclient.ErrTokenMalformed, "token_malformed"},
		{duoclient.ErrTokenAlgorithm, "token_algorithm"},
		{duoclient.ErrTokenSignature, "token_signature"},
		{duoclient.ErrTokenIssuer, "token_issuer"},
		{duoclient.ErrTokenAudience, "token_audience"},
		{duoclient.ErrTokenNonce, "token_nonce"},
		{duoclient.ErrTokenUsername, "token_username"},
		{duoclient.ErrTokenExpired, "token_expired"},
		{duoclient.ErrTokenIssuedAt, "token_issued_at"},
		{duoclient.ErrTokenReused, "token_reused"},
		{duoclient.ErrBadToken, "token_refused"},
		{duoclient.ErrArgument, "code_malformed"},
	}
	for _, row := range rows {
		if errors.Is(err, row.is) {
			return row.reason
		}
	}
	return "refused"
}
