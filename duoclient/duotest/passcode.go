package duotest

import "time"

// spend takes a code that one of the user's phones or tokens shows, or a bypass
// code, and says how. The verdict is also for codes that are wrong. The caller
// holds the mutex.
func (a *account) spend(u *user, code string, now time.Time) (verdict, bool) {
	good := verdict{event: "authentication", reason: "valid_passcode"}
	for _, d := range a.devices(u) {
		if !d.usable() || !d.spendPasscode(code) {
			continue
		}
		view := d.snapshot()
		good.device, good.factor = &view, "duo_mobile_passcode"
		if !d.Activated {
			good.factor = "sms_passcode"
		}
		return good, true
	}
	for _, id := range u.tokens {
		if t := a.tokens.get(id); t.spend(code, now) {
			good.factor, good.deviceName = "hardware_token", t.serial
			return good, true
		}
	}
	// The service takes bypass codes wherever it takes passcodes.
	if code != "" && u.spendBypass(code, now) {
		good.factor, good.deviceName = "bypass_code", "Bypass Code"
		return good, true
	}
	return verdict{event: "authentication", factor: "passcode", reason: "invalid_passcode"}, false
}
