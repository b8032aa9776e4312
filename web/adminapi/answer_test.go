package adminapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/adminops"
	"mfaserver/internal/helpdesk"
)

// gives lets every operation answer so.
func gives(result adminops.Result, err error) func(*world) {
	return func(w *world) {
		w.do = func(context.Context, adminops.Call) (adminops.Result, error) { return result, err }
	}
}

// numbers counts to n, and then fails when err is not nil.
func numbers(n int, err error) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Threats T158, T160: answers are kept nowhere, and read as nothing but JSON.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, got := range []answer{s.send(t, "GET", "/users", ""), s.send(t, "GET", "/nothing", ""), s.as(t, "", "GET", "/users", "")} {
		for name, want := range map[string]string{
			"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if v := got.Header.Get(name); v != want {
				t.Errorf("%d: %s = %q, want %q", got.StatusCode, name, v, want)
			}
		}
	}
}

// Threat T161: what somebody put into a name at Duo stays text.
func TestMarkupIsEscaped(t *testing.T) {
	t.Parallel()
	s := newSite(t, gives(adminops.Result{Value: &duoclient.User{Username: "x", Realname: `</script><img src=x onerror=alert(1)>&`}}, nil))
	got := s.send(t, "GET", "/users/DU00000000000000000X", "")
	if got.StatusCode != 200 || strings.ContainsAny(got.body, "<>&") {
		t.Errorf("= %d %s, want no markup", got.StatusCode, got.body)
	}
}

// Threat T169: the client hears what it can mend, the operator the rest.
func TestErrors(t *testing.T) {
	t.Parallel()
	refused := &helpdesk.PolicyError{Field: "reason", Rule: "is missing"}
	for _, tt := range []struct {
		err    error
		status int
		code   string
		retry  bool
		logged bool
	}{
		{fmt.Errorf("%w: x", adminops.ErrParameter), 400, "invalid_parameter", false, false},
		{refused, 400, "policy", false, false},
		{fmt.Errorf("%w: %w", helpdesk.ErrPolicy, helpdesk.ErrQuota), 429, "quota", true, false},
		{&helpdesk.UnknownOrgError{Name: "x"}, 404, "unknown_organization", false, false},
		{helpdesk.ErrNoCredentials, 501, "not_configured", false, true},
		{helpdesk.ErrNoChild, 501, "not_configured", false, true},
		{duoclient.ErrInvalid, 400, "invalid_parameter", false, false},
		{duoclient.ErrNotFound, 404, "not_found", false, false},
		{duoclient.ErrDuplicate, 409, "exists", false, false},
		{duoclient.ErrBadParameter, 422, "duo_refused", false, false},
		{duoclient.ErrMisconfigured, 502, "duo_misconfigured", false, true},
		{duoclient.ErrClockSkew, 502, "duo_clock_skew", false, true},
		{duoclient.ErrUntrustedServer, 502, "duo_untrusted", false, true},
		{duoclient.ErrMalformedResponse, 502, "duo_malformed", false, true},
		{duoclient.ErrRateLimited, 503, "duo_busy", true, true},
		{duoclient.ErrOutage, 503, "duo_unavailable", true, true},
		{errors.New("open /var/secret/path: no space"), 503, "unavailable", true, true},
	} {
		s := newSite(t, gives(adminops.Result{}, tt.err))
		got := s.send(t, "POST", "/users", `{}`)
		var body struct {
			Error struct {
				Code, Message string
				RequestID     string `json:"request_id"`
			}
		}
		must(t, json.Unmarshal([]byte(got.body), &body))
		if got.StatusCode != tt.status || body.Error.Code != tt.code || body.Error.Message == "" || body.Error.RequestID != "req-1" ||
			(got.Header.Get("Retry-After") != "") != tt.retry || strings.Contains(got.body, "secret") {
			t.Errorf("%v = %d %v %s, want %d %s", tt.err, got.StatusCode, got.Header, got.body, tt.status, tt.code)
		}
		if log := s.logged(); strings.Contains(log, "operation failed") != tt.logged {
			t.Errorf("%v: log = %s, want it there: %t", tt.err, log, tt.logged)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, gives(adminops.Result{Items: numbers(250, nil)}, nil))
	for _, tt := range []struct {
		query       string
		first, size int
		next        int
	}{
		{"", 0, 100, 100},
		{"?limit=1", 0, 1, 1},
		{"?limit=100&offset=200", 200, 50, 0},
		{"?limit=50&offset=200", 200, 50, 0},
		{"?limit=49&offset=200", 200, 49, 249},
		{"?limit=1000", 0, 250, 0},
		{"?offset=250", 0, 0, 0},
		{"?offset=1000000", 0, 0, 0},
	} {
		got := s.send(t, "GET", "/users"+tt.query, "")
		var page struct {
			Items []int
			Next  int `json:"next_offset"`
		}
		must(t, json.Unmarshal([]byte(got.body), &page))
		if got.StatusCode != 200 || len(page.Items) != tt.size || page.Items == nil || page.Next != tt.next || tt.size > 0 && page.Items[0] != tt.first {
			t.Errorf("%s = %d %d items, next %d, want %d from %d, next %d", tt.query, got.StatusCode, len(page.Items), page.Next, tt.size, tt.first, tt.next)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=1001", "?limit=-1", "?limit=x", "?limit=", "?limit=1&limit=2", "?offset=-1", "?offset=1000001", "?offset=1e3"} {
		if got := s.send(t, "GET", "/users"+query, ""); got.StatusCode != 400 {
			t.Errorf("%s = %d, want 400", query, got.StatusCode)
		}
	}
	broken := newSite(t, gives(adminops.Result{Items: numbers(5, duoclient.ErrOutage)}, nil))
	if got := broken.send(t, "GET", "/users", ""); got.StatusCode != 503 || strings.Contains(got.body, "items") {
		t.Errorf("a list that breaks off = %d %s, want 503 and no part of it", got.StatusCode, got.body)
	}
	if got := broken.send(t, "GET", "/users?limit=3", ""); got.StatusCode != 200 {
		t.Errorf("a page before the break = %d %s, want 200", got.StatusCode, got.body)
	}
}

// What a stream was worth is told at its end, because the status came first.
func TestStreams(t *testing.T) {
	t.Parallel()
	part := &adminops.PartError{Organization: "clinic-a", Err: duoclient.ErrOutage}
	parts := func(yield func(any, error) bool) {
		_ = yield(1, nil) && yield(nil, part) && yield(2, nil)
	}
	for _, tt := range []struct {
		name   string
		items  iter.Seq2[any, error]
		status int
		want   string
	}{
		{"whole", numbers(3, nil), 200, `{"items":[0,1,2],"complete":true}`},
		{"empty", numbers(0, nil), 200, `{"items":[],"complete":true}`},
		{"without an organisation", parts, 200, `{"items":[1,2],"complete":false,"incomplete":[{"organization":"clinic-a","error":{"code":"duo_unavailable"`},
		{"broken off", numbers(2, duoclient.ErrOutage), 200, `{"items":[0,1],"complete":false,"error":{"code":"duo_unavailable"`},
		{"broken at once", numbers(0, duoclient.ErrOutage), 503, `{"error":{"code":"duo_unavailable"`},
	} {
		s := newSite(t, gives(adminops.Result{Items: tt.items}, nil))
		got := s.send(t, "GET", "/users/report", "")
		if got.StatusCode != tt.status || !strings.HasPrefix(got.body, tt.want) || !json.Valid([]byte(got.body)) {
			t.Errorf("%s = %d %s, want %d %s", tt.name, got.StatusCode, got.body, tt.status, tt.want)
		}
	}
}

// An operation without a result says so.
func TestNothingToTell(t *testing.T) {
	t.Parallel()
	s := newSite(t, gives(adminops.Result{}, nil))
	if got := s.send(t, http.MethodDelete, "/phones/DP00000000000000000X?reason=lost", ""); got.StatusCode != 204 || got.body != "" {
		t.Errorf("= %d %q, want 204", got.StatusCode, got.body)
	}
}
