package duoclient

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mfaserver/internal/secret"
)

// Factor is a way to prove a second factor.
type Factor string

// The factors of the Auth API.
const (
	FactorAuto     Factor = "auto"     // what suits the device
	FactorPush     Factor = "push"     // Approve or Deny on the phone
	FactorPasscode Factor = "passcode" // of the app, an SMS, a token, or a bypass code
	FactorSMS      Factor = "sms"      // sends passcodes, and denies
	FactorPhone    Factor = "phone"    // calls; a key is pressed
)

// maxPushInfo is what the details on the phone may take, encoded, in bytes.
const maxPushInfo = 19_999

// AuthParams asks a user for his second factor.
type AuthParams struct {
	// Username is a user's name or alias, at most 256 bytes; UserID his key.
	// Exactly one of the two.
	Username, UserID string
	Factor           Factor
	// Device is the phone's key, or auto; empty: auto. Not with a passcode.
	Device string
	// Passcode is there when, and only when, Factor is passcode.
	Passcode secret.Secret
	// IPAddr is the client's address; policies judge it.
	IPAddr netip.Addr
	// Hostname is the client's host.
	Hostname string
	// Type stands after "request" on the phone; empty: Login. DisplayUsername
	// stands there in the user's place, PushInfo below (less than 20,000 bytes
	// encoded). All three with push and auto only.
	Type, DisplayUsername string
	PushInfo              []PushDetail
	// TxID is that of [Preauth], for a verified push.
	TxID string
}

// PushDetail is one line on the phone.
type PushDetail struct{ Name, Value string }

// AuthOutcome is the end of an authentication, or that it has none yet.
type AuthOutcome string

// The outcomes. Others may come: only allow lets in.
const (
	AuthAllow   AuthOutcome = "allow"
	AuthDeny    AuthOutcome = "deny"
	AuthWaiting AuthOutcome = "waiting"
)

// AuthResult is how far an authentication is.
type AuthResult struct {
	Result AuthOutcome `json:"result"`
	// Status is calling, answered, pushed, push_failed (waiting); allow, bypass
	// (allow); deny, timeout, fraud, locked_out, sent (deny); or another word.
	Status string `json:"status"`
	// StatusMsg is for the user.
	StatusMsg string `json:"status_msg"`
	// TrustedDeviceToken is there on allow when the user's device may be
	// remembered.
	TrustedDeviceToken secret.Secret `json:"trusted_device_token,omitzero"`
	// AuthDelayed: Duo waits for something else.
	AuthDelayed bool  `json:"auth_delayed,omitempty"`
	Extra       Extra `json:"-"`
}

// Allowed reports whether Duo lets the user in. Nothing else does.
func (v *AuthResult) Allowed() bool { return v != nil && v.Result == AuthAllow }

// Auth asks for a second factor and waits for the end, 70 seconds at most: POST
// /auth/v2/auth with username or user_id, factor, device, passcode, async=0,
// ipaddr, hostname, type, display_username, pushinfo, txid. An unknown user or
// device, and a phone that cannot do it, are [ErrBadParameter]. It is sent
// once: whether Duo has asked the user, when the connection is lost, is
// unknown.
func (a *Auth) Auth(ctx context.Context, p AuthParams) (*AuthResult, error) {
	params := p.parameters()
	params.set("async", "0")
	op := post("/auth/v2/auth", params)
	op.whole = longTime
	v, err := a.result(ctx, op)
	if err == nil && v.Result == AuthWaiting {
		return nil, unexpected(op, "the end of an authentication")
	}
	return v, err
}

// AuthAsync asks for a second factor and gives the id under which [Auth.Wait]
// and [Auth.AuthStatus] follow it: POST /auth/v2/auth with async=1, otherwise
// as [Auth.Auth]. It is sent once.
func (a *Auth) AuthAsync(ctx context.Context, p AuthParams) (string, error) {
	params := p.parameters()
	params.set("async", "1")
	op := post("/auth/v2/auth", params)
	v, err := read[struct {
		TxID string `json:"txid"`
	}](ctx, a.api, op)
	if err != nil {
		return "", err
	}
	if v.TxID == "" {
		return "", unexpected(op, "a txid")
	}
	return v.TxID, nil
}

func (a *Auth) result(ctx context.Context, op operation) (*AuthResult, error) {
	v, err := read[AuthResult](ctx, a.api, op)
	if err != nil {
		return nil, err
	}
	if v.Result == "" {
		return nil, unexpected(op, "an authentication: result is missing")
	}
	return v, nil
}

func (p AuthParams) parameters() *parameters {
	params := newParameters()
	params.user(p.Username, p.UserID)
	params.choice("factor", string(p.Factor), "auto", "push", "passcode", "sms", "phone")
	switch p.Factor {
	case "":
		params.fault("factor", "is missing")
	case FactorPasscode:
		p.withPasscode(params)
	default:
		p.withDevice(params)
	}
	params.address("ipaddr", p.IPAddr)
	params.line("hostname", p.Hostname, maxName)
	p.onPhone(params)
	if p.TxID != "" {
		params.uuid("txid", p.TxID)
	}
	return params
}

func (p AuthParams) withPasscode(params *parameters) {
	if p.Passcode.IsZero() {
		params.fault("passcode", "is missing")
	}
	if p.Device != "" {
		params.fault("device", "must be empty with a passcode")
	}
	params.secret("passcode", p.Passcode, 64)
}

func (p AuthParams) withDevice(params *parameters) {
	if !p.Passcode.IsZero() {
		params.fault("passcode", "must be empty unless factor is passcode")
	}
	if p.Device == "" || p.Device == "auto" {
		params.set("device", "auto")
		return
	}
	params.key("device", p.Device)
}

func (p AuthParams) onPhone(params *parameters) {
	push := p.Factor == FactorPush || p.Factor == FactorAuto
	if !push && (p.Type != "" || p.DisplayUsername != "" || len(p.PushInfo) > 0) {
		params.fault("type", "display_username and pushinfo are for push and auto only")
	}
	params.line("type", p.Type, maxName)
	params.line("display_username", p.DisplayUsername, maxName)
	details := make([]string, len(p.PushInfo))
	for i, d := range p.PushInfo {
		details[i] = percent(d.Name) + "=" + percent(d.Value)
	}
	if info := strings.Join(details, "&"); len(info) > maxPushInfo {
		params.fault("pushinfo", fmt.Sprintf("must have at most %d bytes encoded, it has %d", maxPushInfo, len(info)))
	} else if info != "" {
		params.set("pushinfo", info)
	}
}
