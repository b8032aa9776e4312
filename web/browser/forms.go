package browser

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
)

// ErrForeign means that a form did not come from a page of ours that was made
// for this browser and this session.
var ErrForeign = errors.New("browser: form is not from a page of ours")

const (
	// fieldForm is the hidden field that each form has.
	fieldForm = "form"
	// cookieForm is the default name of the cookie of those who are not signed
	// in.
	cookieForm = "__Host-mfa_form"
	// labelForm separates the value of forms from any other use of a session's
	// cookie as a key.
	labelForm = "mfaserver form 1"
	maxCookie = 128
)

// FormsConfig says whose forms they are.
type FormsConfig struct {
	// PublicURLs are the base URLs of the server, https and without a path.
	PublicURLs []string
	// Cookie is for those who are not signed in; empty means __Host-mfa_form.
	Cookie string
}

// Forms tells the forms of our own pages from those that another site makes up.
// It is safe for concurrent use.
type Forms struct{ c FormsConfig }

// NewForms makes one.
func NewForms(c FormsConfig) *Forms {
	if c.Cookie == "" {
		c.Cookie = cookieForm
	}
	return &Forms{c: c}
}

// Token returns what the forms of the next page carry in their hidden field
// "form". session is the value of the cookie of the session that the page
// belongs to, and empty for nobody: then it is a random value, which a cookie
// set on w repeats.
func (f *Forms) Token(w http.ResponseWriter, r *http.Request, session string) string {
	if session != "" {
		return ofSession(session)
	}
	if value := CookieValue(r, f.c.Cookie); value != "" {
		return value
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	value := base64.RawURLEncoding.EncodeToString(b[:])
	SetCookie(w, f.c.Cookie, value, 0)
	return value
}

// Read reads the named fields of a posted form, each at most once. A browser
// must say that a page of ours made the request, and the form must carry the
// value that [Forms.Token] gave for the same session (threats T027, T114,
// T156). Errors are [StatusError] and [ErrForeign].
func (f *Forms) Read(w http.ResponseWriter, r *http.Request, session string, names ...string) (map[string]string, error) {
	form, _, err := f.ReadLists(w, r, session, names)
	return form, err
}

// ReadLists is [Forms.Read] for forms with fields that may come more than
// once, as check boxes of one name do: the fields named in lists.
func (f *Forms) ReadLists(w http.ResponseWriter, r *http.Request, session string, names []string, lists ...string) (map[string]string, map[string][]string, error) {
	if !FromOurPage(r.Header, f.c.PublicURLs) {
		return nil, nil, ErrForeign
	}
	body, err := postedBody(w, r)
	if err != nil {
		return nil, nil, err
	}
	one, many, err := parseForm(body, slices.Concat([]string{fieldForm}, names), lists)
	if err != nil {
		return nil, nil, err
	}
	want := CookieValue(r, f.c.Cookie)
	if session != "" {
		want = ofSession(session)
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(one[fieldForm]), []byte(want)) != 1 {
		return nil, nil, ErrForeign
	}
	return one, many, nil
}

// ofSession is the value of the forms of one session. It tells nothing about
// the cookie.
func ofSession(session string) string {
	mac := hmac.New(sha256.New, []byte(session))
	mac.Write([]byte(labelForm))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CookieValue is the value of a cookie of our pages that is there once and
// plain; else it is empty.
func CookieValue(r *http.Request, name string) string { return LongCookieValue(r, name, maxCookie) }

// LongCookieValue is [CookieValue] for one of up to most bytes.
func LongCookieValue(r *http.Request, name string, most int) string {
	all := r.CookiesNamed(name)
	if len(all) != 1 || all[0].Quoted || len(all[0].Value) > most {
		return ""
	}
	return all[0].Value
}

// SetCookie sets a cookie of our pages for so many seconds; 0 is until the
// browser closes, less deletes it. The name begins with __Host-, so that no
// other host can set it (RFC 6265bis section 4.1.3.2). SameSite is Lax: the
// browser comes back from Duo, which is another site.
func SetCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
