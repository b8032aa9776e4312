package duotest

import (
	"encoding/base64"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// settingKind is how a setting is written in answers.
type settingKind int

const (
	settingText settingKind = iota
	settingBool
	settingFlag // 0 or 1
	settingInt
	settingIntOrNull
)

// setting is one of the account's settings: its kind, what a new account has,
// and what may be written.
type setting struct {
	kind      settingKind
	standard  any
	low, high int  // of numbers
	zero      bool // 0 as well, though it is less than low
	longest   int  // of texts
	words     []string
	match     *regexp.Regexp
	frozen    bool // a write changes nothing
}

// settingTable is every setting of the service.
func settingTable() map[string]setting {
	flag := func(standard int) setting { return setting{kind: settingFlag, standard: standard} }
	yes := func(standard bool) setting { return setting{kind: settingBool, standard: standard} }
	text := func(standard string, longest int) setting { return setting{standard: standard, longest: longest} }
	number := func(standard, low, high int) setting {
		return setting{kind: settingInt, standard: standard, low: low, high: high}
	}
	legacy := setting{kind: settingBool, standard: false, frozen: true}
	inactive := setting{kind: settingInt, standard: 0, low: 30, high: 365, zero: true}
	return map[string]setting{
		"caller_id":                             {standard: "+17345550199", match: regexp.MustCompile(`^\+[0-9]{7,15}$`)},
		"email_activity_notification_enabled":   yes(false),
		"push_activity_notification_enabled":    yes(false),
		"enrollment_universal_prompt_enabled":   yes(true),
		"global_ssp_policy_enforced":            yes(true),
		"user_managers_can_put_users_in_bypass": yes(true),
		"enrollment_module":                     {standard: "new", frozen: true},
		"fraud_email":                           text("", 254),
		"fraud_email_enabled":                   yes(false),
		"helpdesk_bypass":                       {standard: "allow", words: []string{"allow", "limit", "deny"}},
		"helpdesk_bypass_expiration":            number(0, 0, math.MaxInt32),
		"helpdesk_can_send_enroll_email":        yes(false),
		"helpdesk_message":                      text("", 200),
		"inactive_user_expiration":              inactive,
		"inactive_admin_expiration":             inactive,
		"instant_restore_enabled":               flag(1),
		"security_checkup_enabled":              flag(1),
		"mobile_analytics_disabled":             flag(0),
		"keypress_confirm":                      {standard: "#", match: regexp.MustCompile(`^[0-9*#]?$`)},
		"keypress_fraud":                        {standard: "*", match: regexp.MustCompile(`^[0-9*#]?$`)},
		"language":                              {standard: "EN", words: []string{"EN", "DE", "FR", "ES", "IT", "JA", "FI", "NO", "SV", "PT"}},
		"lockout_expire_duration":               {kind: settingIntOrNull, low: 5, high: 30000, zero: true},
		"lockout_threshold":                     number(10, 1, 9999),
		"log_retention_days":                    {kind: settingIntOrNull, low: 0, high: 365},
		"minimum_password_length":               number(12, 12, 100),
		"mobile_otp_enabled":                    legacy,
		"push_enabled":                          legacy,
		"sms_enabled":                           legacy,
		"voice_enabled":                         legacy,
		"u2f_enabled":                           legacy,
		"name":                                  {standard: "", longest: 200, match: regexp.MustCompile(`.`)},
		"password_requires_lower_alpha":         yes(false),
		"password_requires_upper_alpha":         yes(false),
		"password_requires_numeric":             yes(false),
		"password_requires_special":             yes(false),
		"pending_deletion_days":                 number(7, 1, 30),
		"reactivation_integration_key":          text("", 20),
		"reactivation_url":                      text("", 2000),
		"req_fips_passcodes_android":            yes(false),
		"sms_batch":                             number(1, 1, 10),
		"sms_expiration":                        number(0, 0, math.MaxInt32),
		"sms_message":                           text("SMS passcodes", 160),
		"sms_refresh":                           flag(0),
		"telephony_warning_min":                 number(0, 0, math.MaxInt32),
		"timezone":                              {standard: "UTC", match: regexp.MustCompile(`^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$`)},
		"unenrolled_user_lockout_threshold":     number(0, 0, math.MaxInt32),
		"user_telephony_cost_max":               number(20, 0, math.MaxInt32),
	}
}

func defaultSettings(name string) map[string]any {
	out := map[string]any{}
	for key, spec := range settingTable() {
		out[key] = spec.standard
	}
	out["name"] = name
	return out
}

func (s *Server) settingRoutes() []apiRoute {
	return []apiRoute{
		{method: http.MethodGet, pattern: "/admin/v1/settings", permission: GrantSettings, serve: s.getSettings},
		{method: http.MethodPost, pattern: "/admin/v1/settings", permission: GrantSettings, serve: s.updateSettings},
		{method: http.MethodGet, pattern: "/admin/v1/logo", permission: GrantSettings, serve: s.getLogo},
		{method: http.MethodPost, pattern: "/admin/v1/logo", permission: GrantSettings, serve: s.setLogo},
		{method: http.MethodDelete, pattern: "/admin/v1/logo", permission: GrantSettings, serve: s.deleteLogo},
	}
}

func (s *Server) getSettings(c *apiCall) (any, error) {
	out := fields{}
	maps.Copy(out, c.account.settings)
	return out, nil
}

// updateSettings changes all of the given settings or none. Names that the
// service does not know count for nothing.
func (s *Server) updateSettings(c *apiCall) (any, error) {
	table, changed := settingTable(), fields{}
	for name := range c.params {
		spec, known := table[name]
		if !known || spec.frozen {
			continue
		}
		value, ok := spec.parse(c.text(name))
		if !ok {
			return nil, errInvalid(name)
		}
		changed[name] = value
	}
	if changed["fraud_email_enabled"] == false {
		changed["fraud_email"] = ""
	}
	value := func(name string) any {
		if v, ok := changed[name]; ok {
			return v
		}
		return c.account.settings[name]
	}
	if (value("keypress_confirm") == "") != (value("keypress_fraud") == "") {
		return nil, errInvalid("keypress_confirm")
	}
	maps.Copy(c.account.settings, changed)
	if name, ok := changed["name"].(string); ok {
		c.account.name = name
	}
	c.log("update_settings", "", changed)
	return s.getSettings(c)
}

// parse reads a setting as it is sent.
func (spec setting) parse(text string) (any, bool) {
	switch spec.kind {
	case settingBool:
		return parseFlag(text)
	case settingFlag:
		on, ok := parseFlag(text)
		if on {
			return 1, ok
		}
		return 0, ok
	case settingInt, settingIntOrNull:
		if text == "" && (spec.kind == settingIntOrNull || spec.low == 0) {
			return spec.standard, true
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && (n >= spec.low && n <= spec.high || spec.zero && n == 0)
	default:
		ok := (spec.longest == 0 || len([]rune(text)) <= spec.longest) &&
			(spec.words == nil || slices.Contains(spec.words, text)) &&
			(spec.match == nil || spec.match.MatchString(text))
		return text, ok
	}
}

func (s *Server) setLogo(c *apiCall) (any, error) {
	text, err := c.required("logo")
	if err != nil {
		return nil, err
	}
	logo, err := base64.StdEncoding.DecodeString(text)
	if err != nil || http.DetectContentType(logo) != "image/png" {
		return nil, errInvalid("logo")
	}
	c.account.logo = logo
	return "", nil
}

func (s *Server) deleteLogo(c *apiCall) (any, error) {
	c.account.logo = nil
	return "", nil
}
