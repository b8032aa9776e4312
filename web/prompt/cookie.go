package prompt

import "net/http"

// maxCookie is the longest value that is looked at.
const maxCookie = 2 << 10

// cookieValue is the value of a cookie that is there once and plain.
func cookieValue(r *http.Request, name string) string {
	all := r.CookiesNamed(name)
	if len(all) != 1 || all[0].Quoted || len(all[0].Value) > maxCookie {
		return ""
	}
	return all[0].Value
}

// setCookie sets a cookie for so many seconds; less than 0 deletes it.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
