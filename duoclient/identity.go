package duoclient

import "time"

// AuthRequest is what one prompt is about.
type AuthRequest struct {
	// Username is Duo's name for the user (claim duo_uname); 1 to 256 bytes
	// of valid UTF-8.
	Username string
	// State is echoed by Duo to the redirect URI; 22 to 1024 characters.
	State string
	// Nonce comes back inside the ID token; 16 to 1024 characters, not the
	// state.
	Nonce string
	// RedirectURI is where Duo sends the browser, 1 to 256 bytes: https, or http
	// on 127.0.0.1 or [::1] with a port.
	RedirectURI string
}

// ExchangeRequest redeems a code.
type ExchangeRequest struct {
	// Code is the duo_code of the callback.
	Code string
	// Username, Nonce and RedirectURI are those of the [AuthRequest].
	Username    string
	Nonce       string
	RedirectURI string
	// NotBefore is when the prompt was made: an ID token issued earlier
	// (less 60 s) is refused.
	NotBefore time.Time
	// Secret is [Universal.SecretID] of when the prompt was made. That secret
	// alone proves who asks, and vouches for the ID token. Zero: the current
	// one.
	Secret SecretID
}

// Health is Duo's answer to a health check.
type Health struct {
	// Time is Duo's clock, to the second.
	Time time.Time
	// Skew is our clock minus Duo's.
	Skew time.Duration
}

// Identity is a verified ID token: Duo allowed Username.
type Identity struct {
	// Username is preferred_username, equal to the one asked for.
	Username string
	// Subject is the claim sub, recorded only.
	Subject   string
	IssuedAt  time.Time
	ExpiresAt time.Time
	AuthTime  time.Time
	// Message is auth_result.status_msg.
	Message string
	Context AuthContext
}

// AuthContext is how the second factor was proved, in Duo's words. Empty
// strings are unknown. Values that Duo adds later come through unchanged.
type AuthContext struct {
	// TxID is Duo's id for this authentication.
	TxID string
	// EventType is authentication or enrollment.
	EventType string
	// Factor: duo_push, passcode, bypass_code, remembered_device, ...
	Factor string
	// Reason: user_approved, valid_passcode, bypass_user,
	// allow_unenrolled_user, ...
	Reason string
	// Result: success, ...
	Result string
	// UserKey and UserName are Duo's record of the user.
	UserKey  string
	UserName string
	// AuthDevice is the phone or token, AccessDevice the browser.
	AuthDeviceName string
	AuthDeviceIP   string
	AccessDeviceIP string
	// AccessCountry is where that address is, in Duo's words.
	AccessCountry   string
	AccessBrowser   string
	AccessOS        string
	ApplicationName string
}
