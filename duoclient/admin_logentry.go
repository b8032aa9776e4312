package duoclient

import (
	"encoding/json"
	"time"
)

// AuthLog is one authentication or enrolment. Words of Duo's are as it sends
// them; others than those named may come.
type AuthLog struct {
	TxID         string          `json:"txid"`
	Timestamp    time.Time       `json:"timestamp"`
	EventType    string          `json:"event_type"` // authentication, enrollment
	Factor       string          `json:"factor"`     // duo_push, bypass_code, remembered_device...; empty: none
	Result       string          `json:"result"`     // success, denied, fraud, error
	Reason       string          `json:"reason"`     // user_approved, bypass_user, no_response...
	User         LogUser         `json:"user"`
	Email        string          `json:"email"`
	Alias        string          `json:"alias"`
	Application  LogApplication  `json:"application"`
	AuthDevice   LogAuthDevice   `json:"auth_device"`
	AccessDevice LogAccessDevice `json:"access_device"`
	// TrustedEndpointStatus is trusted, not trusted, unknown...
	TrustedEndpointStatus string `json:"trusted_endpoint_status"`
	Extra                 Extra  `json:"-"`
}

// LogUser is whom an entry is about.
type LogUser struct {
	Key    string   `json:"key"`
	Name   string   `json:"name"`
	Groups []string `json:"groups,omitempty"`
	Extra  Extra    `json:"-"`
}

// LogApplication is what was logged in to.
type LogApplication struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"`
	Extra Extra  `json:"-"`
}

// LogLocation is where a device was, by its address.
type LogLocation struct {
	City    string `json:"city"`
	State   string `json:"state"`
	Country string `json:"country"`
	Extra   Extra  `json:"-"`
}

// LogAuthDevice is what the second factor was given with.
type LogAuthDevice struct {
	Key      string      `json:"key"`
	Name     string      `json:"name"`
	IP       string      `json:"ip"`
	Location LogLocation `json:"location"`
	Extra    Extra       `json:"-"`
}

// LogAccessDevice is what the user logged in from.
type LogAccessDevice struct {
	IP             string      `json:"ip"`
	Hostname       string      `json:"hostname"`
	Browser        string      `json:"browser"`
	BrowserVersion string      `json:"browser_version"`
	OS             string      `json:"os"`
	OSVersion      string      `json:"os_version"`
	Location       LogLocation `json:"location"`
	Extra          Extra       `json:"-"`
}

// AdminLog is one action of an administrator.
type AdminLog struct {
	Timestamp time.Time `json:"timestamp"`
	Action    string    `json:"action"` // user_create, bypass_create, phone_associate...
	Object    string    `json:"object"`
	Username  string    `json:"username"` // the administrator, API (...), or System
	// Description is a JSON text, whose members depend on the action; empty:
	// none.
	Description string `json:"description"`
	Extra       Extra  `json:"-"`
}

// TelephonyLog is one SMS or call.
type TelephonyLog struct {
	TelephonyID string    `json:"telephony_id"`
	Time        time.Time `json:"ts"`
	Context     string    `json:"context"` // authentication, enrollment, administrator login, verify
	Type        string    `json:"type"`    // sms, phone
	Phone       string    `json:"phone"`
	Credits     int       `json:"credits"`
	TxID        string    `json:"txid,omitempty"`
	Extra       Extra     `json:"-"`
}

// ActivityLog is one action of an administrator or user. Its parts differ by
// action and stay as Duo sends them.
type ActivityLog struct {
	ActivityID  string          `json:"activity_id"`
	Time        time.Time       `json:"ts"`
	Action      json.RawMessage `json:"action"`
	Actor       json.RawMessage `json:"actor"`
	Target      json.RawMessage `json:"target"`
	Application json.RawMessage `json:"application"`
	Extra       Extra           `json:"-"`
}
