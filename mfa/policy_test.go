package mfa_test

import (
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threats T042, T043: which of Duo's allows are enough. The reasons are all
// of Duo's, with "" and a made-up one.
func TestPolicyOnReasons(t *testing.T) {
	t.Parallel()
	enough := map[string]bool{"user_approved": true, "valid_passcode": true, "remembered_device": true}
	for _, reason := range []string{
		"", "made_up", "USER_APPROVED", "user_approved ", "null",
		"user_approved", "valid_passcode", "remembered_device",
		"allow_unenrolled_user", "allow_unenrolled_user_on_trusted_network", "allowed_by_policy", "bypass_user",
		"trusted_location", "trusted_network", "endpoint_is_trusted", "anomalous_push", "anonymous_ip",
		"call_timed_out", "could_not_determine_if_endpoint_was_trusted", "denied_by_policy",
		"deny_unenrolled_user", "endpoint_is_not_in_management_system", "endpoint_failed_google_verification",
		"endpoint_is_not_trusted", "error", "factor_restricted", "invalid_device",
		"invalid_management_certificate_collection_state", "invalid_passcode", "invalid_referring_hostname_provided",
		"location_restricted", "locked_out", "no_activated_duo_mobile_account", "no_disk_encryption",
		"no_duo_certificate_present", "no_keys_pressed", "no_referring_hostname_provided", "no_response",
		"no_screen_lock", "no_web_referer_match", "out_of_date", "platform_restricted", "rooted_device",
		"software_restricted", "touch_id_disabled", "user_cancelled", "user_disabled", "user_marked_fraud",
		"user_not_in_permitted_group", "user_provided_invalid_certificate", "version_restricted",
	} {
		t.Run("reason "+reason, func(t *testing.T) {
			t.Parallel()
			wantPolicy(t, mfa.Policy{}, false, enough[reason], "reason", func(ac *duoclient.AuthContext) { ac.Reason = reason })
		})
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		policy    mfa.Policy
		enrolling bool
		change    func(*duoclient.AuthContext)
		ok        bool
		why       string
	}{
		{"push", mfa.Policy{}, false, func(*duoclient.AuthContext) {}, true, ""},
		{"bypass code", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.Factor, ac.Reason = "bypass_code", "valid_passcode" }, true, ""},
		{
			"bypass code not wanted",
			mfa.Policy{DenyFactors: []string{"bypass_code"}},
			false,
			func(ac *duoclient.AuthContext) { ac.Factor, ac.Reason = "bypass_code", "valid_passcode" }, false, "factor",
		},
		{
			"other factor where bypass codes are not wanted",
			mfa.Policy{DenyFactors: []string{"bypass_code"}},
			false,
			func(ac *duoclient.AuthContext) { ac.Factor = "hardware_token" }, true, "",
		},
		{"new kind of factor", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.Factor = "telepathy" }, true, ""},
		{
			"reason by name",
			mfa.Policy{AllowReasons: []string{"trusted_network"}},
			false,
			func(ac *duoclient.AuthContext) { ac.Reason = "trusted_network" }, true, "",
		},
		{
			"another reason than the named",
			mfa.Policy{AllowReasons: []string{"trusted_network"}},
			false,
			func(ac *duoclient.AuthContext) { ac.Reason = "bypass_user" }, false, "reason",
		},
		{"enrolment", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.EventType = "enrollment" }, false, "event_type"},
		{"enrolment that was allowed", mfa.Policy{}, true, func(ac *duoclient.AuthContext) { ac.EventType = "enrollment" }, true, ""},
		{
			"enrolment that was allowed, by nobody",
			mfa.Policy{},
			true,
			func(ac *duoclient.AuthContext) { ac.EventType, ac.Reason = "enrollment", "allow_unenrolled_user" }, false, "reason",
		},
		{"authentication while enrolling", mfa.Policy{}, true, func(*duoclient.AuthContext) {}, true, ""},
		{"no event type", mfa.Policy{}, true, func(ac *duoclient.AuthContext) { ac.EventType = "" }, false, "event_type"},
		{"new event type", mfa.Policy{}, true, func(ac *duoclient.AuthContext) { ac.EventType = "inventory" }, false, "event_type"},
		{"no result", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.Result = "" }, true, ""},
		{"fraud", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.Result = "fraud" }, false, "result"},
		{"denied", mfa.Policy{}, false, func(ac *duoclient.AuthContext) { ac.Result = "denied" }, false, "result"},
		{"nothing known", mfa.Policy{}, true, func(ac *duoclient.AuthContext) { *ac = duoclient.AuthContext{} }, false, "event_type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantPolicy(t, tt.policy, tt.enrolling, tt.ok, tt.why, tt.change)
		})
	}
}

func wantPolicy(t *testing.T, p mfa.Policy, enrolling, ok bool, why string, change func(*duoclient.AuthContext)) {
	t.Helper()
	r := newRig(t, func(c *mfa.Config) { c.Policy = p })
	b := asUser("alice")
	b.AllowEnrolment = enrolling
	l := r.begin(t, b)
	r.outcomeIs(change)
	if ok {
		r.redeems(t, l.second)
		return
	}
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrPolicy)
	e := r.wantLast(t, audit.MFAPolicyRefused, audit.Refused, why)
	if e.Detail["txid"] == "" && why != "event_type" {
		t.Errorf("record is %+v, want Duo's txid", e)
	}
	r.wantPhase(t, l.state, mfa.Burned)
	r.wantReleased(t, "upstream session of alice")
}

// Threat T041: the prompt was answered from elsewhere.
func TestRelay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		first    mfa.Client
		access   string
		differs  bool
		compared string
	}{
		{name: "elsewhere", first: from("203.0.113.7"), access: "198.51.100.9", differs: true},
		{name: "same", first: from("203.0.113.7"), access: "203.0.113.7"},
		{name: "same, mapped", first: from("203.0.113.7"), access: "::ffff:203.0.113.7"},
		{name: "neighbour", first: from("203.0.113.7"), access: "203.0.113.8", differs: true},
		{name: "IPv6 host with another interface id", first: from("2001:db8:1:2::1"), access: "2001:db8:1:2:ffff::9"},
		{name: "IPv6 elsewhere", first: from("2001:db8:1:2::1"), access: "2001:db8:1:3::1", differs: true},
		{name: "the other family", first: from("203.0.113.7"), access: "2001:db8::1", differs: true},
		{name: "no access address", first: from("203.0.113.7"), access: ""},
		{name: "unreadable", first: from("203.0.113.7"), access: "0.0.0.0/0"},
		{name: "loopback", first: from("203.0.113.7"), access: "127.0.0.1"},
		{name: "private", first: from("203.0.113.7"), access: "10.1.2.3"},
		{name: "private IPv6", first: from("203.0.113.7"), access: "fd00::1"},
		{name: "link-local", first: from("203.0.113.7"), access: "fe80::1%eth0"},
		{name: "unspecified", first: from("203.0.113.7"), access: "0.0.0.0"},
		{name: "carrier's private", first: from("203.0.113.7"), access: "100.64.1.1"},
		{name: "nearly carrier's private", first: from("203.0.113.7"), access: "100.128.1.1", differs: true},
		{name: "first call from a private address", first: from("10.1.2.3"), access: "198.51.100.9"},
		{name: "first call from loopback", first: from("127.0.0.1"), access: "198.51.100.9"},
		{name: "first address proves nothing", first: forwarded(from("203.0.113.7")), access: "198.51.100.9"},
	}
	for _, tt := range tests {
		for _, policy := range []mfa.RelayPolicy{"", mfa.RelayOff, mfa.RelayAudit, mfa.RelayEnforce} {
			t.Run(tt.name+"/"+string(policy), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, func(c *mfa.Config) { c.Relay = policy })
				b := asUser("alice")
				b.Client = tt.first
				l := r.begin(t, b)
				l.second.Client.Binding = l.begun.Binding
				r.outcomeIs(func(ac *duoclient.AuthContext) { ac.AccessDeviceIP = tt.access })
				if tt.differs && policy == mfa.RelayEnforce {
					r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrRelayed)
					r.wantLast(t, audit.MFAIPMismatch, audit.Refused, "")
					r.wantPhase(t, l.state, mfa.Burned)
					return
				}
				r.redeems(t, l.second)
				want := 0
				if tt.differs && policy != mfa.RelayOff {
					want = 1
				}
				if got := r.audit.Count(audit.MFAIPMismatch); got != want {
					t.Errorf("%d mismatches recorded, want %d", got, want)
				}
			})
		}
	}
}
