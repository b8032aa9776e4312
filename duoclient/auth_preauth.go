package duoclient

import (
	"context"
	"net/netip"
	"time"

	"mfaserver/internal/secret"
)

// PreauthParams names a user and says where he comes from.
type PreauthParams struct {
	// Username is a user's name or alias, at most 256 bytes; UserID his key.
	// Exactly one of the two.
	Username, UserID string
	// IPAddr is the client's address; policies judge it.
	IPAddr netip.Addr
	// Hostname is the client's host.
	Hostname string
	// TrustedDeviceToken is that of an earlier [AuthResult]: Duo may let the
	// user in for it.
	TrustedDeviceToken secret.Secret
	// VerifiedPush says that we can show the user a code to type on the phone.
	VerifiedPush bool
}

// PreauthOutcome is what has to happen next.
type PreauthOutcome string

// The outcomes. Others may come: what is none of these is a deny.
const (
	PreauthAuth   PreauthOutcome = "auth"   // go on to Auth
	PreauthAllow  PreauthOutcome = "allow"  // no second factor is asked for
	PreauthDeny   PreauthOutcome = "deny"   // the user may not log in
	PreauthEnroll PreauthOutcome = "enroll" // the user has no device, or is unknown
)

// Preauth is what Duo says of a user before a second factor.
type Preauth struct {
	Result    PreauthOutcome `json:"result"`
	StatusMsg string         `json:"status_msg"`
	// Devices are there when Result is auth.
	Devices []AuthDevice `json:"devices,omitempty"`
	// EnrollPortalURL is there when Result is enroll. Whoever opens it enrols
	// a phone of his own for this user.
	EnrollPortalURL secret.Secret `json:"enroll_portal_url,omitzero"`
	// TxID goes into [AuthParams] and VerificationCode is shown to the user
	// when a verified push is offered, until Expiration.
	TxID             string        `json:"txid,omitempty"`
	VerificationCode secret.Secret `json:"verification_code,omitzero"`
	Expiration       time.Time     `json:"expiration,omitzero"`
	Extra            Extra         `json:"-"`
}

// AuthDevice is a phone or token of a user, as it may be offered to him.
type AuthDevice struct {
	Device      string `json:"device"` // phone (DP...) or token (DH...)
	Type        string `json:"type"`   // phone, token
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
	Number      string `json:"number"` // masked
	// Capabilities are among auto, push, sms, phone, mobile_otp.
	Capabilities []string `json:"capabilities,omitempty"`
	// SMSNextCode is the first digit of the next passcode by SMS.
	SMSNextCode string `json:"sms_nextcode,omitempty"`
	Extra       Extra  `json:"-"`
}

// Preauth asks what has to happen before a user is let in: POST
// /auth/v2/preauth with username or user_id, ipaddr, hostname,
// trusted_device_token, client_supports_verified_push. An unknown user_id is
// [ErrBadParameter]; an unknown username is what the policy makes of it.
func (a *Auth) Preauth(ctx context.Context, p PreauthParams) (*Preauth, error) {
	params := newParameters()
	params.user(p.Username, p.UserID)
	params.address("ipaddr", p.IPAddr)
	params.line("hostname", p.Hostname, maxName)
	params.secret("trusted_device_token", p.TrustedDeviceToken, 4*maxText)
	params.on("client_supports_verified_push", p.VerifiedPush)
	op := put("/auth/v2/preauth", params)
	v, err := read[Preauth](ctx, a.api, op)
	if err != nil {
		return nil, err
	}
	if v.Result == "" {
		return nil, unexpected(op, "a preauth: result is missing")
	}
	return v, nil
}

// user sets exactly one of username and user_id.
func (p *parameters) user(username, userID string) {
	switch {
	case username == "" && userID == "":
		p.fault("username", "or user_id is missing")
	case username != "" && userID != "":
		p.fault("username", "and user_id exclude each other")
	case username != "":
		p.needed("username", username, maxName)
	default:
		p.key("user_id", userID)
	}
}
