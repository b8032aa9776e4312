package browser

import "net/http"

const (
	// cookieNotice holds the key of a notice from the answer to a form to the
	// page after it.
	cookieNotice  = "__Host-mfa_notice"
	noticeSeconds = 60
	maxNotice     = 48
)

// SetNotice leaves the key of a notice for the page that the browser is sent to
// next. A key is a word of small letters, figures and hyphens that the program
// knows; never a text, so that whoever sets the cookie can say nothing of his
// own (threat T044). It panics with any other key.
func SetNotice(w http.ResponseWriter, key string) {
	if !validNotice(key) {
		panic("browser: a notice is set by its key")
	}
	SetCookie(w, cookieNotice, key, noticeSeconds)
}

// TakeNotice returns the key that the last answer left, and removes it. Empty
// means none.
func TakeNotice(w http.ResponseWriter, r *http.Request) string {
	if len(r.CookiesNamed(cookieNotice)) == 0 {
		return ""
	}
	SetCookie(w, cookieNotice, "", -1)
	if key := CookieValue(r, cookieNotice); validNotice(key) {
		return key
	}
	return ""
}

func validNotice(key string) bool {
	if key == "" || len(key) > maxNotice {
		return false
	}
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
