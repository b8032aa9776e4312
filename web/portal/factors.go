package portal

import "strings"

// proof is how somebody proved a second factor, in words for people.
func (p *Portal) proof(factor, reason string) string {
	t := p.text.Factors
	switch reason {
	case "remembered_device":
		return t.Remembered
	case "trusted_network", "trusted_location":
		return t.Network
	case "bypass_user", "allowed_by_policy", "allow_unenrolled_user":
		return t.BypassUser
	case "break_glass":
		return t.BreakGlass
	}
	if words, ok := p.factors[factor]; ok {
		return words
	}
	if strings.TrimSpace(factor) == "" {
		return t.None
	}
	return t.Other
}

// factorWords are Duo's words for factors: those of its logs, and those that
// the Auth API asks with.
func factorWords(p *Portal) map[string]string {
	t := p.text.Factors
	return map[string]string{
		"duo_push": t.Push, "push": t.Push, "verified_duo_push": t.Push,
		"duo_mobile_passcode": t.Passcode, "passcode": t.Passcode, "duo_mobile_passcode_hotp": t.Passcode, "duo_mobile_passcode_totp": t.Passcode,
		"bypass_code": t.Bypass, "sms_passcode": t.SMS, "sms_refresh": t.SMS, "sms": t.SMS,
		"phone_call": t.Call, "phone": t.Call,
		"hardware_token": t.Hardware, "digipass_go_7_token": t.Hardware, "yubikey_passcode": t.Hardware,
		"u2f_token": t.Key, "webauthn_security_key": t.Key, "WebAuthn Security Key": t.Key, "security_key": t.Key,
		"webauthn_platform_authenticator": t.Biometric, "platform_authenticator": t.Biometric, "touch_id": t.Biometric,
		"remembered_device": t.Remembered, "trusted_network": t.Network, "trusted_location": t.Network,
	}
}
