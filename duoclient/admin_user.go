package duoclient

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// UserStatus is what Duo does with a user.
type UserStatus string

// The statuses. Others may come.
const (
	UserActive          UserStatus = "active"
	UserBypass          UserStatus = "bypass"   // let in without second factor
	UserDisabled        UserStatus = "disabled" // never let in
	UserLockedOut       UserStatus = "locked out"
	UserPendingDeletion UserStatus = "pending deletion"
)

// User is a user of Duo's. Inside other objects the lists are empty.
type User struct {
	UserID            string            `json:"user_id"`
	Username          string            `json:"username"`
	Aliases           map[string]string `json:"aliases"` // alias1 to alias8
	Realname          string            `json:"realname"`
	Firstname         string            `json:"firstname"`
	Lastname          string            `json:"lastname"`
	Email             string            `json:"email"`
	Status            UserStatus        `json:"status"`
	LockoutReason     string            `json:"lockout_reason"` // Failed Attempts, Not enrolled, Admin disabled...
	Notes             string            `json:"notes"`
	IsEnrolled        bool              `json:"is_enrolled"`
	Created           time.Time         `json:"created"`
	LastLogin         time.Time         `json:"last_login"`          // zero: never
	LastDirectorySync time.Time         `json:"last_directory_sync"` // zero: never
	ExternalID        string            `json:"external_id,omitempty"`
	EnableAutoPrompt  bool              `json:"enable_auto_prompt"`
	Groups            []Group           `json:"groups,omitempty"`
	Phones            []Phone           `json:"phones,omitempty"`
	Tokens            []Token           `json:"tokens,omitempty"`
	WebAuthn          []WebAuthn        `json:"webauthncredentials,omitempty"`
	CustomAttributes  map[string]string `json:"custom_attributes,omitempty"`
	Extra             Extra             `json:"-"`
}

// UserFilter narrows a list of users; at most one field is set.
type UserFilter struct {
	// Username is a name or alias, exact.
	Username string
	// Email is exact.
	Email string
	// UserIDs and Usernames hold at most 100 elements.
	UserIDs, Usernames []string
}

// UserParams are what can be said of a user. What is empty is left as it is.
type UserParams struct {
	// Username has at most 256 bytes; a new user needs one.
	Username string
	// Aliases are alias1, alias2 and so on, at most 8; an empty one is removed.
	Aliases []string
	// Realname, Firstname, Lastname and Notes have at most 1024 bytes.
	Realname, Firstname, Lastname, Notes string
	// Email is one address, at most 254 bytes.
	Email string
	// Status is active, bypass or disabled; for a user that exists also locked
	// out.
	Status           UserStatus
	EnableAutoPrompt *bool
	// CustomAttributes are sent as custom_attributes.NAME.
	CustomAttributes map[string]string
	// Clear names parameters to empty: realname, firstname, lastname, email,
	// notes.
	Clear []string
}

const maxAliases = 8

func (f UserFilter) parameters() *parameters {
	p := newParameters()
	p.line("username", f.Username, maxName)
	p.email("email", f.Email)
	p.jsonList("user_id_list", f.UserIDs)
	p.jsonList("username_list", f.Usernames)
	if len(p.values)+len(p.faults) > 1 {
		p.fault("username", "email, user_id_list and username_list exclude each other")
	}
	return p
}

// add sets the user's parameters in p. statuses are those that may be asked
// for.
func (u UserParams) add(p *parameters, statuses ...string) {
	p.line("username", u.Username, maxName)
	p.line("realname", u.Realname, maxText)
	p.line("firstname", u.Firstname, maxText)
	p.line("lastname", u.Lastname, maxText)
	p.text("notes", u.Notes, maxText)
	p.email("email", u.Email)
	p.choice("status", string(u.Status), statuses...)
	p.either("enable_auto_prompt", u.EnableAutoPrompt)
	u.addAliases(p)
	for name, value := range u.CustomAttributes {
		if name == "" || len(name) > maxName {
			p.fault("custom_attributes", fmt.Sprintf("need names of 1 to %d bytes", maxName))
			continue
		}
		p.text("custom_attributes."+name, value, maxText)
	}
	p.empty(u.Clear, "realname", "firstname", "lastname", "email", "notes")
}

// addAliases sends each of the first four alone, as every version of the
// service takes them, and longer lists whole.
func (u UserParams) addAliases(p *parameters) {
	if len(u.Aliases) > maxAliases {
		p.fault("aliases", fmt.Sprintf("must be at most %d, there are %d", maxAliases, len(u.Aliases)))
		return
	}
	given := slices.DeleteFunc(slices.Clone(u.Aliases), func(s string) bool { return s == "" })
	slices.Sort(given)
	if len(slices.Compact(slices.Clone(given))) != len(given) {
		p.fault("aliases", "must differ from each other")
	}
	pairs := make([]string, len(u.Aliases))
	for i, alias := range u.Aliases {
		name := fmt.Sprintf("alias%d", i+1)
		pairs[i] = name + "=" + percent(alias)
		if alias == "" {
			p.set(name, "")
		}
		p.line(name, alias, maxName)
	}
	if len(u.Aliases) <= 4 {
		return
	}
	for i := range u.Aliases {
		p.values.Del(fmt.Sprintf("alias%d", i+1))
	}
	p.set("aliases", strings.Join(pairs, "&"))
}
