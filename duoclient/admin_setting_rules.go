package duoclient

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SettingsParams are settings to change, by Duo's names, with the limits of
// [SettingNames]. A value is a string, a boolean, an integer or a float; the
// text of one serves as well. An empty string empties a text, and takes the
// limit from what can be without.
type SettingsParams map[string]any

// settingRule says which text a setting takes; its answer is the text to send
// and the rule that is broken, if one is.
type settingRule struct {
	words string
	check func(value string) (send string, ok bool)
}

// settingRules are the settings that the service lets be changed.
func settingRules() map[string]settingRule {
	rules := map[string]settingRule{
		"caller_id":                         numberSetting(),
		"duo_mobile_otp_type":               textSetting(64),
		"fraud_email":                       emailSetting(),
		"helpdesk_bypass":                   choiceSetting("allow", "limit", "deny"),
		"helpdesk_bypass_expiration":        wholeSetting(0, math.MaxInt32),
		"helpdesk_message":                  textSetting(200),
		"inactive_user_expiration":          gapSetting(30, 365),
		"inactive_admin_expiration":         gapSetting(30, 365),
		"keypress_confirm":                  keySetting(),
		"keypress_fraud":                    keySetting(),
		"language":                          languageSetting(),
		"lockout_expire_duration":           gapSetting(5, 30_000),
		"lockout_threshold":                 wholeSetting(1, math.MaxInt32),
		"log_retention_days":                wholeSetting(0, 365),
		"minimum_password_length":           wholeSetting(12, 100),
		"name":                              needSetting(maxName),
		"pending_deletion_days":             wholeSetting(1, 30),
		"reactivation_integration_key":      integrationSetting(),
		"reactivation_url":                  textSetting(maxText),
		"sms_batch":                         wholeSetting(1, 10),
		"sms_expiration":                    wholeSetting(0, math.MaxInt32),
		"sms_message":                       textSetting(maxSMS),
		"telephony_warning_min":             wholeSetting(0, math.MaxInt32),
		"timezone":                          timezoneSetting(),
		"unenrolled_user_lockout_threshold": wholeSetting(0, math.MaxInt32),
		"user_telephony_cost_max":           costSetting(),
	}
	for _, name := range []string{
		"email_activity_notification_enabled", "push_activity_notification_enabled", "enrollment_universal_prompt_enabled",
		"global_ssp_policy_enforced", "user_managers_can_put_users_in_bypass", "fraud_email_enabled",
		"helpdesk_can_send_enroll_email", "instant_restore_enabled", "security_checkup_enabled", "mobile_analytics_disabled",
		"password_requires_lower_alpha", "password_requires_upper_alpha", "password_requires_numeric",
		"password_requires_special", "req_fips_passcodes_android", "sms_refresh",
	} {
		rules[name] = settingRule{"must be true or false", func(s string) (string, bool) {
			is, ok := truth(s)
			return map[bool]string{true: "1", false: "0"}[is], ok && s != ""
		}}
	}
	return rules
}

// SettingNames gives the settings that can be changed, and what each takes.
func SettingNames() map[string]string {
	names := make(map[string]string)
	for name, rule := range settingRules() {
		names[name] = rule.words
	}
	return names
}

func (s SettingsParams) parameters() *parameters {
	p := newParameters()
	if len(s) == 0 {
		p.fault("settings", "are empty: there is nothing to change")
	}
	rules := settingRules()
	for name, value := range s {
		rule, known := rules[name]
		text, plain := settingText(value)
		switch {
		case slices.Contains([]string{"mobile_otp_enabled", "push_enabled", "sms_enabled", "voice_enabled", "u2f_enabled"}, name):
			p.fault(name, "is ignored by Duo; a policy decides it")
		case !known:
			p.fault(name, "is no setting that can be changed")
		case !plain:
			p.fault(name, "must be a text, a boolean or a number")
		default:
			send, ok := rule.check(text)
			if !ok {
				p.fault(name, rule.words)
				continue
			}
			p.set(name, send)
		}
	}
	confirm, fraud := p.values.Get("keypress_confirm"), p.values.Get("keypress_fraud")
	if p.values.Has("keypress_confirm") && p.values.Has("keypress_fraud") && ((confirm == "") != (fraud == "") || confirm == fraud && confirm != "") {
		p.fault("keypress_fraud", "and keypress_confirm are two keys, or both empty")
	}
	return p
}

// settingText writes a value as the service takes it.
func settingText(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case json.Number:
		return v.String(), true
	default:
		return "", false
	}
}

func wholeSetting(low, high int) settingRule {
	words := fmt.Sprintf("must be %d to %d", low, high)
	if high == math.MaxInt32 {
		words = fmt.Sprintf("must be %d or more", low)
	}
	return settingRule{words, func(s string) (string, bool) {
		n, err := strconv.Atoi(s)
		return strconv.Itoa(n), err == nil && n >= low && n <= high
	}}
}

// gapSetting takes 0, which is never, or low to high.
func gapSetting(low, high int) settingRule {
	return settingRule{fmt.Sprintf("must be 0 (never) or %d to %d", low, high), func(s string) (string, bool) {
		if s == "" {
			s = "0"
		}
		n, err := strconv.Atoi(s)
		return strconv.Itoa(n), err == nil && (n == 0 || n >= low && n <= high)
	}}
}

func textSetting(size int) settingRule {
	return settingRule{fmt.Sprintf("must have at most %d characters", size), func(s string) (string, bool) {
		return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= size && !strings.ContainsRune(s, 0)
	}}
}

func needSetting(size int) settingRule {
	return settingRule{fmt.Sprintf("must have 1 to %d characters", size), func(s string) (string, bool) {
		return s, s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= size
	}}
}

func choiceSetting(words ...string) settingRule {
	return settingRule{"must be one of: " + strings.Join(words, ", "), func(s string) (string, bool) {
		s = strings.ToLower(s)
		return s, slices.Contains(words, s)
	}}
}

func emailSetting() settingRule {
	return settingRule{"must be one e-mail address, or empty", func(s string) (string, bool) {
		p := newParameters()
		p.email("fraud_email", s)
		return s, p.err() == nil
	}}
}

func numberSetting() settingRule {
	return settingRule{"must be a telephone number with + and country code, or empty", func(s string) (string, bool) {
		p := newParameters()
		p.phone("caller_id", s)
		return p.values.Get("caller_id"), p.err() == nil && (s == "" || strings.HasPrefix(s, "+"))
	}}
}

func keySetting() settingRule {
	return settingRule{"must be one key of a telephone (0 to 9, * or #), or empty", func(s string) (string, bool) {
		return s, len(s) <= 1 && strings.Trim(s, "0123456789*#") == ""
	}}
}

func languageSetting() settingRule {
	return settingRule{"must be two letters", func(s string) (string, bool) {
		s = strings.ToUpper(s)
		return s, len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	}}
}

func timezoneSetting() settingRule {
	return settingRule{"must be the IANA name of a time zone", func(s string) (string, bool) {
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-"
		return s, s != "" && len(s) <= 64 && strings.Trim(s, letters) == ""
	}}
}

func integrationSetting() settingRule {
	return settingRule{"must be an integration key of 20 letters and digits, or empty", func(s string) (string, bool) {
		return s, s == "" || objectKey.MatchString(s)
	}}
}

func costSetting() settingRule {
	return settingRule{"must be 0 or more", func(s string) (string, bool) {
		f, err := strconv.ParseFloat(s, 64)
		return s, err == nil && f >= 0 && !math.IsInf(f, 0)
	}}
}
