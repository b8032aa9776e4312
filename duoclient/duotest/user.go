package duotest

import (
	"slices"
	"time"
)

// The statuses of a user, in the Admin API's words.
const (
	StatusActive   = "active"
	StatusBypass   = "bypass"
	StatusDisabled = "disabled"
	StatusLocked   = "locked out"
)

// User is a user as callers see it: a copy, changed with [Server.UpdateUser].
type User struct {
	// ID is the DU... key; made up when empty.
	ID string
	// Name is found without regard to case, as Duo does.
	Name string
	// Aliases find the user as well.
	Aliases []string
	// RealName and Email are what an administrator noted.
	RealName, Email string
	// Status is one of the Status constants; active when empty.
	Status string
	// Groups are names, shown in auth_context.
	Groups []string
	// Phones are the devices; a user without any is not enrolled. A phone
	// whose ID another user has already is shared with that user.
	Phones []Phone
	// BypassCodes are the unspent ones; each works once.
	BypassCodes []string
	// Failures in a row so far; see [Config.LockoutThreshold].
	Failures int
	// Auto, when not empty, takes the place of the server's mode.
	Auto Mode
	// NoAutoPrompt keeps the page from pushing by itself
	// (enable_auto_prompt false).
	NoAutoPrompt bool
	// LastLogin is zero when there was none.
	LastLogin time.Time
}

// Enrolled says whether the user has a device.
func (u User) Enrolled() bool { return len(u.Phones) > 0 }

// user is the record behind [User].
type user struct {
	id, name, realName, email string
	aliases, groups           []string
	status                    string
	phones                    []string
	bypass                    []*bypassCode
	failures                  int
	auto                      Mode
	noAutoPrompt              bool
	created, lastLogin        time.Time
}

// bypassCode is one code of a user. left counts uses; zero is unlimited.
type bypassCode struct {
	id, code string
	left     int
	limited  bool
	expires  time.Time // zero: never
}

// spendBypass uses one of the user's codes up.
func (u *user) spendBypass(code string, now time.Time) bool {
	for i, b := range u.bypass {
		if b.code != code || (!b.expires.IsZero() && !now.Before(b.expires)) {
			continue
		}
		if b.limited {
			if b.left--; b.left == 0 {
				u.bypass = slices.Delete(u.bypass, i, i+1)
			}
		}
		return true
	}
	return false
}

// setBypass makes codes the user's codes and keeps what is known of those that
// stay.
func (u *user) setBypass(codes []string) {
	old := u.bypass
	u.bypass = nil
	for _, code := range codes {
		i := slices.IndexFunc(old, func(b *bypassCode) bool { return b.code == code })
		if i >= 0 {
			u.bypass = append(u.bypass, old[i])
			continue
		}
		u.bypass = append(u.bypass, &bypassCode{id: newID("DB"), code: code, left: 1, limited: true})
	}
}
