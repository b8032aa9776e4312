package helpdesk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
)

const number = "+17345550123"

func enrolRequest() helpdesk.EnrolRequest {
	return helpdesk.EnrolRequest{Order: order(), Username: "nina", Realname: "Nina New", Email: "nina@example.org", Phone: number}
}

// states gives the steps in short: user:done phone:found ...
func states(steps []helpdesk.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, fmt.Sprintf("%s:%s", s.Name, s.State))
	}
	return strings.Join(out, " ")
}

func TestEnrol(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	r := enrolRequest()
	r.Phone, r.Install, r.Valid = "+1 (734) 555-0123", true, time.Hour
	got, err := b.org(t).Enrol(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if s := states(got.Steps); s != "user:done phone:done assign:done link:done" {
		t.Errorf("steps %s", s)
	}
	if got.ActivationURL.IsZero() || got.ActivationBarcode.IsZero() || got.InstallationURL == "" || !got.Expires.Equal(b.now.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
	nina, ok := b.User("nina")
	if !ok || nina.RealName != "Nina New" || nina.Email != "nina@example.org" || len(nina.Phones) != 1 ||
		nina.Phones[0].Number != number || nina.Phones[0].ID != got.PhoneID || nina.ID != got.UserID {
		t.Errorf("Duo has %+v", nina)
	}
	want := []audit.Name{audit.DuoUserCreated, audit.DuoPhoneCreated, audit.DuoPhoneAssigned, audit.DuoActivationShown}
	if names := b.trail.Names(); fmt.Sprint(names) != fmt.Sprint(want) {
		t.Errorf("trail %v, want %v", names, want)
	}
	// Threat T160: the link is in no record.
	if text := fmt.Sprintf("%+v %+v", b.trail.Events(), got); strings.Contains(text, got.ActivationURL.Reveal()) || strings.Contains(text, "5550123") {
		t.Errorf("the link or the number was told: %s", text)
	}

	// Again: everything is found, and a new link is made.
	again, err := b.org(t).Enrol(t.Context(), r)
	if err != nil || states(again.Steps) != "user:found phone:found assign:found link:done" {
		t.Errorf("again: %s, %v", states(again.Steps), err)
	}
	// A phone that is activated needs none.
	b.UpdateUser("nina", func(u *duotest.User) { u.Phones[0].Activated = true })
	again, err = b.org(t).Enrol(t.Context(), r)
	if err != nil || states(again.Steps) != "user:found phone:found assign:found link:skipped" || !again.ActivationURL.IsZero() {
		t.Errorf("activated: %s, %v", states(again.Steps), err)
	}
}

func TestEnrolDeliveries(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*helpdesk.EnrolRequest)
		steps  string
		calls  map[string]int
	}{
		"by SMS": {
			func(r *helpdesk.EnrolRequest) { r.Deliver = helpdesk.DeliverSMS },
			"user:done phone:done assign:done link:done",
			map[string]int{"send_sms_activation": 1, "activation_url": 0},
		},
		"no link": {
			func(r *helpdesk.EnrolRequest) { r.Deliver = helpdesk.DeliverNone },
			"user:done phone:done assign:done link:skipped",
			map[string]int{"send_sms_activation": 0, "activation_url": 0},
		},
		"a tablet": {
			func(r *helpdesk.EnrolRequest) { r.Phone, r.Platform = "", "apple ios" },
			"user:done phone:done assign:done link:done",
			map[string]int{"activation_url": 1},
		},
		"by e-mail": {
			func(r *helpdesk.EnrolRequest) { r.Phone, r.Deliver = "", helpdesk.DeliverEmail },
			"user:done link:done",
			map[string]int{"enroll": 1, "phones": 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			r := enrolRequest()
			row.change(&r)
			got, err := b.org(t).Enrol(t.Context(), r)
			if err != nil || states(got.Steps) != row.steps {
				t.Fatalf("%s, %v, want %s", states(got.Steps), err, row.steps)
			}
			if _, ok := b.User("nina"); !ok {
				t.Error("nina is not there")
			}
			for endpoint, want := range row.calls {
				if n := b.CountCalls(endpoint); n != want {
					t.Errorf("%d calls of %s, want %d", n, endpoint, want)
				}
			}
		})
	}
}

// A run that fails says what is done, and the next one continues.
func TestEnrolContinues(t *testing.T) {
	t.Parallel()
	const users, phones, tie, link = "POST /admin/v1/users", "POST /admin/v1/phones",
		"POST /admin/v1/users/{user_id}/phones", "POST /admin/v1/phones/{phone_id}/activation_url"
	for _, row := range []struct {
		name, endpoint string
		fault          duotest.AnswerFaults
		phone          string
		first, told    string
		second         string
	}{
		{
			"user", users, duotest.Outage(1, 503), number, "user:failed phone:open assign:open link:open",
			"user failed: ", "user:done phone:done assign:done link:done",
		},
		{
			"user was made, the answer lost", users,
			duotest.AnswerFaults{ResetAfter: true, First: 1},
			number,
			"user:failed phone:open assign:open link:open", "done: nothing;", "user:found phone:done assign:done link:done",
		},
		{
			"phone", phones, duotest.RateLimited(1, ""), number, "user:done phone:failed assign:open link:open",
			"done: user (done); open: phone, assign, link; asking again continues", "user:found phone:done assign:done link:done",
		},
		{
			"phone was made, the answer cut", phones,
			duotest.AnswerFaults{Truncate: true, First: 1},
			number,
			"user:done phone:failed assign:open link:open", "phone failed", "user:found phone:found assign:done link:done",
		},
		{
			"assignment", tie, duotest.Outage(7, 500), number, "user:done phone:done assign:failed link:open",
			"done: user (done), phone (done);", "user:found phone:found assign:done link:done",
		},
		{
			"assignment of a tablet", tie, duotest.Outage(7, 500), "", "user:done phone:open assign:failed link:open",
			"done: user (done);", "user:found phone:done assign:done link:done",
		},
		{
			"link", link,
			duotest.AnswerFaults{ResetAfter: true, First: 1},
			number, "user:done phone:done assign:done link:failed",
			"open: link;", "user:found phone:found assign:found link:done",
		},
		{
			"link of a tablet", link, duotest.Outage(1, 500), "", "user:done phone:done assign:done link:failed",
			"open: link;", "user:found phone:found assign:found link:done",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{row.endpoint: row.fault}})
			r := enrolRequest()
			r.Phone = row.phone
			got, err := b.org(t).Enrol(t.Context(), r)
			failed, ok := errors.AsType[*helpdesk.EnrolError](err)
			if !ok || states(got.Steps) != row.first || states(failed.Steps) != row.first || !strings.Contains(err.Error(), row.told) {
				t.Fatalf("first: %s, %v, want %s and %q", states(got.Steps), err, row.first, row.told)
			}
			b.SetFaults(duotest.Faults{})
			got, err = b.org(t).Enrol(t.Context(), r)
			if err != nil || states(got.Steps) != row.second {
				t.Errorf("second: %s, %v, want %s", states(got.Steps), err, row.second)
			}
			if nina, _ := b.User("nina"); len(nina.Phones) != 1 {
				t.Errorf("nina has %d phones", len(nina.Phones))
			}
			admin, err := b.org(t).Admin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, err := range admin.Phones.List(t.Context(), duoclient.PhoneFilter{}) {
				if n++; err != nil {
					t.Fatal(err)
				}
			}
			if n != 1 {
				t.Errorf("%d phones in the account, want no orphans", n)
			}
		})
	}
}

// The phone of somebody else is not taken by mistake.
func TestEnrolTakenPhone(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	other := b.AddUser(duotest.User{Name: "olaf", Phones: []duotest.Phone{{Number: number}}})
	r := enrolRequest()
	_, err := b.org(t).Enrol(t.Context(), r)
	if !errors.Is(err, helpdesk.ErrPhoneTaken) || !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("by number: %v, want %v", err, helpdesk.ErrPhoneTaken)
	}
	r.Phone, r.PhoneID = "", other.Phones[0].ID
	if _, err := b.org(t).Enrol(t.Context(), r); !errors.Is(err, helpdesk.ErrPhoneTaken) {
		t.Errorf("by ID: %v, want %v", err, helpdesk.ErrPhoneTaken)
	}
	r.Shared = true
	got, err := b.org(t).Enrol(t.Context(), r)
	if err != nil || states(got.Steps) != "user:found phone:found assign:done link:done" {
		t.Errorf("shared: %s, %v", states(got.Steps), err)
	}
}

func TestEnrolRefuses(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	for name, row := range map[string]struct {
		change func(*helpdesk.EnrolRequest)
		field  string
	}{
		"no name":                 {func(r *helpdesk.EnrolRequest) { r.Username = "" }, "username"},
		"blank around the name":   {func(r *helpdesk.EnrolRequest) { r.Username = " nina" }, "username"},
		"national number":         {func(r *helpdesk.EnrolRequest) { r.Phone = "734 555 0123" }, "phone"},
		"a word for a number":     {func(r *helpdesk.EnrolRequest) { r.Phone = "+1call-me" }, "phone"},
		"two phones":              {func(r *helpdesk.EnrolRequest) { r.PhoneID = "DP000000000000000000" }, "phone"},
		"extension of nothing":    {func(r *helpdesk.EnrolRequest) { r.Phone, r.Extension = "", "12" }, "extension"},
		"SMS to a tablet":         {func(r *helpdesk.EnrolRequest) { r.Phone, r.Deliver = "", helpdesk.DeliverSMS }, "phone"},
		"e-mail to nowhere":       {func(r *helpdesk.EnrolRequest) { r.Phone, r.Email, r.Deliver = "", "", helpdesk.DeliverEmail }, "email"},
		"e-mail and a phone":      {func(r *helpdesk.EnrolRequest) { r.Deliver = helpdesk.DeliverEmail }, "phone"},
		"by pigeon":               {func(r *helpdesk.EnrolRequest) { r.Deliver = "pigeon" }, "deliver"},
		"a link for a minute":     {func(r *helpdesk.EnrolRequest) { r.Valid = time.Minute }, "valid_secs"},
		"a link for a month":      {func(r *helpdesk.EnrolRequest) { r.Valid = 30 * 24 * time.Hour }, "valid_secs"},
		"a link for ever":         {func(r *helpdesk.EnrolRequest) { r.Valid = duoclient.Never }, "valid_secs"},
		"no address":              {func(r *helpdesk.EnrolRequest) { r.Email = "no address" }, "email"},
		"a name and an address":   {func(r *helpdesk.EnrolRequest) { r.Email = "N <n@example.org>" }, "email"},
		"long name":               {func(r *helpdesk.EnrolRequest) { r.Username = strings.Repeat("n", 257) }, "username"},
		"name on two lines":       {func(r *helpdesk.EnrolRequest) { r.Realname = "a\nb" }, "realname"},
		"long phone name":         {func(r *helpdesk.EnrolRequest) { r.PhoneName = strings.Repeat("n", 257) }, "phone_name"},
		"unknown platform":        {func(r *helpdesk.EnrolRequest) { r.Platform = "windows 95" }, "platform"},
		"bad extension":           {func(r *helpdesk.EnrolRequest) { r.Extension = "x12" }, "extension"},
		"no actor":                {func(r *helpdesk.EnrolRequest) { r.Actor.Name = "" }, "actor"},
		"a reason on two lines":   {func(r *helpdesk.EnrolRequest) { r.Reason = "a\r\nb" }, "reason"},
		"a ticket on two lines":   {func(r *helpdesk.EnrolRequest) { r.Ticket = "a\nb" }, "ticket"},
		"not UTF-8 in the reason": {func(r *helpdesk.EnrolRequest) { r.Reason = "\xff" }, "reason"},
	} {
		r := enrolRequest()
		row.change(&r)
		_, err := b.org(t).Enrol(t.Context(), r)
		fault, ok := errors.AsType[*helpdesk.PolicyError](err)
		if !ok || fault.Field != row.field || !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("%s: %v, want a fault of %s", name, err, row.field)
		}
	}
	if n := len(b.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}
