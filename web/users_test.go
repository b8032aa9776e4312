package web_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/primary"
	"mfaserver/session"
	"mfaserver/web"
)

const cookie = "JSESSIONID=" + goodID

const adminXML = `<user>
  <id>1</id>
  <username>admin</username>
  <lastLogin>
    <time>1795308772474</time>
    <timezone>Etc/UTC</timezone>
  </lastLogin>
  <strikeCount>0</strikeCount>
  <userConsent>false</userConsent>
</user>`

// What a signed-in client reads, as captures 05a-05r, 07a, 07b and 12t show.
func TestReading(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.users = append(w.users, primary.User{ID: 3, Username: "josé né"})
	s := newSite(t, w)
	const duoJSON = `{"id":2,"username":"duo1","email":"duo1@example.org","firstName":"F","lastName":"L & M","lastLogin":{"time":1795309733291,"timezone":"Etc/UTC"},"strikeCount":0,"userConsent":false}`
	const adminJSON = `{"id":1,"username":"admin","lastLogin":{"time":1795308772474,"timezone":"Etc/UTC"},"strikeCount":0,"userConsent":false}`
	for _, tt := range []struct {
		path, accept string
		status       int
		body         string
	}{
		{"/users/current", "application/xml", 200, adminXML},
		{"/users/current", "application/json", 200, `{"user":` + adminJSON + `}`},
		{"/users/current", "text/html", 406, ""},
		{"/users/1", "application/xml", 200, adminXML},
		{"/users/admin", "application/json", 200, `{"user":` + adminJSON + `}`},
		{"/users/duo1", "application/json", 200, `{"user":` + duoJSON + `}`},
		{"/users/jos%C3%A9%20n%C3%A9", "application/json", 200, `{"user":{"id":3,"username":"josé né","strikeCount":0,"userConsent":false}}`},
		{"/users/nobody", "application/xml", 404, ""},
		{"/users/99", "application/json", 404, ""},
		{"/users/1/loggedIn", "application/xml", 200, "<boolean>true</boolean>"},
		{"/users/2/loggedIn", "application/json", 200, `{"boolean":false}`},
		{"/users/99/loggedIn", "application/xml", 404, ""},
		{"/users/admin/loggedIn", "application/xml", 404, ""},
		{"/users/01/loggedIn", "application/xml", 404, ""},
		{"/server/status", "application/xml", 200, "<int>0</int>"},
		{"/server/status", "application/json", 200, `{"int":0}`},
		{"/server/version", "text/plain", 200, "4.5.2"},
		{"/server/version", "*/*", 200, "4.5.2"},
		{"/server/version", "text/*", 200, "4.5.2"},
		{"/server/version", "", 200, "4.5.2"},
		{"/server/version", "application/xml", 406, ""},
		{"/server/version", "text/plain;q=0, */*", 406, ""},
		{"/channels", "application/xml", 404, ""},
		{"/users/1/preferences", "application/xml", 404, ""},
	} {
		for _, base := range []string{"/api", "/api/4.5.2", "/api/3.0.1"} {
			got := s.send(t, "GET", base+tt.path, "", "Accept", tt.accept, "Cookie", cookie)
			if got.StatusCode != tt.status || got.body != tt.body {
				t.Errorf("GET %s (%s) = %d %s\nwant %d %s", base+tt.path, tt.accept, got.StatusCode, got.body, tt.status, tt.body)
			}
			head := s.send(t, "HEAD", base+tt.path, "", "Accept", tt.accept, "Cookie", cookie)
			if head.StatusCode != tt.status || head.body != "" || head.Header.Get("Content-Length") != got.Header.Get("Content-Length") {
				t.Errorf("HEAD %s = %d, length %s; want that of GET", base+tt.path, head.StatusCode, head.Header.Get("Content-Length"))
			}
		}
	}
	list := s.send(t, "GET", "/api/users", "", "Accept", "application/json", "Cookie", cookie)
	if !strings.HasPrefix(list.body, `{"list":{"user":[`+adminJSON+","+duoJSON) {
		t.Errorf("users = %s", list.body)
	}
}

// Threat T018: Authorization is never looked at. Threat T107: an id that is
// not a session's opens nothing. Captures 05d-05z5, 06d.
func TestWithoutSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, r := range s.handler.Routes() {
		if r.Access != web.SignedIn {
			continue
		}
		method := r.Methods[0]
		for _, tt := range []struct {
			name    string
			headers []string
			body    string
		}{
			{"nothing", nil, ""},
			{"JSON", []string{"Accept", "application/json"}, `{"message":"Unauthorized","status":"401"}`},
			{"XML or JSON", []string{"Accept", "application/xml, application/json"}, ""},
			{"anything", []string{"Accept", "*/*"}, ""},
			{"garbage cookie", []string{"Cookie", "JSESSIONID=garbage"}, ""},
			{"session id in the query", nil, ""},
			{"Basic", []string{"Authorization", "Basic YWRtaW46cmlnaHQ="}, ""},
			{"lower-case basic", []string{"Authorization", "basic YWRtaW46cmlnaHQ="}, ""},
			{"bypass", []string{"Authorization", "Basic YnlwYXNzOng="}, ""},
			{"proxy", []string{"Proxy-Authorization", "Basic YWRtaW46cmlnaHQ="}, ""},
			{"bearer", []string{"Authorization", "Bearer " + goodID}, ""},
		} {
			target := "/api" + r.Path
			if tt.name == "session id in the query" {
				target += "?JSESSIONID=" + goodID + "&jsessionid=" + goodID
			}
			got := s.send(t, method, target, "", tt.headers...)
			if got.StatusCode != 401 || got.body != tt.body || got.Header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s %s with %s = %d %q, want 401 %q", method, r.Path, tt.name, got.StatusCode, got.body, tt.body)
			}
		}
	}
	if len(s.world.attempts) != 0 {
		t.Errorf("%d passwords checked, want none", len(s.world.attempts))
	}
	if got := s.send(t, "GET", "/api/users/current", "", "Cookie", cookie, "Authorization", "Basic d3Jvbmc6d3Jvbmc="); got.StatusCode != 200 {
		t.Errorf("Authorization beside a session = %d, want 200", got.StatusCode)
	}
}

// Threat T119: a store that fails is not "no session", and not a session.
func TestStoresDown(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"unavailable": session.ErrUnavailable, "unknown": errDisk} {
		w := newWorld()
		w.loadErr = err
		s := newSite(t, w)
		for _, target := range []string{"/api/users/current", "/api/users"} {
			got := s.send(t, "GET", target, "", "Cookie", cookie)
			if got.StatusCode != 503 || got.Header.Get("Retry-After") != "5" || got.body != "" || got.Header.Get("X-Request-Id") == "" {
				t.Errorf("%s: GET %s = %d %v %s", name, target, got.StatusCode, got.Header, got.body)
			}
		}
		if got := s.send(t, "POST", "/api/users/_logout", "", "Cookie", cookie); got.StatusCode != 503 {
			t.Errorf("%s: _logout = %d, want 503", name, got.StatusCode)
		}
	}
	for _, err := range []error{session.ErrBadCookie, session.ErrDuplicateCookie, session.ErrTampered, session.ErrNotFound} {
		w := newWorld()
		w.loadErr = err
		if got := newSite(t, w).send(t, "GET", "/api/users/current", "", "Cookie", cookie); got.StatusCode != 401 {
			t.Errorf("%v = %d, want 401", err, got.StatusCode)
		}
	}
	w := newWorld()
	w.directoryErr = errDisk
	s := newSite(t, w)
	for _, target := range []string{"/api/users/current", "/api/users", "/api/users/1", "/api/users/admin", "/api/users/1/loggedIn"} {
		if got := s.send(t, "GET", target, "", "Cookie", cookie); got.StatusCode != 503 || got.body != "" {
			t.Errorf("directory down: GET %s = %d %s, want 503", target, got.StatusCode, got.body)
		}
	}
}

// A session of an account that is gone says so.
func TestAccountGone(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.users = nil
	if got := newSite(t, w).send(t, "GET", "/api/users/current", "", "Cookie", cookie); got.StatusCode != 401 {
		t.Errorf("= %d, want 401", got.StatusCode)
	}
}

// Threat T113: logout, by either name, ends the session and clears the cookie.
func TestLogout(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/users/_logout", "/api/4.5.2/users/_inactivityLogout"} {
		s := newSite(t, newWorld())
		got := s.send(t, "POST", path, "", "Cookie", cookie, "Content-Type", "application/json") // capture 06l
		if got.StatusCode != 204 || got.body != "" || !strings.Contains(got.Header.Get("Set-Cookie"), "JSESSIONID=;") || got.Header.Get("Content-Type") != "" {
			t.Errorf("%s = %d %v", path, got.StatusCode, got.Header)
		}
		if got := s.send(t, "POST", path, "", "Cookie", cookie); got.StatusCode != 401 {
			t.Errorf("%s again = %d, want 401", path, got.StatusCode)
		}
		if got := s.send(t, "GET", "/api/users/current", "", "Cookie", cookie); got.StatusCode != 401 {
			t.Errorf("current after %s = %d, want 401", path, got.StatusCode)
		}
	}
	w := newWorld()
	w.endErr = errors.Join(session.ErrNotRecorded, errDisk)
	if got := newSite(t, w).send(t, "POST", "/api/users/_logout", "", "Cookie", cookie); got.StatusCode != 204 {
		t.Errorf("logout that could not be recorded = %d, want 204: the session is gone", got.StatusCode)
	}
}

// Threat T129: every route is classified, and session routes are exactly
// those that read or end something.
func TestRoutesAreClassified(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	var open []string
	for _, r := range s.handler.Routes() {
		switch r.Access {
		case web.Public, web.Browser:
			open = append(open, r.Path)
		case web.SignedIn:
		default:
			t.Errorf("%s has access %q", r.Path, r.Access)
		}
	}
	want := []string{"/users/_login", "/server/version", "/server/status", "/openapi.json", "/extensions/mfa/duocallback"}
	if !slices.Equal(open, want) {
		t.Errorf("open routes = %v, want %v", open, want)
	}
}
