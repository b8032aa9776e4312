package selfservice_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
	"mfaserver/internal/selfservice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulator, and a desk for its users.
type bench struct {
	*duotest.Server
	desk  *selfservice.Desk
	trail *audittest.Memory
	now   time.Time
	deaf  atomic.Bool // no own device can be recorded
}

// Record implements [selfservice.Recorder].
func (b *bench) Record(ctx context.Context, e audit.Event) error {
	if b.deaf.Load() {
		return audit.ErrUnwritten
	}
	return b.trail.Record(ctx, e)
}

func start(t *testing.T, administered bool) *bench {
	t.Helper()
	alice := duotest.Smartphone("+17345550100")
	alice.Name = "<b>Alice's phone</b>"
	server, err := duotest.NewServer(duotest.Config{Users: []duotest.User{
		{Name: "alice", Phones: []duotest.Phone{alice}},
		{Name: "bob", Phones: []duotest.Phone{duotest.Smartphone("+17345550111")}},
	}})
	must(t, err)
	t.Cleanup(server.Close)
	ca, err := duoclient.CAPEM(server.CA().CertPEM())
	must(t, err)
	b := &bench{Server: server, trail: &audittest.Memory{}, now: time.Now()}
	row := helpdesk.OrgConfig{Name: "default"}
	if administered {
		keys := server.Credentials()
		row.Admin = &duoclient.APIConfig{
			IntegrationKey: keys.AdminKey, SecretKey: secret.New(keys.AdminSecret), APIHost: server.APIHost, CA: ca, Simulator: true,
		}
	}
	desk, err := helpdesk.New(helpdesk.Config{
		Recorder: b.trail, Organizations: []helpdesk.OrgConfig{row},
		Options: []duoclient.Option{duoclient.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	})
	must(t, err)
	t.Cleanup(desk.Close)
	org, err := desk.Org("")
	must(t, err)
	b.desk, err = selfservice.New(selfservice.Config{
		Recorder: b,
		Org:      org, Now: func() time.Time { return b.now },
		DuoUsername: func(name string) (string, error) {
			if name == "nameless" {
				return "", errors.New("no name")
			}
			return strings.TrimSuffix(name, "@example.org"), nil
		},
	})
	must(t, err)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func request(number, name string) selfservice.Request {
	return selfservice.Request{
		Actor: helpdesk.Actor{Name: "alice@example.org", Source: netip.MustParseAddr("192.0.2.1"), Session: "abc"},
		Proof: "duo_push", Number: number, Name: name,
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	b := start(t, true)
	a, err := b.desk.Account(t.Context(), "alice@example.org")
	must(t, err)
	if a.Username != "alice" || !a.Enrolled || a.Status != "active" || len(a.Devices) != 1 {
		t.Fatalf("Account = %+v", a)
	}
	d := a.Devices[0]
	if d.Kind != selfservice.Phone || d.Number != "0100" || d.Name != "<b>Alice's phone</b>" || !d.Active || !d.App || !d.Push {
		t.Errorf("device %+v", d)
	}
	// Every page asks, Duo does not hear of each.
	before := b.CountCalls("/admin/v1/users")
	for range 10 {
		_, err = b.desk.Account(t.Context(), "alice@example.org")
		must(t, err)
	}
	if n := b.CountCalls("/admin/v1/users"); n != before {
		t.Errorf("%d calls for ten pages at a time", n-before)
	}
	b.UpdateUser("alice", func(u *duotest.User) { u.Phones = nil })
	b.now = b.now.Add(5 * time.Second)
	if a, err = b.desk.Account(t.Context(), "alice@example.org"); err != nil || len(a.Devices) != 0 {
		t.Errorf("after five seconds %+v, %v", a, err)
	}
	for name, want := range map[string]error{"carol": selfservice.ErrUnknown, "nameless": selfservice.ErrUnavailable} {
		if _, err := b.desk.Account(t.Context(), name); !errors.Is(err, want) {
			t.Errorf("Account(%s) error = %v, want %v", name, err, want)
		}
	}
	b.Close()
	b.now = b.now.Add(time.Minute)
	if _, err = b.desk.Account(t.Context(), "alice"); !errors.Is(err, selfservice.ErrUnavailable) {
		t.Errorf("without Duo: %v", err)
	}
}

func TestNotOffered(t *testing.T) {
	t.Parallel()
	b := start(t, false)
	if _, err := b.desk.Account(t.Context(), "alice"); b.desk.Offered() || !errors.Is(err, selfservice.ErrNotOffered) {
		t.Errorf("Offered() = %v, Account() error = %v", b.desk.Offered(), err)
	}
	if _, err := b.desk.Add(t.Context(), request("", "")); !errors.Is(err, selfservice.ErrNotOffered) {
		t.Errorf("Add() error = %v", err)
	}
}

// A device is there at once, and in use when its link was opened. The trail
// names the user as actor and subject, and holds no link (threat T160).
func TestAdd(t *testing.T) {
	t.Parallel()
	b := start(t, true)
	for _, number := range []string{"", "+1 (734) 555-0199"} {
		added, err := b.desk.Add(t.Context(), request(number, "Spare"))
		must(t, err)
		if !strings.HasPrefix(added.Scan.Reveal(), "duo://") || !strings.HasPrefix(added.Link.Reveal(), "https://") || !added.Expires.After(b.now) {
			t.Fatalf("Add(%q) = %+v", number, added)
		}
		b.now = b.now.Add(time.Minute)
		a, err := b.desk.Account(t.Context(), "alice@example.org")
		must(t, err)
		if d, ok := a.Device(added.DeviceID); !ok || d.App || d.Name != "Spare" {
			t.Errorf("new device %+v, %v", d, ok)
		}
		if !b.ActivatePhone(added.Link.Reveal()) {
			t.Error("the link does not activate")
		}
		b.now = b.now.Add(time.Minute)
		a, err = b.desk.Account(t.Context(), "alice@example.org")
		must(t, err)
		if d, _ := a.Device(added.DeviceID); !d.App {
			t.Errorf("activated device %+v", d)
		}
		if text := fmt.Sprintf("%+v", b.trail.Events()); strings.Contains(text, added.Link.Reveal()) || strings.Contains(text, added.Scan.Reveal()) {
			t.Error("the link is on the trail")
		}
	}
	for _, e := range b.trail.Events() {
		if e.Name == audit.DeviceAdded {
			continue
		}
		if e.Actor != "alice@example.org" || e.Username != "alice" || e.Detail["reason"] != "own device, after duo_push" || e.Session != "abc" {
			t.Errorf("recorded %+v", e)
		}
	}
	own := b.trail.Find(audit.DeviceAdded)
	if len(own) != 2 || own[1].Username != "alice@example.org" || own[1].Detail["number"] != "0199" || own[1].Detail["device"] != "Spare" || own[1].Detail["proof"] != "duo_push" {
		t.Errorf("trail %+v, want both under the user's own name", own)
	}
	if names := b.trail.Names(); !slices.Equal(names[len(names)-2:], []audit.Name{audit.DuoActivationShown, audit.DeviceAdded}) {
		t.Errorf("trail %v", names)
	}
}

// Threat T195: a device that cannot be recorded is not told how it is set up.
func TestAddIsRecordedBeforeTheLinkIsTold(t *testing.T) {
	t.Parallel()
	b := start(t, true)
	b.deaf.Store(true)
	if added, err := b.desk.Add(t.Context(), request("", "Spare")); added != nil || !errors.Is(err, selfservice.ErrUnavailable) {
		t.Errorf("Add() = %+v, %v, want %v", added, err, selfservice.ErrUnavailable)
	}
}

func TestAddRefused(t *testing.T) {
	t.Parallel()
	b := start(t, true)
	for _, tt := range []struct {
		name, number, label string
		want                error
	}{
		{"somebody else's", "+17345550111", "", selfservice.ErrTaken},
		{"set up already", "+17345550100", "", selfservice.ErrActive},
		{"no number", "12", "", selfservice.ErrNumber},
		{"not international", "7345550199", "", selfservice.ErrNumber},
		{"a name of two lines", "", "a\nb", selfservice.ErrName},
		{"a long name", "", strings.Repeat("x", 300), selfservice.ErrName},
	} {
		if _, err := b.desk.Add(t.Context(), request(tt.number, tt.label)); !errors.Is(err, tt.want) || !errors.Is(err, selfservice.ErrRefused) {
			t.Errorf("%s: Add() error = %v, want %v", tt.name, err, tt.want)
		}
	}
	b.UpdateUser("alice", func(u *duotest.User) {
		for i := range 10 {
			u.Phones = append(u.Phones, duotest.Smartphone(fmt.Sprintf("+1734555030%d", i)))
		}
	})
	if _, err := b.desk.Add(t.Context(), request("", "")); !errors.Is(err, selfservice.ErrEnough) {
		t.Errorf("an eleventh: %v", err)
	}
}

// What a desk lacks is said when it is made.
func ExampleNew() {
	_, err := selfservice.New(selfservice.Config{})
	fmt.Println(errors.Is(err, selfservice.ErrConfig))
	// Output: true
}
