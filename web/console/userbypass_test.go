package console_test

import (
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// Threat T159: the page of a user in bypass says when it ends, or that it does
// not end by itself.
func TestBypassIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	if b.get("/users/alice"); b.shows("bypass-ends") {
		t.Error("a user who is asked has the end of a bypass")
	}
	span, err := helpdesk.NewSpan(2 * time.Hour)
	must(t, err)
	why := helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}, Reason: "phone at home"}
	user, due, err := h.org.Bypass(t.Context(), why, helpdesk.Subject{Username: "alice"}, span)
	must(t, err)
	if b.get("/users/alice"); !b.shows("bypass-ends") || !strings.Contains(b.last, due.Format("15:04")) {
		t.Errorf("the page does not say that bypass ends at %s: %s", due, b.last)
	}
	must(t, h.org.ForgetLapse(t.Context(), helpdesk.LapseUser, user.UserID))
	if b.get("/users/alice"); !b.shows("bypass-ends") || !strings.Contains(b.last, "not by itself") {
		t.Errorf("the page does not say that bypass stays: %s", b.last)
	}
	if user.Status != duoclient.UserBypass {
		t.Errorf("status %s", user.Status)
	}
}
