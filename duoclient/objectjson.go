package duoclient

// Every object of Duo's is read and written by decode and encode: unknown
// members stay, odd types are taken, secrets are redacted.

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Enrollment) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Enrollment) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the activation code and URLs, for those who asked for
// them.
func (v Enrollment) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Preauth) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Preauth) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the portal's URL and the code, for those who asked for
// them.
func (v Preauth) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v AuthDevice) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *AuthDevice) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v AuthResult) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *AuthResult) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v User) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *User) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v BypassCode) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *BypassCode) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Phone) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Phone) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Activation) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Activation) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the links, for those who asked for
// them.
func (v Activation) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v SMSActivation) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *SMSActivation) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the links, for those who asked for
// them.
func (v SMSActivation) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Group) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Group) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v GroupMember) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *GroupMember) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Token) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Token) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v TokenAdmin) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *TokenAdmin) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v WebAuthn) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *WebAuthn) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Integration) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Integration) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the secret key, for those who asked for
// them.
func (v Integration) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Administrator) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Administrator) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Settings) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Settings) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Summary) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Summary) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v TelephonyCredits) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *TelephonyCredits) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v AuthenticationAttempts) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *AuthenticationAttempts) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v AuthLog) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *AuthLog) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v LogUser) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *LogUser) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v LogApplication) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *LogApplication) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v LogLocation) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *LogLocation) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v LogAuthDevice) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *LogAuthDevice) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v LogAccessDevice) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *LogAccessDevice) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v AdminLog) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *AdminLog) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v TelephonyLog) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *TelephonyLog) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v ActivityLog) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *ActivityLog) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v VerificationPush) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *VerificationPush) UnmarshalJSON(data []byte) error { return decode(data, v) }

// RevealJSON is the JSON form with the confirmation code, for those who asked for
// them.
func (v VerificationPush) RevealJSON() ([]byte, error) { return encode(v, true) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v VerificationResult) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *VerificationResult) UnmarshalJSON(data []byte) error { return decode(data, v) }

// MarshalJSON implements [json.Marshaler]; secrets are redacted.
func (v Account) MarshalJSON() ([]byte, error) { return encode(v, false) }

// UnmarshalJSON implements [json.Unmarshaler].
func (v *Account) UnmarshalJSON(data []byte) error { return decode(data, v) }
