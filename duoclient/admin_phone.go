package duoclient

import (
	"fmt"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

// Phone is a phone, tablet or landline.
type Phone struct {
	PhoneID   string `json:"phone_id"`
	Number    string `json:"number"` // empty: a tablet, or no number
	Extension string `json:"extension"`
	Name      string `json:"name"`
	Type      string `json:"type"`     // Mobile, Landline, Unknown
	Platform  string `json:"platform"` // Apple iOS, Google Android, Generic Smartphone, Unknown...
	Predelay  string `json:"predelay"`
	Postdelay string `json:"postdelay"`
	Activated bool   `json:"activated"` // Duo Mobile is set up
	// Capabilities are among auto, push, sms, phone, mobile_otp.
	Capabilities     []string  `json:"capabilities,omitempty"`
	Encrypted        string    `json:"encrypted"`
	Fingerprint      string    `json:"fingerprint"`
	Screenlock       string    `json:"screenlock"`
	Tampered         string    `json:"tampered"`
	Model            string    `json:"model"`
	LastSeen         time.Time `json:"last_seen"` // zero: never
	SMSPasscodesSent bool      `json:"sms_passcodes_sent"`
	Users            []User    `json:"users,omitempty"`
	Extra            Extra     `json:"-"`
}

// PhoneFilter narrows a list of phones.
type PhoneFilter struct {
	// Number is a phone number; Extension goes with it.
	Number, Extension string
}

// PhoneParams are what can be said of a phone. What is empty is left as it is.
type PhoneParams struct {
	// Number has 5 to 15 digits, best with + and the country code; without +
	// Duo takes it for a number of the USA. Blanks, dots, hyphens and brackets
	// are left out. Empty: a tablet.
	Number string
	// Extension has at most 32 characters: digits, *, # and commas.
	Extension string
	// Name has at most 256 bytes.
	Name string
	// Type is unknown, mobile or landline, in any case.
	Type string
	// Platform is unknown, google android, apple ios, windows phone 7, windows
	// phone, rim blackberry, java j2me, palm webos, symbian os, windows mobile
	// or generic smartphone, in any case.
	Platform string
	// Predelay and Postdelay are whole seconds, 0 to 999: before an extension
	// is dialled, and before Duo speaks.
	Predelay, Postdelay string
	// Clear names parameters to empty: extension, name, predelay, postdelay.
	Clear []string
}

const maxExtension = 32

func (f PhoneFilter) parameters() *parameters {
	p := newParameters()
	p.phone("number", f.Number)
	p.extension(f.Extension)
	if f.Extension != "" && f.Number == "" {
		p.fault("number", "is missing beside extension")
	}
	return p
}

func (f PhoneParams) add(p *parameters) {
	p.phone("number", f.Number)
	p.extension(f.Extension)
	p.line("name", f.Name, maxName)
	p.choice("type", f.Type, "unknown", "mobile", "landline")
	p.choice("platform", f.Platform, "unknown", "google android", "apple ios", "windows phone 7", "windows phone",
		"rim blackberry", "java j2me", "palm webos", "symbian os", "windows mobile", "generic smartphone")
	p.digits("predelay", f.Predelay)
	p.digits("postdelay", f.Postdelay)
	p.empty(f.Clear, "extension", "name", "predelay", "postdelay")
}

// phone sets an optional telephone number.
func (p *parameters) phone(name, value string) {
	if value == "" {
		return
	}
	number := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, value)
	digits := strings.TrimPrefix(number, "+")
	if len(digits) < 5 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		p.fault(name, "must have 5 to 15 digits, with a + before the country code")
		return
	}
	p.set(name, number)
}

func (p *parameters) extension(value string) {
	if value == "" {
		return
	}
	if len(value) > maxExtension || strings.Trim(value, "0123456789*#,") != "" {
		p.fault("extension", fmt.Sprintf("must have at most %d characters: digits, *, # and commas", maxExtension))
		return
	}
	p.set("extension", value)
}

func (p *parameters) digits(name, value string) {
	if value == "" {
		return
	}
	if len(value) > 3 || strings.Trim(value, "0123456789") != "" {
		p.fault(name, "must be whole seconds, 0 to 999")
		return
	}
	p.set(name, value)
}

// ActivationParams says how a phone is to be activated.
type ActivationParams struct {
	// Valid is how long the link is good, in whole seconds; zero: a day.
	Valid time.Duration
	// Install asks for a link to install Duo Mobile too.
	Install bool
	// ActivationMessage is the SMS; it must hold <acturl>. Empty: Duo's words.
	// Only for an SMS.
	ActivationMessage string
	// InstallationMessage is the SMS before it; it must hold <insturl>. Empty:
	// Duo's words. Only for an SMS, and only with Install.
	InstallationMessage string
}

// Activation is what activates a phone. Whoever has it can take the phone's
// place.
type Activation struct {
	ActivationURL     secret.Secret `json:"activation_url"`
	ActivationBarcode secret.Secret `json:"activation_barcode"` // the URL of a QR code
	InstallationURL   string        `json:"installation_url,omitempty"`
	ValidSecs         int           `json:"valid_secs"`
	Extra             Extra         `json:"-"`
}

// SMSActivation is what was sent to a phone by SMS.
type SMSActivation struct {
	ActivationBarcode   secret.Secret `json:"activation_barcode"`
	ActivationMessage   secret.Secret `json:"activation_msg"` // holds the link
	InstallationMessage string        `json:"installation_msg,omitempty"`
	ValidSecs           int           `json:"valid_secs"`
	Extra               Extra         `json:"-"`
}

const maxSMS = 1600 // bytes: ten messages

func (a ActivationParams) add(p *parameters, sms bool) {
	p.valid(a.Valid)
	p.on("install", a.Install)
	if !sms && (a.ActivationMessage != "" || a.InstallationMessage != "") {
		p.fault("activation_msg", "and installation_msg are for an SMS only")
		return
	}
	if a.InstallationMessage != "" && !a.Install {
		p.fault("installation_msg", "needs install")
	}
	p.message("activation_msg", a.ActivationMessage, "<acturl>")
	p.message("installation_msg", a.InstallationMessage, "<insturl>")
}

// message sets an optional SMS that must hold a placeholder.
func (p *parameters) message(name, value, placeholder string) {
	if value != "" && !strings.Contains(value, placeholder) {
		p.fault(name, "must hold "+placeholder)
		return
	}
	p.text(name, value, maxSMS)
}
