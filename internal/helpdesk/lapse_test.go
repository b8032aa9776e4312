package helpdesk_test

import (
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
)

func span(t *testing.T, d time.Duration) helpdesk.Span {
	t.Helper()
	s, err := helpdesk.NewSpan(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ends does what a server does every minute, and says how many it ended.
func (b *bench) ends(t *testing.T, want int) {
	t.Helper()
	if n, err := b.desk.EndLapses(t.Context()); n != want || err != nil {
		t.Errorf("EndLapses = %d, %v, want %d", n, err, want)
	}
}

func (b *bench) status(t *testing.T, name, want string) {
	t.Helper()
	if u, _ := b.User(name); u.Status != want {
		t.Errorf("status of %s = %q, want %q", name, u.Status, want)
	}
}

func (b *bench) kept(t *testing.T, want int) []helpdesk.Lapse {
	t.Helper()
	all, err := b.desk.Lapses(t.Context())
	if err != nil || len(all) != want {
		t.Fatalf("lapses %+v, %v, want %d", all, err, want)
	}
	return all
}

var pat = helpdesk.Subject{Username: "pat"}

// Threat T159: a bypass ends by itself at its time and not before, also of
// another desk over the same memory, as after a restart; the trail has when it
// is to end, and its end.
func TestBypassEndsByItself(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat"})
	user, due, err := b.org(t).Bypass(t.Context(), order(), pat, span(t, 2*time.Hour))
	if err != nil || user.Status != duoclient.UserBypass || due.Sub(b.now).Round(time.Minute) != 2*time.Hour {
		t.Fatalf("Bypass = %+v, %s, %v", user, due, err)
	}
	b.status(t, "pat", duotest.StatusBypass)
	b.now = due.Add(-time.Second)
	b.ends(t, 0)
	b.status(t, "pat", duotest.StatusBypass)
	b.now = due
	b.ends(t, 1)
	b.status(t, "pat", duotest.StatusActive)
	b.kept(t, 0)
	b.ends(t, 0)
	events := b.trail.Find(audit.DuoUserStatus)
	if len(events) != 2 {
		t.Fatalf("trail %+v, want begin and end", events)
	}
	begin, end := events[0], events[1]
	if begin.Detail["until"] != due.Format(time.RFC3339) || begin.Actor != "helen" {
		t.Errorf("begin %+v", begin)
	}
	if end.Actor != "system" || end.Detail["status"] != "active" || end.Detail["from"] != "bypass" || end.Detail["lapsed"] != "true" || end.Username != "pat" {
		t.Errorf("end %+v", end)
	}
}

// Threat T159: nobody says how long: the configured time. Longer than a week,
// shorter than five minutes, for ever: refused.
func TestSpanOfBypass(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, -time.Hour, time.Minute, 5*time.Minute - time.Second, 7*24*time.Hour + time.Second, time.Hour + time.Millisecond} {
		if _, err := helpdesk.NewSpan(d); !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("NewSpan(%s) = %v, want ErrPolicy", d, err)
		}
	}
	for configured, want := range map[time.Duration]time.Duration{0: 8 * time.Hour, time.Hour: time.Hour} {
		b := start(t, nil, func(_ *bench, c *helpdesk.Config) { c.BypassStatus = configured })
		b.AddUser(duotest.User{Name: "pat"})
		if _, err := b.org(t).SetStatus(t.Context(), order(), pat, duoclient.UserBypass); err != nil {
			t.Fatal(err)
		}
		if got := b.kept(t, 1)[0].Due.Sub(b.now).Round(time.Minute); got != want {
			t.Errorf("configured %s: bypass for %s, want %s", configured, got, want)
		}
	}
	_, err := helpdesk.New(helpdesk.Config{Recorder: start(t, nil).trail, BypassStatus: time.Second, Organizations: []helpdesk.OrgConfig{{Name: "default"}}})
	if !errors.Is(err, helpdesk.ErrConfig) {
		t.Errorf("a second as default = %v, want ErrConfig", err)
	}
}

// Threat T159: what is not on disk does not begin, and what Duo may have done
// ends all the same.
func TestBypassBeginsOnDisk(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat"})
	full := errors.New("disk full")
	b.lapses.Fail(full)
	if _, _, err := b.org(t).Bypass(t.Context(), order(), pat, helpdesk.Span{}); !errors.Is(err, full) {
		t.Errorf("Bypass = %v, want %v", err, full)
	}
	b.status(t, "pat", duotest.StatusActive)
	b.lapses.Fail(nil)
	none := start(t, nil, func(_ *bench, c *helpdesk.Config) { c.Lapses = nil })
	none.AddUser(duotest.User{Name: "pat"})
	if _, _, err := none.org(t).Bypass(t.Context(), order(), pat, helpdesk.Span{}); !errors.Is(err, helpdesk.ErrNoLapses) {
		t.Errorf("Bypass without a memory = %v, want ErrNoLapses", err)
	}
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users/{user_id}": duotest.Outage(0, 503)}})
	if _, _, err := b.org(t).Bypass(t.Context(), order(), pat, helpdesk.Span{}); !errors.Is(err, duoclient.ErrOutage) {
		t.Errorf("Bypass = %v, want ErrOutage", err)
	}
	b.kept(t, 1)
}

// Threat T159: somebody who was kept out is so again; whoever was put into
// another status meanwhile, or deleted, is left alone; a longer or shorter
// bypass takes the place of the other one.
func TestWhatFollowsABypass(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before    string
		meanwhile func(t *testing.T, b *bench, admin *duoclient.Admin, id string)
		ended     int
		after     string
	}{
		"disabled before":  {before: duotest.StatusDisabled, ended: 1, after: duotest.StatusDisabled},
		"in bypass before": {before: duotest.StatusBypass, ended: 1, after: duotest.StatusActive},
		"disabled here meanwhile": {after: duotest.StatusDisabled, meanwhile: func(t *testing.T, b *bench, _ *duoclient.Admin, _ string) {
			t.Helper()
			if _, err := b.org(t).SetStatus(t.Context(), order(), pat, duoclient.UserDisabled); err != nil {
				t.Error(err)
			}
			b.kept(t, 0)
		}},
		"disabled at Duo meanwhile": {after: duotest.StatusDisabled, meanwhile: func(t *testing.T, _ *bench, admin *duoclient.Admin, id string) {
			t.Helper()
			if _, err := admin.Users.Update(t.Context(), id, duoclient.UserParams{Status: duoclient.UserDisabled}); err != nil {
				t.Error(err)
			}
		}},
		"deleted meanwhile": {meanwhile: func(t *testing.T, _ *bench, admin *duoclient.Admin, id string) {
			t.Helper()
			if err := admin.Users.Delete(t.Context(), id); err != nil {
				t.Error(err)
			}
		}},
		"disabled before, and made longer": {before: duotest.StatusDisabled, ended: 1, after: duotest.StatusDisabled, meanwhile: func(t *testing.T, b *bench, _ *duoclient.Admin, _ string) {
			t.Helper()
			if _, _, err := b.org(t).Bypass(t.Context(), order(), pat, span(t, 20*time.Hour)); err != nil {
				t.Error(err)
			}
			b.now = b.now.Add(9 * time.Hour)
			b.ends(t, 0)
			b.status(t, "pat", duotest.StatusBypass)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			b.AddUser(duotest.User{Name: "pat", Status: row.before})
			admin, err := b.org(t).Admin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			user, _, err := b.org(t).Bypass(t.Context(), order(), pat, helpdesk.Span{})
			if err != nil {
				t.Fatal(err)
			}
			if row.meanwhile != nil {
				row.meanwhile(t, b, admin, user.UserID)
			}
			b.now = b.now.Add(21 * time.Hour)
			b.ends(t, row.ended)
			b.status(t, "pat", row.after)
			b.kept(t, 0)
		})
	}
}

// Threat T159: what cannot be ended stays, is recorded, and is tried again after
// longer and longer waits; the others end meanwhile.
func TestEndIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := start(t, []string{"clinic-a"})
	b.AddUser(duotest.User{Name: "pat"})
	if _, _, err := b.org(t).Bypass(t.Context(), order(), pat, helpdesk.Span{}); err != nil {
		t.Fatal(err)
	}
	gone := helpdesktest.Lapse("DU00000000000000GONE", b.now.UTC().Truncate(time.Second))
	gone.Org = "clinic-gone"
	if err := b.lapses.Keep(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(9 * time.Hour)
	tries := 0
	for range 20 { // minutes
		b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users/{user_id}": duotest.Outage(0, 503)}})
		before := len(b.Calls())
		n, _ := b.desk.EndLapses(t.Context())
		if n != 0 {
			t.Fatal("ended while Duo is away")
		}
		if len(b.Calls()) > before {
			tries++
		}
		b.now = b.now.Add(time.Minute)
	}
	if tries < 3 || tries > 6 {
		t.Errorf("%d tries in 20 minutes, want about five", tries)
	}
	failed := 0
	for _, e := range b.trail.Find(audit.DuoUserStatus) {
		if e.Outcome == audit.Failed && e.Detail["lapsed"] == "true" && e.Username != "" {
			failed++
		}
	}
	if failed < 2*3 {
		t.Errorf("%d failures in the trail, want those of both", failed)
	}
	b.SetFaults(duotest.Faults{})
	b.now = b.now.Add(time.Hour)
	if n, err := b.desk.EndLapses(t.Context()); n != 1 || !errors.Is(err, helpdesk.ErrUnknownOrg) {
		t.Errorf("EndLapses = %d, %v, want one, and that the other organisation is unknown", n, err)
	}
	b.status(t, "pat", duotest.StatusActive)
	b.kept(t, 1)
}

// Threat T159: a group whose members need no second factor is weakened for a
// time too, and for a reason.
func TestBypassOfAGroupEnds(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	admin, err := b.org(t).Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	group, err := admin.Groups.Create(t.Context(), duoclient.GroupParams{Name: "radiology"})
	if err != nil {
		t.Fatal(err)
	}
	bare := helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}}
	if _, _, err := b.org(t).BypassGroup(t.Context(), bare, group.GroupID, duoclient.GroupParams{}, helpdesk.Span{}); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("without a reason: %v", err)
	}
	changed, due, err := b.org(t).BypassGroup(t.Context(), order(), group.GroupID, duoclient.GroupParams{Desc: "moving"}, span(t, time.Hour))
	if err != nil || changed.Status != "Bypass" || changed.Desc != "moving" {
		t.Fatalf("BypassGroup = %+v, %v", changed, err)
	}
	b.now = due
	b.ends(t, 1)
	if group, err = admin.Groups.Get(t.Context(), group.GroupID); err != nil || group.Status != "Active" {
		t.Errorf("group %+v, %v, want active", group, err)
	}
	if events := b.trail.Find(audit.DuoGroupChanged); len(events) != 2 || events[0].Detail["until"] == "" || events[1].Actor != "system" {
		t.Errorf("trail %+v", events)
	}
}

// The memory for tests keeps the contract that files keep.
func TestMemoryLapses(t *testing.T) {
	t.Parallel()
	helpdesktest.TestLapses(t, func(*testing.T) (one, again helpdesk.Lapses) {
		l := &helpdesktest.Lapses{}
		return l, l
	})
}
