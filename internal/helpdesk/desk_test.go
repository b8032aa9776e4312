package helpdesk_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a simulator, a desk for it, and the trail.
type bench struct {
	*duotest.Server
	desk  *helpdesk.Desk
	trail *audittest.Memory
	// lapses is what has to end by itself.
	lapses *helpdesktest.Lapses
	ca     duoclient.CA
	now    time.Time
}

// bend changes a desk's configuration before it is made.
type bend func(*bench, *helpdesk.Config)

// start makes a simulator with children, and a desk that has the parent as
// default and each child by its name.
func start(t *testing.T, children []string, bends ...bend) *bench {
	t.Helper()
	config := duotest.Config{Users: []duotest.User{}}
	for _, name := range children {
		config.Children = append(config.Children, duotest.Child{Name: name, Users: []duotest.User{}})
	}
	server, err := duotest.NewServer(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ca, err := duoclient.CAPEM(server.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Server: server, trail: &audittest.Memory{}, lapses: &helpdesktest.Lapses{}, ca: ca, now: time.Now()}
	keys := server.Credentials()
	c := helpdesk.Config{
		Recorder: b.trail, Lapses: b.lapses, Accounts: b.app(keys.AccountsKey, keys.AccountsSecret),
		Now:   func() time.Time { return b.now },
		Sleep: func(ctx context.Context, d time.Duration) error { b.now = b.now.Add(d); return ctx.Err() },
		Organizations: []helpdesk.OrgConfig{{
			Name: "default", Admin: b.app(keys.AdminKey, keys.AdminSecret), Auth: b.app(keys.AuthKey, keys.AuthSecret),
		}},
		Options: []duoclient.Option{duoclient.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	}
	for _, child := range server.Accounts() {
		c.Organizations = append(c.Organizations, helpdesk.OrgConfig{Name: child.Name(), AccountID: child.ID()})
	}
	for _, f := range bends {
		f(b, &c)
	}
	if b.desk, err = helpdesk.New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.desk.Close)
	return b
}

func (b *bench) app(key, secretKey string) *duoclient.APIConfig {
	return &duoclient.APIConfig{
		IntegrationKey: key, SecretKey: secret.New(secretKey), APIHost: b.APIHost, CA: b.ca, Simulator: true,
	}
}

// org is the default organisation.
func (b *bench) org(t *testing.T) *helpdesk.Org {
	t.Helper()
	o, err := b.desk.Org("")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// order is one that everything takes.
func order() helpdesk.Order {
	return helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}, Reason: "lost phone", Ticket: "HD-17"}
}

func TestOrgs(t *testing.T) {
	t.Parallel()
	b := start(t, []string{"clinic-a", "clinic-b"}, func(_ *bench, c *helpdesk.Config) {
		c.Organizations = append(c.Organizations, helpdesk.OrgConfig{Name: "gone", AccountID: "DA00000000000000GONE"},
			helpdesk.OrgConfig{Name: "prompt-only"})
	})
	if got := strings.Join(b.desk.Names(), " "); got != "default clinic-a clinic-b gone prompt-only" {
		t.Errorf("Names = %s", got)
	}
	_, err := b.desk.Org("clinic-c")
	if !errors.Is(err, helpdesk.ErrUnknownOrg) || !strings.Contains(err.Error(), `"clinic-c"; there are: default, clinic-a, clinic-b, gone`) {
		t.Errorf("Org of an unknown name: %v", err)
	}
	if _, err := b.desk.Select("clinic-a", true); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("Select of a name and all: %v", err)
	}
	all, err := b.desk.Select("", true)
	if err != nil || len(all) != 4 {
		t.Errorf("Select of all = %d, %v, want the 4 that can be administered", len(all), err)
	}
	for _, o := range all[:3] {
		admin, err := o.Admin(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", o.Name(), err)
		}
		if _, err := admin.Users.Create(t.Context(), duoclient.UserParams{Username: "of-" + o.Name()}); err != nil {
			t.Errorf("%s: %v", o.Name(), err)
		}
		again, err := o.Admin(t.Context())
		if err != nil || again != admin {
			t.Errorf("%s: a second client, %v", o.Name(), err)
		}
	}
	for _, child := range b.Accounts() {
		if _, ok := child.User("of-" + child.Name()); !ok || child.CountUsers() != 1 {
			t.Errorf("%s has not its own user alone", child.Name())
		}
	}
	if n := b.CountCalls("/accounts/v1/account/list"); n != 1 {
		t.Errorf("the accounts were listed %d times, want once", n)
	}
	if _, err := all[3].Admin(t.Context()); !errors.Is(err, helpdesk.ErrNoChild) {
		t.Errorf("Admin of a deleted account: %v", err)
	}
	prompt, err := b.desk.Org("prompt-only")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prompt.Admin(t.Context()); !errors.Is(err, helpdesk.ErrNoCredentials) {
		t.Errorf("Admin without credentials: %v", err)
	}
	if _, err := prompt.Auth(); !errors.Is(err, helpdesk.ErrNoCredentials) {
		t.Errorf("Auth without credentials: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	keys := b.Credentials()
	good := func() helpdesk.Config {
		return helpdesk.Config{Recorder: b.trail, Organizations: []helpdesk.OrgConfig{{Name: "a"}}}
	}
	for name, change := range map[string]func(*helpdesk.Config){
		"no recorder":      func(c *helpdesk.Config) { c.Recorder = nil },
		"no organisation":  func(c *helpdesk.Config) { c.Organizations = nil },
		"no name":          func(c *helpdesk.Config) { c.Organizations[0].Name = "" },
		"the same name":    func(c *helpdesk.Config) { c.Organizations = append(c.Organizations, c.Organizations[0]) },
		"many codes":       func(c *helpdesk.Config) { c.BypassCodes = 6 },
		"negative per day": func(c *helpdesk.Config) { c.BypassPerDay = -1 },
		"endless codes":    func(c *helpdesk.Config) { c.Organizations[0].BypassLife = 25 * time.Hour },
		"two ways": func(c *helpdesk.Config) {
			c.Organizations[0].AccountID = "DA000000000000000000"
			c.Organizations[0].Admin = b.app(keys.AdminKey, keys.AdminSecret)
		},
	} {
		c := good()
		change(&c)
		if _, err := helpdesk.New(c); !errors.Is(err, helpdesk.ErrConfig) {
			t.Errorf("%s: %v, want %v", name, err, helpdesk.ErrConfig)
		}
	}
	c := good()
	c.Organizations[0].Admin = b.app("short", keys.AdminSecret)
	if _, err := helpdesk.New(c); !errors.Is(err, duoclient.ErrConfig) {
		t.Errorf("bad keys: %v, want %v", err, duoclient.ErrConfig)
	}
}

func TestDiscover(t *testing.T) {
	t.Parallel()
	b := start(t, []string{"clinic-a"})
	for _, name := range []string{"Klinik Nord: \"Öst\" & Co", "Klinik Nord: \"Öst\" & Co", "default", "診療所", "- {x: y}"} {
		if _, err := b.AddAccount(duotest.Child{Name: name, Users: []duotest.User{}}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.desk.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]string)
	for _, p := range all {
		names[p.Name] = p.Title
		if p.Configured != (p.Name == "clinic-a") || p.Moved {
			t.Errorf("%+v", p)
		}
	}
	for _, want := range []string{"clinic-a", "klinik-nord-st-co", "klinik-nord-st-co-2", "default-2", "x-y"} {
		if _, ok := names[want]; !ok {
			t.Errorf("no %s among %v", want, names)
		}
	}
	text := helpdesk.ProposalYAML(all)
	if strings.Count(text, "- name: ") != 5 || strings.Contains(text, "clinic-a") || !strings.HasPrefix(text, "organizations:\n") {
		t.Errorf("rows:\n%s", text)
	}
	if got := helpdesk.ProposalYAML(nil); got != "" {
		t.Errorf("rows of nothing: %q", got)
	}
}
