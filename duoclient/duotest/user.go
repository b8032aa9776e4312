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
	// RealName, FirstName, LastName, Email and Notes are what an
	// administrator noted.
	RealName, FirstName, LastName, Email, Notes string
	// Status is one of the Status constants; active when empty.
	Status string
	// Groups are names; a group that is not there yet is made.
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
	// Created is the simulator's time when zero.
	Created time.Time
	// LastLogin is zero when there was none.
	LastLogin time.Time
	// WebAuthn are security keys and the like. The prompt asks for a touch
	// of them, and the Admin API lists and removes them.
	WebAuthn []WebAuthnCredential
}

// Enrolled says whether the user has a device that can be used: a phone with a
// number, or one that is activated.
func (u User) Enrolled() bool {
	return slices.ContainsFunc(u.Phones, Phone.usable) || len(u.WebAuthn) > 0
}

// maxAliases is how many aliases a user may have.
const maxAliases = 8

// user is the record behind [User].
type user struct {
	id, name, realName, email  string
	firstName, lastName, notes string
	aliases                    [maxAliases]string // empty where there is none
	groups, phones, tokens     []string           // keys
	status, lockoutReason      string
	lockedAt                   time.Time
	bypass                     []*bypassCode
	failures                   int
	auto                       Mode
	noAutoPrompt               bool
	externalID                 string // of a directory
	created, lastLogin, synced time.Time
	custom                     map[string]string
}

// describe takes over what does not concern other objects.
func (u *user) describe(in User) {
	u.name, u.realName, u.email = in.Name, in.RealName, in.Email
	u.firstName, u.lastName, u.notes = in.FirstName, in.LastName, in.Notes
	u.aliases = [maxAliases]string{}
	copy(u.aliases[:], in.Aliases)
	u.status = in.Status
	if u.status == "" {
		u.status = StatusActive
	}
	u.failures, u.auto, u.noAutoPrompt, u.lastLogin = in.Failures, in.Auto, in.NoAutoPrompt, in.LastLogin
	if !in.Created.IsZero() {
		u.created = in.Created
	}
	u.setBypass(in.BypassCodes, u.created)
}

// allNames are the name and then the aliases.
func (u *user) allNames() []string {
	out := []string{u.name}
	for _, alias := range u.aliases {
		if alias != "" {
			out = append(out, alias)
		}
	}
	return out
}

// bypassCode is one code of a user. left counts uses; zero is unlimited.
type bypassCode struct {
	id, code string
	left     int
	limited  bool
	created  time.Time
	expires  time.Time // zero: never
}

func (b *bypassCode) live(now time.Time) bool { return b.expires.IsZero() || now.Before(b.expires) }

// spendBypass uses one of the user's codes up.
func (u *user) spendBypass(code string, now time.Time) bool {
	for i, b := range u.bypass {
		if b.code != code || !b.live(now) {
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
func (u *user) setBypass(codes []string, now time.Time) {
	old := u.bypass
	u.bypass = nil
	for _, code := range codes {
		i := slices.IndexFunc(old, func(b *bypassCode) bool { return b.code == code })
		if i >= 0 {
			u.bypass = append(u.bypass, old[i])
			continue
		}
		u.bypass = append(u.bypass, &bypassCode{id: newID("DB"), code: code, left: 1, limited: true, created: now})
	}
}

// setStatus changes the status; a user who is active again starts anew.
func (u *user) setStatus(status string, now time.Time) {
	if status == u.status {
		return
	}
	u.status, u.lockoutReason = status, ""
	switch status {
	case StatusActive:
		u.failures = 0
	case StatusDisabled:
		u.lockoutReason = "Admin API disabled"
	case StatusLocked:
		u.lockoutReason, u.lockedAt = "Failed Attempts", now
	}
}
