package walks_test

import (
	"net/http"
	"net/url"
	"testing"

	"mfaserver/internal/mirth"
)

// callbackWalks are those of a client that logs in with two calls, and its
// person at the page between them.
func callbackWalks() []walk {
	walks := each("callback/approve", func(t *testing.T, h *house, v *visitor) {
		c := v.d.caller(t, v.d.username, v.d.password)
		v.Visit(c.authURL)
		v.approve()
		v.Wait("#login-data")
		v.audit("callback")
		if user := v.Text("#user"); user != c.username {
			t.Errorf("the page names %q, want %q", user, c.username)
		}
		if status := c.second(t, v.Value("#login-data")); status != http.StatusOK {
			t.Errorf("second call = %d", status)
		}
	})
	return append(walks, walk{"callback/deny", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		c := v.d.caller(t, v.d.username, v.d.password)
		v.Visit(c.authURL)
		v.approve()
		v.Wait("#login-data")
		data := v.Value("#login-data")
		v.Follow("#deny")
		v.audit("callback-denied")
		if status := c.second(t, data); status != http.StatusUnauthorized {
			t.Errorf("second call after Deny = %d, want 401", status)
		}
	}}, walk{"callback/stranger", func(t *testing.T, h *house) {
		v, other := h.visitor(t, h.demo), h.visitor(t, h.demo)
		v.Visit(v.d.server + callbackPath)
		v.audit("callback-bad")
		c := v.d.caller(t, v.d.username, v.d.password)
		other.Visit(c.authURL)
		other.Follow("#cancel")
		other.audit("callback-cancelled")
	}})
}

const callbackPath = "/api/4.5.2/extensions/mfa/duocallback"

// caller is a client of the API between its first call and its second.
type caller struct {
	d        *demo
	http     *http.Client
	username string
	authURL  string
}

// caller makes the first call.
func (d *demo) caller(t *testing.T, username, password string) *caller {
	t.Helper()
	c := &caller{d: d, http: d.fresh(t), username: username}
	status, contentType, body := c.post(t, url.Values{"username": {username}, "password": {password}}, "X-Mirth-Server-Url", d.server)
	parsed, err := mirth.ParseLoginStatus(body, contentType)
	challenge, ok := parsed.(mirth.DuoLoginStatus)
	if err != nil || !ok {
		t.Fatalf("first call = %d %s (%v), want a challenge", status, body, err)
	}
	c.authURL = challenge.AuthURL
	return c
}

// second makes the second call and returns its status.
func (c *caller) second(t *testing.T, data string) int {
	t.Helper()
	status, _, _ := c.post(t, url.Values{"username": {c.username}}, "X-Mirth-Login-Data", data)
	return status
}

func (c *caller) post(t *testing.T, form url.Values, header, value string) (status int, contentType string, body []byte) {
	t.Helper()
	return c.d.post(t, c.http, form, http.Header{header: {value}})
}
