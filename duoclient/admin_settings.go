package duoclient

import "context"

// SettingsService is the Admin API's settings of the account. It needs the
// permission Grant settings. See [Admin] for the errors of every call.
type SettingsService struct{ api *api }

// Settings are the settings of the account. Members that a version of the
// service does not send are zero.
type Settings struct {
	Name                             string  `json:"name"`
	CallerID                         string  `json:"caller_id"`
	Language                         string  `json:"language"` // EN, DE, FR...
	Timezone                         string  `json:"timezone"` // IANA name
	EmailActivityNotificationEnabled bool    `json:"email_activity_notification_enabled"`
	PushActivityNotificationEnabled  bool    `json:"push_activity_notification_enabled"`
	EnrollmentUniversalPromptEnabled bool    `json:"enrollment_universal_prompt_enabled"`
	GlobalSSPPolicyEnforced          bool    `json:"global_ssp_policy_enforced"`
	UserManagersCanPutUsersInBypass  bool    `json:"user_managers_can_put_users_in_bypass"`
	EnrollmentModule                 string  `json:"enrollment_module,omitempty"`
	FraudEmail                       string  `json:"fraud_email"`
	FraudEmailEnabled                bool    `json:"fraud_email_enabled"`
	HelpdeskBypass                   string  `json:"helpdesk_bypass"`            // allow, limit, deny
	HelpdeskBypassExpiration         int     `json:"helpdesk_bypass_expiration"` // minutes; 0: none
	HelpdeskCanSendEnrollEmail       bool    `json:"helpdesk_can_send_enroll_email"`
	HelpdeskMessage                  string  `json:"helpdesk_message"`
	InactiveAdminExpiration          int     `json:"inactive_admin_expiration"` // days; 0: never
	InactiveUserExpiration           int     `json:"inactive_user_expiration"`  // days; 0: never
	InstantRestoreEnabled            bool    `json:"instant_restore_enabled"`
	SecurityCheckupEnabled           bool    `json:"security_checkup_enabled"`
	MobileAnalyticsDisabled          bool    `json:"mobile_analytics_disabled"`
	KeypressConfirm                  string  `json:"keypress_confirm"`
	KeypressFraud                    string  `json:"keypress_fraud"`
	LockoutExpireDuration            *int    `json:"lockout_expire_duration"` // minutes; nil or 0: never
	LockoutThreshold                 int     `json:"lockout_threshold"`
	LogRetentionDays                 *int    `json:"log_retention_days"` // nil: as long as Duo keeps them
	MinimumPasswordLength            int     `json:"minimum_password_length"`
	PasswordRequiresLowerAlpha       bool    `json:"password_requires_lower_alpha"`
	PasswordRequiresUpperAlpha       bool    `json:"password_requires_upper_alpha"`
	PasswordRequiresNumeric          bool    `json:"password_requires_numeric"`
	PasswordRequiresSpecial          bool    `json:"password_requires_special"`
	PendingDeletionDays              int     `json:"pending_deletion_days"`
	ReactivationIntegrationKey       string  `json:"reactivation_integration_key"`
	ReactivationURL                  string  `json:"reactivation_url"`
	ReqFIPSPasscodesAndroid          bool    `json:"req_fips_passcodes_android"`
	SMSBatch                         int     `json:"sms_batch"`
	SMSExpiration                    int     `json:"sms_expiration"` // minutes; 0: never
	SMSMessage                       string  `json:"sms_message"`
	SMSRefresh                       bool    `json:"sms_refresh"`
	TelephonyWarningMin              int     `json:"telephony_warning_min"`
	UnenrolledUserLockoutThreshold   int     `json:"unenrolled_user_lockout_threshold"` // days
	UserTelephonyCostMax             float64 `json:"user_telephony_cost_max"`
	Extra                            Extra   `json:"-"`
}

// Get gives the settings: GET /admin/v1/settings.
func (s *SettingsService) Get(ctx context.Context) (*Settings, error) {
	return read[Settings](ctx, s.api, get("/admin/v1/settings", nil))
}

// Update changes the settings in p and gives all: POST /admin/v1/settings.
func (s *SettingsService) Update(ctx context.Context, p SettingsParams) (*Settings, error) {
	return read[Settings](ctx, s.api, put("/admin/v1/settings", p.parameters()))
}
