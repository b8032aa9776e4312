package duotest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Phone is a user's device.
type Phone struct {
	// ID is the DP... key; made up when empty.
	ID string
	// Number is E.164 (+17345550100), or empty for a tablet.
	Number string
	// Name is the owner's word for it.
	Name string
	// Extension is dialled after Number.
	Extension string
	// Type is Mobile, Landline or Unknown; Mobile when empty.
	Type string
	// Model is the make, if it is known.
	Model string
	// Platform is "Apple iOS", "Google Android", "Unknown", ...; Generic
	// Smartphone when empty.
	Platform string
	// Activated phones run the app: they take pushes and show passcodes.
	// The others get their passcodes by text message.
	Activated bool
	// IP is the phone's address in auth_device; 192.0.2.10 when empty.
	IP string
	// Passcode is the one that works next, and the prompt page's hint. It
	// follows from the number (or the ID) and from how many were used, so
	// that it is the same in every run. Set by the simulator.
	Passcode string
}

// Smartphone is an activated phone that can do everything.
func Smartphone(number string) Phone {
	return Phone{Number: number, Name: "My iPhone", Platform: "Apple iOS", Activated: true}
}

// phone is the record behind [Phone].
type phone struct {
	Phone
	// used counts passcodes that worked.
	used uint64
	// users are the keys of those who have the phone.
	users               []string
	predelay, postdelay string
	smsSent             bool
	lastSeen            time.Time
}

// usable says whether anybody can be reached with the phone.
func (p Phone) usable() bool { return p.Activated || p.Number != "" }

// capabilities are what the phone can be asked for.
func (p Phone) capabilities() []string {
	out := []string{}
	if p.usable() {
		out = append(out, "auto")
	}
	if p.Activated {
		out = append(out, "push")
	}
	if p.Number != "" && p.Type != "Landline" {
		out = append(out, "sms")
	}
	if p.Number != "" {
		out = append(out, "phone")
	}
	if p.Activated {
		out = append(out, "mobile_otp")
	}
	return out
}

// passcode computes the next passcode as an HOTP (RFC 4226, with SHA-256).
func (p *phone) passcode() string {
	seed := p.Number
	if seed == "" {
		seed = p.ID
	}
	mac := hmac.New(sha256.New, []byte("simulated phone "+seed))
	_ = binary.Write(mac, binary.BigEndian, p.used) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1_000_000)
}

// spendPasscode takes the current passcode, once.
func (p *phone) spendPasscode(code string) bool {
	if subtle.ConstantTimeCompare([]byte(p.passcode()), []byte(code)) != 1 {
		return false
	}
	p.used++
	return true
}

// snapshot is the phone as callers see it.
func (p *phone) snapshot() Phone {
	out := p.Phone
	out.Passcode = p.passcode()
	return out
}

// deviceName is the name in auth_device: "My iPhone (734-555-0100)".
func (p Phone) deviceName() string {
	name := p.Name
	if name == "" {
		name = p.Platform
	}
	if p.Number == "" {
		return name
	}
	number := p.Number
	if us, ok := strings.CutPrefix(number, "+1"); ok && len(us) == 10 {
		number = us[:3] + "-" + us[3:6] + "-" + us[6:]
	}
	return name + " (" + number + ")"
}

// normalNumber reads a telephone number as people type it. Without a plus sign
// it is taken for a North American one.
func normalNumber(s string) (string, bool) {
	plain := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(s)
	number, international := strings.CutPrefix(plain, "+")
	if strings.Trim(number, digits) != "" {
		return "", false
	}
	if !international && len(number) == 10 {
		number = "1" + number
	}
	if len(number) < 7 || len(number) > 15 {
		return "", false
	}
	return "+" + number, true
}
