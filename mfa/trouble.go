package mfa

import (
	"errors"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Reasons of duo.* records.
const (
	reasonOutage  = "outage"
	reasonUnknown = "unknown_error"
)

// trouble says whose fault it is that Duo could not be asked.
type trouble struct {
	event  audit.Name
	reason string
	// outage is set for the one class that fail-open may answer.
	outage bool
}

// classify reads an error of the second factor. An error of several classes
// is of the one that is furthest from an outage, and an unknown error is no
// outage: nothing an attacker on the road can fake opens a door.
func classify(err error) trouble {
	rows := []struct {
		is error
		t  trouble
	}{
		{duoclient.ErrUntrustedServer, trouble{event: audit.DuoUntrusted, reason: "untrusted_server"}},
		{duoclient.ErrMisconfigured, trouble{event: audit.DuoMisconfigured, reason: "credentials_refused"}},
		{duoclient.ErrConfig, trouble{event: audit.DuoMisconfigured, reason: "configuration_refused"}},
		{duoclient.ErrArgument, trouble{event: audit.DuoMisconfigured, reason: "argument_refused"}},
		{duoclient.ErrClockSkew, trouble{event: audit.DuoClockSkew, reason: "clock_skew"}},
		{duoclient.ErrMalformedResponse, trouble{event: audit.DuoUnavailable, reason: "malformed_response"}},
		{duoclient.ErrRateLimited, trouble{event: audit.DuoUnavailable, reason: "rate_limited"}},
		{duoclient.ErrBusy, trouble{event: audit.DuoUnavailable, reason: "busy"}},
		{duoclient.ErrOutage, trouble{event: audit.DuoUnavailable, reason: reasonOutage, outage: true}},
	}
	for _, row := range rows {
		if errors.Is(err, row.is) {
			return row.t
		}
	}
	return trouble{event: audit.DuoUnavailable, reason: reasonUnknown}
}

// ours reports whether the trouble is at our end: keys, clock, road.
func (t trouble) ours() bool { return t.event != audit.DuoUnavailable }

// refusal reports whether err says that the code proves nothing, and why.
func refusal(err error) (reason string, refused bool) {
	rows := []struct {
		is     error
		reason string
	}{
		{duoclient.ErrCodeRefused, "code_refused"},
		{duoclient.ErrNotAllowed, "not_allowed"},
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
			return row.reason, true
		}
	}
	return "", false
}
