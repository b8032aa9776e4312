package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/web"
)

var errNotEnrolled = fmt.Errorf("%w: %w", mfa.ErrRefused, mfa.ErrNotEnrolled)

// Threat T042: who is not enrolled is told whom to ask, in the form of every
// other refusal, and gets nothing that leads on.
func TestNotEnrolled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ contact, want string }{
		{"", "To be enrolled, ask your administrator."},
		{"the help desk (ext. 1234)", "To be enrolled, ask the help desk (ext. 1234)."},
		{"Ms. O'Neill, R&D.", "To be enrolled, ask Ms. O&apos;Neill, R&amp;D."},
		{"<script>alert(1)</script>", "ask &lt;script&gt;alert(1)&lt;/script&gt;."},
	} {
		w := newWorld()
		w.begin = func(mfa.BeginRequest) (mfa.Begun, error) { return mfa.Begun{}, errNotEnrolled }
		s := newSite(t, w, func(c *web.Config) { c.EnrolmentContact = tt.contact })
		got := s.first(t, "admin", "right")
		if got.StatusCode != 401 || !strings.Contains(got.body, "<com.mirth.connect.model.LoginStatus>\n  <status>FAIL</status>") ||
			!strings.Contains(got.body, tt.want) || strings.Contains(got.body, "authURL") || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("contact %q = %d %v\n%s\nwant 401 with %s", tt.contact, got.StatusCode, got.Header, got.body, tt.want)
		}
		asJSON := s.first(t, "admin", "right", "Accept", "application/json")
		if asJSON.StatusCode != 401 || !strings.HasPrefix(asJSON.body, `{"com.mirth.connect.model.LoginStatus":{"status":"FAIL","message":"Your account is not enrolled in Duo`) {
			t.Errorf("contact %q as JSON = %d %s", tt.contact, asJSON.StatusCode, asJSON.body)
		}
	}
}

// Threats T006, T042: a wrong password hears nothing about enrolment, whoever
// it is for, and Duo's own refusal before the prompt looks like any other.
func TestEnrolmentShowsOnlyBehindThePassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	asked := h.enrolment
	for _, tt := range []struct {
		result   mfa.PreauthResult
		password string
		uniform  bool
		records  []audit.Name
	}{
		{mfa.PreauthEnroll, "wrong", true, []audit.Name{audit.PrimaryRefused}},
		{mfa.PreauthDeny, "wrong", true, []audit.Name{audit.PrimaryRefused}},
		{mfa.PreauthDeny, rightPassword, true, []audit.Name{audit.PrimaryOK, audit.MFAPreauthDenied}},
		{mfa.PreauthEnroll, rightPassword, false, []audit.Name{audit.PrimaryOK, audit.MFANotEnrolled}},
	} {
		asked.Says(tt.result, nil)
		before, asks := len(h.trail.Events()), len(asked.Asked())
		got := h.first(t, "eve", tt.password, "X-Forwarded-For", home)
		if got.StatusCode != 401 || (got.body == deniedXML) != tt.uniform {
			t.Errorf("%s with the password %q = %d %s, want uniform %t", tt.result, tt.password, got.StatusCode, got.body, tt.uniform)
		}
		var names []audit.Name
		for _, e := range h.trail.Events()[before:] {
			names = append(names, e.Name)
		}
		if !slices.Equal(names, tt.records) {
			t.Errorf("%s with the password %q: records %v, want %v", tt.result, tt.password, names, tt.records)
		}
		if n := len(asked.Asked()) - asks; (n > 0) != (tt.password == rightPassword) {
			t.Errorf("%s with the password %q: Duo was asked %d times", tt.result, tt.password, n)
		}
	}
}

// Threat T042: a rule for a group lets its members enrol until its end, and
// nobody else.
func TestInlineEnrolment(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Hour)
	h := newHouseWith(t, func(c *web.Config) {
		c.AllowEnrolment = func(u primary.User, at time.Time) bool { return u.Username == "admin" && at.Before(until) }
	})
	h.enrolment.Says(mfa.PreauthEnroll, nil)
	l := h.begin(t, "admin", home)
	if l.state == "" {
		t.Error("no prompt for a member of the group")
	}
	if got := h.first(t, "eve", rightPassword, "X-Forwarded-For", home); !strings.Contains(got.body, "To be enrolled, ask your administrator.") {
		t.Errorf("another user = %d %s, want whom to ask", got.StatusCode, got.body)
	}
	over := newHouseWith(t, func(c *web.Config) {
		c.AllowEnrolment = func(_ primary.User, at time.Time) bool { return at.Before(until.Add(-2 * time.Hour)) }
	})
	over.enrolment.Says(mfa.PreauthEnroll, nil)
	if got := over.first(t, "admin", rightPassword, "X-Forwarded-For", home); !strings.Contains(got.body, "To be enrolled") {
		t.Errorf("after the end of the rule = %d %s, want whom to ask", got.StatusCode, got.body)
	}
}

var _ mfa.Enrolment = (*mfatest.Enrolment)(nil)
