package people_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
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
	"mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live are sessions that are listed and ended by name.
type live map[string]int

func (l live) List(_ context.Context, username string) ([]session.Session, error) {
	var all []session.Session
	for name, n := range l {
		for range n {
			if username == "" || name == username {
				all = append(all, session.Session{Username: name})
			}
		}
	}
	return all, nil
}

func (l live) Page(ctx context.Context, after session.Key, limit int) ([]session.Session, error) {
	all, err := l.List(ctx, "")
	slices.SortFunc(all, func(a, b session.Session) int { return strings.Compare(a.Username, b.Username) })
	for i := range all {
		binary.BigEndian.PutUint32(all[i].Key[:], uint32(i+1))
	}
	from := int(binary.BigEndian.Uint32(after[:]))
	return all[from:min(len(all), from+limit)], err
}

func (l live) EndUser(_ context.Context, username, _ string) ([]session.Session, error) {
	ended := make([]session.Session, l[username])
	delete(l, username)
	return ended, nil
}

// start is a simulated Duo, and people without accounts of their own: those of
// an engine.
func start(t *testing.T, sessions live) (*people.People, *duotest.Server, *audittest.Memory) {
	t.Helper()
	server, err := duotest.NewServer(duotest.Config{Users: []duotest.User{
		{Name: "alice", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}}, {Name: "Carl"}, {Name: "dora"},
	}})
	must(t, err)
	t.Cleanup(server.Close)
	ca, err := duoclient.CAPEM(server.CA().CertPEM())
	must(t, err)
	keys, trail := server.Credentials(), &audittest.Memory{}
	desk, err := helpdesk.New(helpdesk.Config{Recorder: trail, Organizations: []helpdesk.OrgConfig{{Name: "default", Admin: &duoclient.APIConfig{
		IntegrationKey: keys.AdminKey, SecretKey: secret.New(keys.AdminSecret), APIHost: server.APIHost, CA: ca, Simulator: true,
	}}}})
	must(t, err)
	t.Cleanup(desk.Close)
	org, err := desk.Org("")
	must(t, err)
	var looked atomic.Int64 // each look at the clock is a second later
	begun := time.Now()
	p, err := people.New(people.Config{
		Sessions: sessions, Org: org, Recorder: trail, Logger: slog.New(slog.DiscardHandler),
		Now:          func() time.Time { return begun.Add(time.Duration(looked.Add(1)) * time.Second) },
		RevokeTokens: func(context.Context, string, string, string) error { return nil },
		DuoUsername:  func(name string) (string, error) { return strings.TrimSuffix(name, "@example.org"), nil },
	})
	must(t, err)
	t.Cleanup(p.Close)
	return p, server, trail
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// asked waits for the snapshot.
func asked(t *testing.T, p *people.People) people.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if s := p.Snapshot(); !s.At.IsZero() && !s.Running {
			return s
		}
		select {
		case <-ctx.Done():
			t.Fatal("no snapshot is taken")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Behind an engine, users are those whom Duo knows and those who are signed in,
// each of them once.
func TestUsersElsewhere(t *testing.T) {
	t.Parallel()
	p, _, _ := start(t, live{"alice@example.org": 2, "zoe": 1})
	list, err := p.List(t.Context(), primary.PageQuery{Max: 10})
	if got := names(list); err != nil || got != "alice@example.org zoe" {
		t.Errorf("before Duo was asked: %q, %v, want those who are signed in", got, err)
	}
	if one, err := p.Get(t.Context(), "dora"); err != nil || one.Username != "dora" {
		t.Errorf("Get(dora) before the snapshot = %+v, %v, want whom Duo knows", one, err)
	}
	if _, err := p.Get(t.Context(), "nobody"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("Get(nobody) before the snapshot = %v, want ErrUnknown", err)
	}
	if s := asked(t, p); s.Users != 3 || s.Unenrolled != 2 || !s.Offered || s.Failed {
		t.Errorf("Snapshot = %+v, want three users and two of them not enrolled", s)
	}
	list, err = p.List(t.Context(), primary.PageQuery{Max: 10})
	if got := names(list); err != nil || got != "Carl alice@example.org dora zoe" {
		t.Errorf("List = %q, %v, want all by name", got, err)
	}
	if list[1].Duo == nil || !list[1].Duo.Enrolled || list[1].Duo.Devices != 1 || list[3].Duo != nil {
		t.Errorf("facts = %+v, %+v, want Duo's of alice and none of zoe", list[1].Duo, list[3].Duo)
	}
	if list, err = p.List(t.Context(), primary.PageQuery{Max: 1, After: "Carl"}); err != nil || names(list) != "alice@example.org" {
		t.Errorf("the page after Carl = %q, %v", names(list), err)
	}
	if _, err := p.Get(t.Context(), "nobody"); !errors.Is(err, people.ErrUnknown) {
		t.Errorf("Get(nobody) = %v, want ErrUnknown", err)
	}
	if one, err := p.Get(t.Context(), "zoe"); err != nil || one.Account != nil || p.Local() {
		t.Errorf("Get(zoe) = %+v, %v", one, err)
	}
	counted, err := p.Live(t.Context(), list)
	if err != nil || counted["alice@example.org"] != 2 {
		t.Errorf("Live = %v, %v", counted, err)
	}
}

func names(list []people.Person) string {
	var all []string
	for _, p := range list {
		all = append(all, p.Username)
	}
	return strings.Join(all, " ")
}

// Fault R12: sessions are looked at page by page, and all are seen.
func TestManySessions(t *testing.T) {
	t.Parallel()
	sessions := live{}
	for i := range 700 {
		sessions[fmt.Sprintf("user%03d", i)] = 2
	}
	p, _, _ := start(t, sessions)
	for _, name := range []string{"user000", "user249", "user250", "user699"} {
		if list, err := p.List(t.Context(), primary.PageQuery{Max: 10, Match: name}); err != nil || names(list) != name {
			t.Errorf("List of %s = %q, %v", name, names(list), err)
		}
		if n, err := p.SignOut(t.Context(), name, "test"); n != 2 || err != nil {
			t.Errorf("SignOut of %s = %d, %v, want 2", name, n, err)
		}
	}
}

// A Duo that does not answer leaves what it said before, and says so.
func TestSnapshotFails(t *testing.T) {
	t.Parallel()
	p, server, _ := start(t, live{})
	asked(t, p)
	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for s := p.Snapshot(); !s.Failed || s.Running; s = p.Snapshot() {
		p.Refresh()
		select {
		case <-ctx.Done():
			t.Fatal("the failure never shows")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if s := p.Snapshot(); s.Users != 3 || s.At.IsZero() {
		t.Errorf("Snapshot = %+v, want what was known", s)
	}
	if _, err := p.Get(t.Context(), "dora"); err != nil {
		t.Errorf("Get(dora) = %v, want what was known", err)
	}
	if _, err := p.Get(t.Context(), "nobody"); !errors.Is(err, people.ErrSilent) {
		t.Errorf("Get(nobody) = %v, want ErrSilent: only Duo can tell", err)
	}
}

// Threat T159: nobody locks or disables himself, and accounts of an engine are
// not disabled here.
func TestRefusals(t *testing.T) {
	t.Parallel()
	p, _, trail := start(t, live{"alice": 3})
	order := helpdesk.Order{Actor: helpdesk.Actor{Name: "alice"}, Reason: "for the test"}
	if err := p.Lock(t.Context(), order, "alice", true); !errors.Is(err, people.ErrSelf) {
		t.Errorf("Lock of oneself = %v, want ErrSelf", err)
	}
	if _, err := p.Disable(t.Context(), order, "bob"); !errors.Is(err, people.ErrNoAccounts) {
		t.Errorf("Disable at an engine = %v, want ErrNoAccounts", err)
	}
	if _, err := p.Reset(t.Context(), order, "alice"); !errors.Is(err, helpdesk.ErrSelf) {
		t.Errorf("Reset of oneself = %v, want ErrSelf", err)
	}
	if _, err := p.Reset(t.Context(), helpdesk.Order{Actor: helpdesk.Actor{Name: "admin"}}, "alice"); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("Reset without a reason = %v, want ErrPolicy", err)
	}
	if n := len(trail.Events()); n != 2 || trail.Events()[0].Name != audit.DuoRefused {
		t.Errorf("%d records, want the two refusals of the help desk", n)
	}
	if n, err := p.EndSessions(t.Context(), order, "alice"); n != 3 || err != nil {
		t.Errorf("EndSessions = %d, %v, want 3", n, err)
	}
}

// A configuration that lacks something is refused.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	if _, err := people.New(people.Config{}); !errors.Is(err, people.ErrConfig) {
		t.Errorf("New of nothing = %v, want ErrConfig", err)
	}
}

// Why is what the trail has as the reason of a revocation.
func ExampleWhy() {
	fmt.Println(people.Why(helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}, Reason: "laptop stolen"}))
	// Output: by helen: laptop stolen
}
