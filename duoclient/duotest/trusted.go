package duotest

import "time"

// trustedDevice is a device that needs no second factor for a while.
type trustedDevice struct {
	userID  string
	expires time.Time
}

// trust remembers the device of a login.
func (a *account) trust(u *user, now, until time.Time) string {
	prune(a.trusted, func(d trustedDevice) bool { return !now.Before(d.expires) })
	token := randomText(alphanumeric, 40)
	a.trusted[token] = trustedDevice{u.id, until}
	return token
}

func (a *account) trusts(token string, u *user, now time.Time) bool {
	d, known := a.trusted[token]
	return known && d.userID == u.id && now.Before(d.expires)
}
