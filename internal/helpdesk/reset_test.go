package helpdesk_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
)

// leavers are the names whose sessions the desk had ended, with the phones that
// Duo had of them then.
type leavers struct {
	names  []string
	phones []int
	fail   error
}

func (l *leavers) hook(b *bench, c *helpdesk.Config) {
	c.SignOut = func(_ context.Context, _ helpdesk.Order, name string) (int, error) {
		u, _ := b.User(name)
		l.names, l.phones = append(l.names, name), append(l.phones, len(u.Phones))
		return 1, l.fail
	}
}

// Threat T159: a reset is on record before it begins, ends the sessions before
// the devices go and once more afterwards, and those of this server alone.
func TestResetEndsSessions(t *testing.T) {
	t.Parallel()
	var l leavers
	b := start(t, []string{"clinic"}, l.hook)
	b.AddUser(duotest.User{Name: "pat", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}})
	done, err := b.org(t).Reset(t.Context(), order(), helpdesk.Subject{Username: "pat"})
	if err != nil || done.Phones != 1 || done.Sessions != 2 {
		t.Errorf("Reset = %+v, %v, want a phone and two sessions", done, err)
	}
	if !slices.Equal(l.names, []string{"pat", "pat"}) || !slices.Equal(l.phones, []int{1, 0}) {
		t.Errorf("sessions ended of %v, with %v phones, want pat's before and after", l.names, l.phones)
	}
	if first := b.trail.Events()[0]; first.Name != audit.DuoUserReset || first.Username != "pat" || first.Detail["reason"] == "" {
		t.Errorf("the trail begins with %+v, want the reset", first)
	}
}

// Who has a name in another organisation is somebody else.
func TestResetOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	var l leavers
	b := start(t, []string{"clinic"}, l.hook)
	org, err := b.desk.Org("clinic")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := org.Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Users.Create(t.Context(), duoclient.UserParams{Username: "pat"}); err != nil {
		t.Fatal(err)
	}
	if done, err := org.Reset(t.Context(), order(), helpdesk.Subject{Username: "pat"}); err != nil || done.Sessions != 0 || len(l.names) != 0 {
		t.Errorf("Reset in another organisation = %+v, %v, sessions ended of %v", done, err, l.names)
	}
}

// Sessions that cannot be ended leave the devices where they are, so that
// asking again does everything; that it failed is on record.
func TestResetStopsWithoutSessions(t *testing.T) {
	t.Parallel()
	l := leavers{fail: errors.New("store is down")}
	b := start(t, nil, l.hook)
	b.AddUser(duotest.User{Name: "pat", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}})
	if _, err := b.org(t).Reset(t.Context(), order(), helpdesk.Subject{Username: "pat"}); !errors.Is(err, l.fail) {
		t.Errorf("Reset = %v, want %v", err, l.fail)
	}
	if u, _ := b.User("pat"); len(u.Phones) != 1 {
		t.Errorf("%d phones, want the one there was", len(u.Phones))
	}
	if events := b.trail.Find(audit.DuoUserReset); len(events) != 2 || events[1].Outcome != audit.Failed {
		t.Errorf("trail %+v, want the reset and that it failed", events)
	}
}
