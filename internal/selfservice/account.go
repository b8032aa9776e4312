package selfservice

import (
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// Account is what Duo has of a user, as far as he is shown it.
type Account struct {
	// Username is Duo's name for him.
	Username string
	// Enrolled: he has something to prove himself with.
	Enrolled bool
	// Status is Duo's word: active, bypass, disabled, locked out, or another.
	Status  string
	Devices []Device
}

// Kind is what a device is.
type Kind int

// The kinds.
const (
	Phone Kind = iota + 1
	Tablet
	HardwareToken
	SecurityKey
)

// Device is one of a user's devices. What it is called, and all other texts,
// are Duo's: somebody typed them.
type Device struct {
	ID   string
	Kind Kind
	// Name may be empty. Number has all but the last four digits taken out.
	Name, Number string
	// Platform and Model are what Duo knows of a phone, Serial of a token.
	Platform, Model, Serial string
	// Active: it can be used. App: Duo Mobile is set up on it; that of a phone
	// or tablet without is still to come.
	Active, App bool
	// Push, Passcode, SMS and Call are what a phone can do.
	Push, Passcode, SMS, Call bool
	// LastSeen is when Duo heard of it; zero means never, or not known.
	LastSeen time.Time
}

func (a *Account) count(k Kind) int {
	n := 0
	for _, d := range a.Devices {
		if d.Kind == k || k == Phone && d.Kind == Tablet {
			n++
		}
	}
	return n
}

// Device gives the device with Duo's key for it.
func (a *Account) Device(id string) (Device, bool) {
	i := slices.IndexFunc(a.Devices, func(d Device) bool { return d.ID == id })
	if i < 0 {
		return Device{}, false
	}
	return a.Devices[i], true
}

func accountOf(u *duoclient.User) *Account {
	a := &Account{Username: u.Username, Enrolled: u.IsEnrolled, Status: string(u.Status)}
	for i := range u.Phones {
		a.Devices = append(a.Devices, phone(&u.Phones[i]))
	}
	for i := range u.WebAuthn {
		k := &u.WebAuthn[i]
		a.Devices = append(a.Devices, Device{
			ID: k.WebAuthnKey, Kind: SecurityKey, Name: k.CredentialName, Model: k.Label, Active: true, LastSeen: k.DateLastUsed,
		})
	}
	for i := range u.Tokens {
		t := &u.Tokens[i]
		a.Devices = append(a.Devices, Device{ID: t.TokenID, Kind: HardwareToken, Serial: t.Serial, Passcode: true, Active: true})
	}
	return a
}

func phone(p *duoclient.Phone) Device {
	can := func(what string) bool { return slices.Contains(p.Capabilities, what) }
	d := Device{
		ID: p.PhoneID, Kind: Phone, Name: p.Name, Number: lastDigits(p.Number), Platform: p.Platform, Model: p.Model,
		Push: can("push"), Passcode: can("mobile_otp"), SMS: can("sms"), Call: can("phone"), LastSeen: p.LastSeen,
	}
	if p.Number == "" {
		d.Kind = Tablet
	}
	d.App = p.Activated
	d.Active = d.App || d.SMS || d.Call
	if strings.EqualFold(d.Platform, "unknown") {
		d.Platform = ""
	}
	return d
}

// lastDigits shows of a number what tells it from one's others.
func lastDigits(number string) string {
	const shown = 4
	if len(number) <= shown {
		return ""
	}
	return number[len(number)-shown:]
}
