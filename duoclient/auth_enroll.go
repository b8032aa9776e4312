package duoclient

import (
	"context"
	"slices"
	"time"

	"mfaserver/internal/secret"
)

// EnrollParams asks for a new user.
type EnrollParams struct {
	// Username is the new user's name, at most 256 bytes; empty: Duo makes one
	// up.
	Username string
	// Valid is how long the activation code is good, in whole seconds; zero: a
	// day.
	Valid time.Duration
}

// Enrollment is a new user, and what activates his phone. Whoever has one of
// the three activation members can take the phone's place.
type Enrollment struct {
	UserID            string          `json:"user_id"`
	Username          string          `json:"username"`
	ActivationCode    secret.Secret   `json:"activation_code"`    // duo://...
	ActivationURL     secret.Secret   `json:"activation_url"`     // opened on the phone
	ActivationBarcode secret.Secret   `json:"activation_barcode"` // the URL of a QR code
	Expiration        time.Time       `json:"expiration"`
	BypassCodes       []secret.Secret `json:"bypass_codes,omitzero"`
	Extra             Extra           `json:"-"`
}

// Enroll makes a user and a phone without a number: POST /auth/v2/enroll with
// username and valid_secs. A name that is taken is [ErrBadParameter]. It is
// sent once.
func (a *Auth) Enroll(ctx context.Context, p EnrollParams) (*Enrollment, error) {
	params := newParameters()
	params.line("username", p.Username, maxName)
	params.valid(p.Valid)
	op := post("/auth/v2/enroll", params)
	v, err := read[Enrollment](ctx, a.api, op)
	if err != nil {
		return nil, err
	}
	if v.UserID == "" || v.ActivationCode.IsZero() {
		return nil, unexpected(op, "an enrollment: user_id or activation_code is missing")
	}
	return v, nil
}

// EnrollState is how far an enrollment is.
type EnrollState string

// The states. Others may come; only success is success.
const (
	EnrollSuccess EnrollState = "success" // the phone is activated
	EnrollWaiting EnrollState = "waiting" // nobody has used the code
	EnrollInvalid EnrollState = "invalid" // the code expired, or is another user's
)

// EnrollStatus asks how far an enrollment is: POST /auth/v2/enroll_status with
// user_id and activation_code (duo://...), both required.
func (a *Auth) EnrollStatus(ctx context.Context, userID, activationCode string) (EnrollState, error) {
	params := newParameters()
	params.key("user_id", userID)
	if activationCode == "" {
		params.fault("activation_code", "is missing")
	}
	params.secret("activation_code", secret.New(activationCode), maxText)
	op := put("/auth/v2/enroll_status", params)
	e, err := a.api.do(ctx, op)
	if err != nil {
		return "", err
	}
	state, err := e.text(op)
	if err == nil && !slices.Contains([]EnrollState{EnrollSuccess, EnrollWaiting, EnrollInvalid}, EnrollState(state)) {
		state = foreignText(state, params.hide)
	}
	return EnrollState(state), err
}
