package adminapi_test

import (
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/session"
	"mfaserver/web/adminapi"
)

var pathID = regexp.MustCompile(`\{[a-z_]+\}`)

// target is a route's path with an id where it takes one.
func target(r adminapi.Route) string {
	return strings.TrimPrefix(pathID.ReplaceAllString(r.Path, "DU00000000000000000X"), adminapi.Base)
}

// Threat T157: for every route there is, only a session of somebody who is an
// administrator now, with a second factor, gets to its operation.
func TestRolesByRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	routes := s.api.Routes()
	if len(routes) < 40 {
		t.Fatalf("%d routes, want all of them", len(routes))
	}
	for _, r := range routes {
		for _, who := range []struct {
			session string
			status  int
		}{
			{"", http.StatusUnauthorized},
			{"nobody-knows-this", http.StatusUnauthorized},
			{userID, http.StatusForbidden},
			{failOpenID, http.StatusForbidden},
			{readOnlyID, http.StatusForbidden},
			{formerID, http.StatusForbidden},
		} {
			got := s.as(t, who.session, r.Method, target(r), "{}")
			if got.StatusCode != who.status {
				t.Errorf("%s %s as %q = %d %s, want %d", r.Method, r.Path, who.session, got.StatusCode, got.body, who.status)
			}
		}
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d operations were reached", n)
	}
	// All of each kind are on record, or told with a later record, but for those
	// since the last.
	told := map[string]int{}
	for _, e := range s.trail.Find(audit.DuoRefused) {
		withheld, _ := strconv.Atoi(e.Detail["withheld"])
		told[e.Username+" "+e.Reason] += 1 + withheld
	}
	for kind, n := range told {
		if n != 10 && n != 100 {
			t.Errorf("%d refusals of %s are told, want ten or a hundred", n, kind)
		}
	}
	if n := len(s.trail.Find(audit.DuoRefused)); len(told) < 2 || n > 3*len(told) {
		t.Errorf("%d refusals of %d kinds are recorded, want at most three of each", n, len(told))
	}
}

// Threat T155: from any other network there is nothing here, whoever asks.
func TestNetworks(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"192.0.2.1", "2001:db8::1", ""} {
		s := newSite(t, func(w *world) {
			w.client.Addr = netip.Addr{}
			if from != "" {
				w.client.Addr = netip.MustParseAddr(from)
			}
		})
		if got := s.send(t, http.MethodGet, "/users", ""); got.StatusCode != http.StatusNotFound || got.body != "" || s.count() != 0 {
			t.Errorf("GET users from %q = %d %q", from, got.StatusCode, got.body)
		}
	}
	s := newSite(t, func(w *world) { w.client.Forwarded = true })
	if got := s.send(t, http.MethodGet, "/users", ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("GET users through a proxy that is not trusted = %d", got.StatusCode)
	}
}

// Threat T156: what another site could have made a browser send is refused.
func TestForeignSites(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, headers := range [][]string{
		{"X-Requested-With", ""},
		{"X-Requested-With", " "},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
	} {
		if got := s.send(t, http.MethodPost, "/users", "{}", headers...); got.StatusCode != http.StatusBadRequest {
			t.Errorf("POST users with %q = %d %s, want 400", headers, got.StatusCode, got.body)
		}
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d operations were reached", n)
	}
}

// Invariant I4: when nobody knows whether the caller may, he may not.
func TestGuardTrouble(t *testing.T) {
	t.Parallel()
	errDisk := errors.New("disk on fire")
	for _, tt := range []struct {
		name   string
		bend   func(*world)
		status int
	}{
		{"session store down", func(w *world) { w.loadErr = session.ErrUnavailable }, http.StatusServiceUnavailable},
		{"session tampered with", func(w *world) { w.loadErr = session.ErrTampered }, http.StatusUnauthorized},
		{"directory down", func(w *world) { w.roleErr = errDisk }, http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tt.bend)
			got := s.send(t, http.MethodGet, "/users", "")
			if got.StatusCode != tt.status || strings.Contains(got.body, "disk") || s.count() != 0 {
				t.Errorf("= %d %s, want %d and nothing of the cause", got.StatusCode, got.body, tt.status)
			}
			if tt.status == http.StatusServiceUnavailable && !strings.Contains(s.logged(), "err") {
				t.Error("the operator's log does not say why")
			}
		})
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, tt := range []struct {
		method, target string
		status         int
	}{
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/users/", http.StatusNotFound},
		{http.MethodPut, "/users", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/settings", http.StatusMethodNotAllowed},
	} {
		if got := s.send(t, tt.method, tt.target, ""); got.StatusCode != tt.status {
			t.Errorf("%s %s = %d %s, want %d", tt.method, tt.target, got.StatusCode, got.body, tt.status)
		}
	}
}
