package portal

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"

	"mfaserver/web/browser"
)

// cookieForm holds the value that a form of ours must repeat. Its name begins
// with __Host-, so that no other host can set it (RFC 6265bis section 4.1.3.2).
const cookieForm = "__Host-mfa_form"

const maxCookie = 128

// formToken returns the value that forms on the next page carry, and sets its
// cookie where the browser has none.
func formToken(w http.ResponseWriter, r *http.Request) string {
	if value := cookieValue(r, cookieForm); value != "" {
		return value
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	value := base64.RawURLEncoding.EncodeToString(b[:])
	setCookie(w, cookieForm, value, 0)
	return value
}

// posted reads a form of ours, or answers and returns false: a browser must say
// that a page of ours made the request, and the form must repeat the cookie
// (threats T027, T114).
func (p *Portal) posted(w http.ResponseWriter, r *http.Request) (map[string]string, bool) {
	if !browser.FromOurPage(r.Header, p.cfg.PublicURLs) {
		p.say(w, r, http.StatusBadRequest, textForeign)
		return nil, false
	}
	form, err := browser.ReadForm(w, r, "form", "username", "password", "want")
	if err != nil {
		status := http.StatusBadRequest
		if s, ok := errors.AsType[browser.StatusError](err); ok {
			status = int(s)
		}
		p.say(w, r, status, textForeign)
		return nil, false
	}
	want := cookieValue(r, cookieForm)
	if want == "" || subtle.ConstantTimeCompare([]byte(form["form"]), []byte(want)) != 1 {
		p.say(w, r, http.StatusBadRequest, textForeign)
		return nil, false
	}
	return form, true
}

// cookieValue is the value of a cookie that is there once and plain.
func cookieValue(r *http.Request, name string) string {
	all := r.CookiesNamed(name)
	if len(all) != 1 || all[0].Quoted || len(all[0].Value) > maxCookie {
		return ""
	}
	return all[0].Value
}

// setCookie sets a cookie of the portal for so many seconds; 0 is until the
// browser closes, less deletes it.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
