package mirthtest

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/mirth"
)

const wrongPassword = "Incorrect username or password."

// account is a user with what the engine keeps about it.
type account struct {
	User

	strikes     int
	lastStrike  time.Time
	lockedUntil time.Time
	preferences map[string]string
}

// accounts are guarded by the server's lock.
type accounts struct {
	fold   bool
	byName map[string]*account
	nextID int
}

func newAccounts(users []User, fold bool) *accounts {
	a := &accounts{fold: fold, byName: map[string]*account{}, nextID: 1}
	for _, u := range users {
		a.put(u)
	}
	return a
}

// key is what the database takes for the same name.
func (a *accounts) key(name string) string {
	name = strings.TrimRight(name, " ")
	if a.fold {
		name = strings.ToLower(name)
	}
	return name
}

func (a *accounts) put(u User) {
	old := a.byName[a.key(u.Name)]
	if u.ID == 0 && old != nil {
		u.ID = old.ID
	}
	if u.ID == 0 {
		u.ID = a.nextID
	}
	a.nextID = max(a.nextID, u.ID+1)
	a.byName[a.key(u.Name)] = &account{User: u, preferences: map[string]string{}}
}

func (a *accounts) find(name string) *account { return a.byName[a.key(name)] }

func (a *accounts) remove(name string) { delete(a.byName, a.key(name)) }

// lookup finds by number or name, as paths do.
func (a *accounts) lookup(idOrName string) *account {
	if id, err := strconv.Atoi(idOrName); err == nil {
		for _, u := range a.byName {
			if u.ID == id {
				return u
			}
		}
	}
	return a.find(idOrName)
}

// list is in the order of the numbers.
func (a *accounts) list() []*account {
	list := make([]*account, 0, len(a.byName))
	for _, u := range a.byName {
		list = append(list, u)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	return list
}

// check decides about a password. The account is nil where nobody gets in.
func (s *Server) check(name, password string) (mirth.AnyLoginStatus, *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	u := s.accounts.find(name)
	if u == nil {
		return mirth.LoginStatus{Status: mirth.StatusFail, Message: wrongPassword}, nil
	}
	if !u.lockedUntil.IsZero() && !now.Before(u.lockedUntil) {
		u.strikes, u.lockedUntil = 0, time.Time{}
	}
	right := password != "" && u.Password == password
	if !right {
		u.strikes, u.lastStrike = u.strikes+1, now
		if s.config.MaxFailures > 0 && u.strikes >= s.config.MaxFailures && u.lockedUntil.IsZero() {
			u.lockedUntil = now.Add(s.config.Lockout)
		}
	}
	if !u.lockedUntil.IsZero() {
		return s.locked(u, right, now), nil
	}
	if !right {
		return mirth.LoginStatus{Status: mirth.StatusFail, Message: s.attemptsLeft(u)}, nil
	}
	u.strikes, u.lastStrike = 0, time.Time{}
	return s.admit(u)
}

// admit answers a right password.
func (s *Server) admit(u *account) (mirth.AnyLoginStatus, *account) {
	switch {
	case u.ExtendedLogin:
		return mirth.ExtendedLoginStatus{
			Status: mirth.StatusFail, Message: "challenge-token",
			ClientPluginClass: "com.mirth.connect.plugins.mfa.MFAClientPlugin",
		}, nil
	case u.Expired:
		return mirth.LoginStatus{
			Status:  mirth.StatusFailExpired,
			Message: "Your password has expired. Please contact an administrator to have your password reset.",
		}, nil
	case u.Grace != "":
		return mirth.LoginStatus{Status: mirth.StatusGracePeriod, Message: u.Grace}, u
	default:
		return mirth.LoginStatus{Status: mirth.StatusSuccess}, u
	}
}

func (s *Server) locked(u *account, right bool, now time.Time) mirth.LoginStatus {
	// The engine's own clock has always moved on since it locked.
	left := u.lockedUntil.Sub(now) - time.Millisecond
	text := fmt.Sprintf("User account %q has been locked. You may attempt to login again in %s.", u.Name, span(left))
	if !right {
		text = wrongPassword + " " + text
	}
	return mirth.LoginStatus{Status: mirth.StatusFailLockedOut, Message: text}
}

func (s *Server) attemptsLeft(u *account) string {
	if s.config.MaxFailures == 0 {
		return wrongPassword
	}
	return fmt.Sprintf("%s %d login attempt(s) remaining for %q until the account is locked for %s.",
		wrongPassword, s.config.MaxFailures-u.strikes, u.Name, span(s.config.Lockout))
}

// span prints whole hours and minutes.
func span(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}} {
		n := int64(d / unit.size)
		d %= unit.size
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}

// shown is the user as the API shows it.
func (u *account) shown() mirth.User {
	return mirth.User{
		ID: u.ID, Username: u.Name, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
		LastLogin: u.LastLogin, GracePeriodStart: u.GraceSince, StrikeCount: u.strikes,
	}
}
