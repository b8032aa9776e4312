package helpdesk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

// Threat T158: no count and no life but those allowed can be made.
func TestBypassBounds(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1, 6, 10, 1e9} {
		if _, err := helpdesk.NewCount(n); !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("NewCount(%d): %v", n, err)
		}
		if err := helpdesk.CheckReuse(n); !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("CheckReuse(%d): %v", n, err)
		}
	}
	for _, n := range []int{1, 5} {
		if _, err := helpdesk.NewCount(n); err != nil {
			t.Errorf("NewCount(%d): %v", n, err)
		}
	}
	for d, want := range map[time.Duration]bool{
		0: false, -1: false, time.Second: false, 299 * time.Second: false, 300 * time.Second: true, time.Hour: true,
		24 * time.Hour: true, 24*time.Hour + time.Second: false, 1e9 * time.Second: false, time.Hour + time.Millisecond: false,
	} {
		_, err := helpdesk.NewLife(d)
		if (err == nil) != want || err != nil && !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("NewLife(%v): %v", d, err)
		}
	}
}

func bypassRequest() helpdesk.BypassRequest {
	return helpdesk.BypassRequest{Order: order(), Subject: helpdesk.Subject{Username: "pat"}}
}

// Threat T158: whatever is asked for, codes work once, end, and are told once.
func TestCreateBypass(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	pat := b.AddUser(duotest.User{Name: "pat", Aliases: []string{"p.smith"}})
	three, err := helpdesk.NewCount(3)
	if err != nil {
		t.Fatal(err)
	}
	life, err := helpdesk.NewLife(10 * time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	long := bypassRequest()
	long.Count, long.Life, long.Subject = three, life, helpdesk.Subject{UserID: pat.ID}
	own := bypassRequest()
	own.Codes, own.KeepExisting = []secret.Secret{secret.New("58201937")}, true
	for _, row := range []struct {
		name    string
		request helpdesk.BypassRequest
		codes   int
		valid   time.Duration
	}{
		{"by default one for an hour", bypassRequest(), 1, time.Hour},
		{"three for ten minutes, by user ID", long, 3, 10 * time.Minute},
		{"a chosen one", own, 1, time.Hour},
	} {
		b.trail.Reset()
		got, err := b.org(t).CreateBypass(t.Context(), row.request)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if len(got.Codes) != row.codes || got.Username != "pat" || got.UserID != pat.ID || !got.Expires.Equal(b.now.Add(row.valid)) {
			t.Errorf("%s: %+v", row.name, got)
		}
		admin, err := b.org(t).Admin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for code, err := range admin.Users.BypassCodes(t.Context(), pat.ID) {
			if err != nil || code.ReuseCount == nil || *code.ReuseCount != 1 || code.Expiration.IsZero() {
				t.Errorf("%s: Duo has %+v, %v", row.name, code, err)
			}
		}
		events := b.trail.Find(audit.DuoCodesCreated)
		if len(events) != 1 || events[0].Actor != "helen" || events[0].Username != "pat" || events[0].Detail["reason"] != "lost phone" ||
			events[0].Detail["count"] != fmt.Sprint(row.codes) || events[0].Detail["ticket"] != "HD-17" {
			t.Errorf("%s: trail %+v", row.name, events)
		}
		// The canary: no code in what is recorded or printed.
		text, err := json.Marshal([]any{b.trail.Events(), got, b.Calls()})
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range got.Codes {
			if strings.Contains(string(text)+fmt.Sprintf("%+v", got), code.Reveal()) {
				t.Errorf("%s: a code was told twice", row.name)
			}
		}
	}
}

// Threat T158: everything else is refused before anything is sent, and
// recorded.
func TestCreateBypassRefuses(t *testing.T) {
	t.Parallel()
	b := start(t, nil, func(_ *bench, c *helpdesk.Config) { c.BypassCodes = 2 })
	b.AddUser(duotest.User{Name: "pat", Aliases: []string{"p.smith"}, Email: "pat@example.org"})
	three, err := helpdesk.NewCount(3)
	if err != nil {
		t.Fatal(err)
	}
	codes := func(all ...string) func(*helpdesk.BypassRequest) {
		return func(r *helpdesk.BypassRequest) {
			for _, c := range all {
				r.Codes = append(r.Codes, secret.New(c))
			}
		}
	}
	actor := func(name string, more ...string) func(*helpdesk.BypassRequest) {
		return func(r *helpdesk.BypassRequest) { r.Actor = helpdesk.Actor{Name: name, Usernames: more} }
	}
	for _, row := range []struct {
		name   string
		change func(*helpdesk.BypassRequest)
		want   error
	}{
		{"no reason", func(r *helpdesk.BypassRequest) { r.Reason = " " }, helpdesk.ErrPolicy},
		{"long reason", func(r *helpdesk.BypassRequest) { r.Reason = strings.Repeat("x", 201) }, helpdesk.ErrPolicy},
		{"reason on two lines", func(r *helpdesk.BypassRequest) { r.Reason = "a\nb" }, helpdesk.ErrPolicy},
		{"long ticket", func(r *helpdesk.BypassRequest) { r.Ticket = strings.Repeat("x", 65) }, helpdesk.ErrPolicy},
		{"no actor", actor(""), helpdesk.ErrPolicy},
		{"more than configured", func(r *helpdesk.BypassRequest) { r.Count = three }, helpdesk.ErrPolicy},
		{"more own codes than configured", codes("58201937", "91736450", "20193758"), helpdesk.ErrPolicy},
		{"count and codes", func(r *helpdesk.BypassRequest) { r.Count = three; codes("58201937")(r) }, helpdesk.ErrPolicy},
		{"short code", codes("58201"), helpdesk.ErrPolicy},
		{"long code", codes("5820193758"), helpdesk.ErrPolicy},
		{"letters", codes("58201a37"), helpdesk.ErrPolicy},
		{"the same digit", codes("777777"), helpdesk.ErrPolicy},
		{"a row", codes("234567"), helpdesk.ErrPolicy},
		{"a row backwards", codes("876543"), helpdesk.ErrPolicy},
		{"the same code twice", codes("58201937", "58201937"), helpdesk.ErrPolicy},
		{"for oneself", actor("pat"), helpdesk.ErrSelf},
		{"for oneself in capitals", actor("PAT"), helpdesk.ErrSelf},
		{"for oneself by an alias", actor("P.Smith"), helpdesk.ErrSelf},
		{"for oneself with a domain", actor(`CLINIC\pat`), helpdesk.ErrSelf},
		{"for oneself by e-mail", actor("pat@example.org"), helpdesk.ErrSelf},
		{"for oneself by another name", actor("os-user:1000", "pat"), helpdesk.ErrSelf},
	} {
		b.trail.Reset()
		r := bypassRequest()
		row.change(&r)
		if _, err := b.org(t).CreateBypass(t.Context(), r); !errors.Is(err, row.want) || !errors.Is(err, helpdesk.ErrPolicy) {
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
		if got := b.trail.Events(); len(got) != 1 || got[0].Name != audit.DuoRefused || got[0].Outcome != audit.Refused {
			t.Errorf("%s: trail %+v", row.name, got)
		}
	}
	b.AddUser(duotest.User{Name: "rob@clinic.example"})
	r := bypassRequest()
	r.Username = "rob@clinic.example"
	actor("rob@elsewhere.example")(&r)
	if _, err := b.org(t).CreateBypass(t.Context(), r); err != nil {
		t.Errorf("somebody else of the same name in another domain: %v", err)
	}
	r = bypassRequest()
	r.UserID = "DU000000000000000000"
	if _, err := b.org(t).CreateBypass(t.Context(), r); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("username and user ID: %v", err)
	}
	r = bypassRequest()
	r.Username = "nobody"
	if _, err := b.org(t).CreateBypass(t.Context(), r); !errors.Is(err, duoclient.ErrNotFound) {
		t.Errorf("an unknown user: %v", err)
	}
}

// Threat T158: ten codes a person and day.
func TestBypassQuota(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat"})
	five, err := helpdesk.NewCount(5)
	if err != nil {
		t.Fatal(err)
	}
	create := func(actor string, count helpdesk.Count) error {
		r := bypassRequest()
		r.Actor.Name, r.Count, r.KeepExisting = actor, count, true
		_, err := b.org(t).CreateBypass(t.Context(), r)
		return err
	}
	for range 2 {
		if err := create("helen", five); err != nil {
			t.Fatal(err)
		}
		b.now = b.now.Add(11 * time.Hour)
	}
	if err := create("Helen ", helpdesk.Count{}); !errors.Is(err, helpdesk.ErrQuota) || !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("the eleventh code: %v, want %v", err, helpdesk.ErrQuota)
	}
	if err := create("harry", five); err != nil {
		t.Errorf("a colleague: %v", err)
	}
	b.now = b.now.Add(2 * time.Hour)
	if err := create("helen", five); err != nil {
		t.Errorf("a day after the first five: %v", err)
	}
	if err := create("helen", helpdesk.Count{}); !errors.Is(err, helpdesk.ErrQuota) {
		t.Errorf("and one more: %v, want %v", err, helpdesk.ErrQuota)
	}
}

// Threat T195: what cannot be recorded is not done.
func TestNothingUnrecorded(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}})
	b.trail.Fail(-1)
	o := b.org(t)
	writes := func() int {
		n := 0
		for _, call := range b.Calls() {
			if call.Method != "GET" {
				n++
			}
		}
		return n
	}
	_, bypassErr := o.CreateBypass(t.Context(), bypassRequest())
	_, statusErr := o.SetStatus(t.Context(), order(), helpdesk.Subject{Username: "pat"}, duoclient.UserBypass)
	_, enrolErr := o.Enrol(t.Context(), helpdesk.EnrolRequest{Order: order(), Username: "new"})
	_, verifyErr := o.Verify(t.Context(), helpdesk.VerifyRequest{Order: order(), Subject: helpdesk.Subject{Username: "pat"}}, nil)
	syncErr := o.Sync(t.Context(), order(), "pat", "DS000000000000000000")
	var reportErr error
	for _, err := range b.desk.Report(t.Context(), b.desk.Orgs(), helpdesk.ReportRequest{Order: order()}) {
		reportErr = err
	}
	for name, err := range map[string]error{
		"bypass": bypassErr, "status": statusErr, "enrol": enrolErr, "verify": verifyErr, "sync": syncErr, "report": reportErr,
	} {
		if !errors.Is(err, audit.ErrUnwritten) {
			t.Errorf("%s: %v, want %v", name, err, audit.ErrUnwritten)
		}
	}
	if n := writes(); n != 0 {
		t.Errorf("%d calls changed something", n)
	}
}

// Threat T159: a status that weakens needs a reason, and another person.
func TestSetStatus(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat"})
	o, pat := b.org(t), helpdesk.Subject{Username: "pat"}
	bare := helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}}
	if _, err := o.SetStatus(t.Context(), bare, pat, duoclient.UserBypass); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("without a reason: %v", err)
	}
	own := order()
	own.Actor.Name = "pat"
	if _, err := o.SetStatus(t.Context(), own, pat, duoclient.UserBypass); !errors.Is(err, helpdesk.ErrSelf) {
		t.Errorf("for oneself: %v", err)
	}
	got, err := o.SetStatus(t.Context(), order(), pat, duoclient.UserBypass)
	if err != nil || got.Status != duoclient.UserBypass {
		t.Errorf("SetStatus = %+v, %v", got, err)
	}
	events := b.trail.Find(audit.DuoUserStatus)
	if len(events) != 1 || events[0].Detail["from"] != "active" || events[0].Detail["status"] != "bypass" {
		t.Errorf("trail %+v", events)
	}
}

// A deed that fails is in the trail twice: what was wanted, and that it failed.
func TestFailureIsRecorded(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "pat"})
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users/{user_id}/bypass_codes": duotest.Outage(0, 503)}})
	if _, err := b.org(t).CreateBypass(t.Context(), bypassRequest()); !errors.Is(err, duoclient.ErrOutage) {
		t.Errorf("CreateBypass = %v, want %v", err, duoclient.ErrOutage)
	}
	events := b.trail.Find(audit.DuoCodesCreated)
	if len(events) != 2 || events[0].Outcome != audit.OK || events[1].Outcome != audit.Failed || events[1].Reason != "outage" {
		t.Errorf("trail %+v", events)
	}
}

func TestSync(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	o := b.org(t)
	if err := o.Sync(t.Context(), order(), "dora", ""); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("without a directory: %v", err)
	}
	d := b.AddDirectory(duotest.Directory{Users: []duotest.User{{Name: "dora"}}})
	if err := o.Sync(t.Context(), order(), "dora", d.Key); err != nil {
		t.Error(err)
	}
	if _, ok := b.User("dora"); !ok {
		t.Error("dora is not there")
	}
	if err := o.Sync(t.Context(), order(), "nobody", d.Key); !errors.Is(err, duoclient.ErrBadParameter) {
		t.Errorf("an unknown user: %v", err)
	}
	if err := o.Sync(t.Context(), order(), "dora", "DS000000000000000000"); !errors.Is(err, duoclient.ErrNotFound) {
		t.Errorf("an unknown directory: %v", err)
	}
}

// Threat T159: every action that weakens or destroys says so.
func TestActions(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for a := helpdesk.ActionRead; a <= helpdesk.ActionAccountDelete; a++ {
		name := a.String()
		if name == "" || seen[name] {
			t.Errorf("action %d is called %q", int(a), name)
		}
		seen[name] = true
		if strings.HasSuffix(name, ".delete") && (!a.Destroys() || !a.NeedsReason() && a != helpdesk.ActionBypassDelete) {
			t.Errorf("%s: destroys %t, needs a reason %t", name, a.Destroys(), a.NeedsReason())
		}
	}
	if bad := helpdesk.Action(999); !bad.NeedsReason() || !bad.Destroys() {
		t.Error("an unknown action is taken for harmless")
	}
}
