package duotest

import (
	"maps"
	"net/http"
	"time"
)

// rememberCookie is before a user's key in the name of the cookie of a
// remembered browser. The application may be on the same host with another
// port, and so see the cookie: its name must not be one that others use.
const rememberCookie = "__Host-simulated-duo-"

// trustedDays is for how long the application's policy lets browsers be
// remembered; 0 is not at all. The caller holds the mutex.
func (p *prompt) trustedDays() int {
	if i := p.account.integrations.get(p.request.client); i != nil {
		return i.trustedDays
	}
	return 0
}

// rememberedBrowser says whether the browser was remembered for the prompt's
// user. The caller holds the mutex.
func (x *exchange) rememberedBrowser(p *prompt) bool {
	u := p.account.find(p.request.username)
	if u == nil || p.trustedDays() == 0 {
		return false
	}
	cookie, err := x.r.Cookie(rememberCookie + u.id)
	return err == nil && p.account.trusts(cookie.Value, u, x.now)
}

// rememberBrowser does what the person ticked. The caller holds the mutex.
func (x *exchange) rememberBrowser(p *prompt, u *user) {
	days := p.trustedDays()
	if !p.remember || days == 0 {
		return
	}
	life := time.Duration(days) * 24 * time.Hour
	cookie := http.Cookie{
		Name: rememberCookie + u.id, Value: p.account.trust(u, x.now, x.now.Add(life)),
		Path: "/", MaxAge: int(life.Seconds()), Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // the application leads here from another site
	}
	x.header.Add("Set-Cookie", cookie.String())
}

// rememberedBy counts the browsers that are remembered for a user. The caller
// holds the mutex.
func (a *account) rememberedBy(u *user, now time.Time) int {
	n := 0
	for _, d := range a.trusted {
		if d.userID == u.id && now.Before(d.expires) {
			n++
		}
	}
	return n
}

// distrust forgets them.
func (a *account) distrust(u *user) {
	maps.DeleteFunc(a.trusted, func(_ string, d trustedDevice) bool { return d.userID == u.id })
}
