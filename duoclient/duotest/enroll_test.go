package duotest_test

import (
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

func TestStatuses(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	for status, text := range map[string]string{
		duotest.StatusDisabled: "Your account is disabled.", duotest.StatusLocked: "Your account is locked out",
		"pending deletion": "Your account is disabled.",
	} {
		a.UpdateUser("test1", func(u *duotest.User) { u.Status = status })
		p := a.open("test1")
		p.shows(text, `id="cancel"`)
		p.lacks(`id="push"`, `id="passcode"`)
		u, _ := a.User("test1")
		if got := p.press("passcode", "passcode", u.Phones[0].Passcode); got.header.Get("Location") != "" {
			t.Errorf("%s: a passcode leads to %s", status, got.header.Get("Location"))
		}
	}
	a.UpdateUser("test1", func(u *duotest.User) { u.Status = duotest.StatusBypass })
	a.wantContext(a.callback(a.authorize(a.requestClaims())), "authentication", "not_available", "bypass_user")
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("newcomer")
	p.shows(`<button id="enroll-submit"`, `id="phone_number" name="phone_number"`, `id="cancel"`)
	p.lacks(`id="push"`)
	for _, wrong := range []string{"", "12", "abc", "+1 734 555 0100 x 5", strings.Repeat("1", 16)} {
		if got := p.press("enroll", "phone_number", wrong); got.status != http.StatusBadRequest {
			t.Errorf("%q = %d", wrong, got.status)
		}
		p.shows("That is not a telephone number.", `id="enroll-submit"`)
	}
	a.wantContext(a.callback(p.press("enroll", "phone_number", "(734) 555-0142")), "enrollment", "duo_push", "user_approved")
	u, ok := a.User("NEWCOMER")
	if !ok || !u.Enrolled() || u.Phones[0].Number != "+17345550142" || !u.Phones[0].Activated {
		t.Errorf("newcomer = %+v, %v", u, ok)
	}
	p = a.open("newcomer")
	p.shows("734-555-0142", `id="approve"`)
	if got := p.press("enroll", "phone_number", "+17345550199"); got.header.Get("Location") != "" {
		t.Error("an enrolled user enrols again by hand")
	}

	a.AddUser(duotest.User{Name: "known", BypassCodes: []string{"123456789"}})
	p = a.open("known")
	a.callback(p.press("enroll", "phone_number", "+44 20 7946 0000"))
	if u, _ := a.User("known"); len(u.Phones) != 1 || len(u.BypassCodes) != 1 {
		t.Errorf("known = %+v", u)
	}
}

func TestEnrollPolicy(t *testing.T) {
	t.Parallel()
	a := start(t, ask, func(c *duotest.Config) { c.EnrollPolicy = duotest.PolicyAllow })
	q := a.callback(a.authorize(a.requestClaims().with("duo_uname", "nobody")))
	a.wantContext(q, "authentication", "not_available", "allow_unenrolled_user")
	a = start(t, ask, func(c *duotest.Config) { c.EnrollPolicy = duotest.PolicyDeny })
	p := a.open("nobody")
	p.shows("You have no device here", `id="cancel"`)
	a.wantDenied(a.callback(p.press("cancel")), "The user cancelled the login.")
}
