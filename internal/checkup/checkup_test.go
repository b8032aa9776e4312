package checkup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const wrongSecret = "wrongwrongwrongwrongwrongwrongwrongwrong"

// bench is a simulator with a child account, and a configuration in which all
// is well with it.
type bench struct {
	*duotest.Server
	child    *duotest.Account
	settings *config.Config
	now      func() time.Time
	timeout  time.Duration
	secrets  []string
}

func start(t *testing.T, c duotest.Config) *bench {
	t.Helper()
	c.Children = []duotest.Child{{Name: "clinic-a"}}
	server, err := duotest.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	folder := t.TempDir()
	ca := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(ca, server.CA().CertPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, child := server.Credentials(), server.Accounts()[0]
	own := child.Credentials()
	return &bench{
		Server: server, child: child, now: time.Now,
		secrets: []string{
			keys.ClientSecret, keys.AuthSecret, keys.AdminSecret, keys.AccountsSecret,
			own.ClientSecret, own.AuthSecret, own.AdminSecret, wrongSecret,
		},
		settings: &config.Config{
			PublicURLs: []string{"https://localhost"}, DataDir: folder,
			Duo: config.Duo{
				Simulator: true, CA: ca,
				Universal: config.Universal{ClientID: keys.ClientID, ClientSecret: secret.New(keys.ClientSecret), APIHostname: server.APIHost},
				Auth:      app(keys.AuthKey, keys.AuthSecret, server.APIHost),
				Admin:     app(keys.AdminKey, keys.AdminSecret, server.APIHost),
				Accounts:  app(keys.AccountsKey, keys.AccountsSecret, server.APIHost),
			},
			Organizations: []config.Organization{
				{Name: "clinic-a", AccountID: child.ID()},
				{
					Name: "clinic-b", Admin: app(own.AdminKey, own.AdminSecret, child.APIHost()),
					Auth:      app(own.AuthKey, own.AuthSecret, child.APIHost()),
					Universal: config.Universal{ClientID: own.ClientID, ClientSecret: secret.New(own.ClientSecret), APIHostname: child.APIHost()},
				},
			},
		},
	}
}

func app(key, secretKey, host string) config.API {
	return config.API{IntegrationKey: key, SecretKey: secret.New(secretKey), APIHostname: host}
}

// run makes the checkup and looks for secrets in everything it says.
func (b *bench) run(t *testing.T) checkup.Report {
	t.Helper()
	var mu sync.Mutex
	told := 0
	report := checkup.Run(t.Context(), checkup.Config{
		Settings: b.settings, Now: b.now, Timeout: b.timeout,
		Progress: func(checkup.Finding) { mu.Lock(); told++; mu.Unlock() },
		Options:  []duoclient.Option{duoclient.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	})
	if told != len(report.Findings) {
		t.Errorf("%d findings were told of %d", told, len(report.Findings))
	}
	text := fmt.Sprintf("%+v", report)
	for _, s := range b.secrets {
		if strings.Contains(text, s) || strings.Contains(text, s[:20]) {
			t.Errorf("a secret in %s", text)
		}
	}
	for _, f := range report.Findings {
		if f.Subject == "" || f.Text == "" || (f.Level != checkup.OK) != (f.Advice != "") {
			t.Errorf("finding without words: %+v", f)
		}
	}
	return report
}

// finding gives the first of a subject that is as bad.
func finding(t *testing.T, r checkup.Report, subject string, level checkup.Level) checkup.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Subject == subject && f.Level == level {
			return f
		}
	}
	t.Errorf("no %s of %s in:\n%s", level, subject, list(r))
	return checkup.Finding{}
}

func list(r checkup.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s: %s. %s\n", f.Level, f.Subject, f.Text, f.Advice)
	}
	return b.String()
}

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	b.settings.Duo.DirectoryKey = b.AddDirectory(duotest.Directory{}).Key
	b.settings.Organizations[0].DirectoryKey = b.child.AddDirectory(duotest.Directory{}).Key
	report := b.run(t)
	if !report.OK() || report.Count(checkup.Fail) != 0 || report.Count(checkup.Warn) != 1 {
		t.Errorf("not well:\n%s", list(report))
	}
	for subject, want := range map[string]string{
		"tls":                                  "makes a self-signed one",
		"duo.ca":                               "1 certificates vouch for Duo",
		"clock":                                "our clock agrees with Duo's",
		"host " + b.APIHost:                    "reached and trusted",
		"host " + b.child.APIHost():            "reached and trusted",
		"duo.universal":                        "Duo takes client_id and client_secret at " + b.APIHost,
		"duo.auth":                             "Duo takes integration_key and secret_key",
		"duo.admin":                            "Duo takes integration_key and secret_key",
		"duo.accounts":                         "Duo takes integration_key and secret_key",
		"organizations.clinic-a":               "Duo opens the child account at " + b.child.APIHost(),
		"organizations.clinic-b.admin":         "Duo takes integration_key and secret_key",
		"organizations.clinic-b.auth":          "Duo takes integration_key and secret_key",
		"organizations.clinic-b.universal":     "Duo takes client_id and client_secret",
		"duo.directory_key":                    "Duo knows the directory",
		"organizations.clinic-a.directory_key": "Duo knows the directory",
	} {
		if f := finding(t, report, subject, checkup.OK); !strings.Contains(f.Text, want) {
			t.Errorf("%s: %s, want %q", subject, f.Text, want)
		}
	}
	finding(t, report, "duo.simulator", checkup.Warn)
}

// parts of a set of credentials.
type parts struct {
	key    *string
	secret *secret.Secret
	host   *string
}

// places gives every set of credentials of the configuration.
func (b *bench) places() map[string]parts {
	d := &b.settings.Duo
	o := &b.settings.Organizations[1]
	api := func(a *config.API) parts { return parts{&a.IntegrationKey, &a.SecretKey, &a.APIHostname} }
	uni := func(u *config.Universal) parts { return parts{&u.ClientID, &u.ClientSecret, &u.APIHostname} }
	return map[string]parts{
		"duo.universal": uni(&d.Universal), "duo.auth": api(&d.Auth), "duo.admin": api(&d.Admin), "duo.accounts": api(&d.Accounts),
		"organizations.clinic-b.universal": uni(&o.Universal), "organizations.clinic-b.auth": api(&o.Auth),
		"organizations.clinic-b.admin": api(&o.Admin),
	}
}

// Each credential wrong in turn: the sentence names which one it is.
func TestEachCredentialWrong(t *testing.T) {
	t.Parallel()
	const otherKey = "DIWRONGWRONGWRONG000"
	for subject := range start(t, duotest.Config{}).places() {
		keyName, secretName := "integration_key", "secret_key"
		if strings.HasSuffix(subject, "universal") {
			keyName, secretName = "client_id", "client_secret"
		}
		for _, row := range []struct {
			what         string
			change       func(parts)
			text, advice string
		}{
			{"key", func(p parts) { *p.key = otherKey }, "Duo does not know " + keyName + " " + otherKey, "Compare " + keyName + " and api_hostname"},
			{"secret", func(p parts) { *p.secret = secret.New(wrongSecret) }, secretName + " is not the one of " + keyName, "Copy the secret again"},
			{"unreachable host", func(p parts) { *p.host = "127.0.0.1:1" }, "not checked: 127.0.0.1:1 cannot be reached", "See to host 127.0.0.1:1 first."},
			{"host of another account", nil, "api_hostname is wrong: Duo takes these keys at ", "Write api_hostname: "},
		} {
			t.Run(subject+" "+row.what, func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				switch place := b.places()[subject]; {
				case row.change != nil:
					row.change(place)
				case *place.host == b.APIHost:
					*place.host = b.child.APIHost()
				default:
					*place.host = b.APIHost
				}
				report := b.run(t)
				f := finding(t, report, subject, checkup.Fail)
				if !strings.Contains(f.Text, row.text) || !strings.Contains(f.Advice, row.advice) || report.OK() {
					t.Errorf("%s. %s\nwant %q and %q", f.Text, f.Advice, row.text, row.advice)
				}
				for _, other := range report.Findings {
					dependent := strings.HasPrefix(other.Subject, "host 127.0.0.1:1") || subject == "duo.accounts" && other.Subject == "organizations.clinic-a"
					if other.Level == checkup.Fail && other.Subject != subject && !dependent {
						t.Errorf("also %+v", other)
					}
				}
			})
		}
	}
}

// Credentials of one API in the place of another: the sentence names the right
// one.
func TestMisplaced(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"universal": "Web SDK (Universal Prompt)", "auth": "Auth API", "admin": "Admin API", "accounts": "Accounts API",
	}
	for a := range names {
		for c := range names {
			if a >= c {
				continue
			}
			t.Run(a+" and "+c+" exchanged", func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				x, y := b.places()["duo."+a], b.places()["duo."+c]
				*x.key, *y.key, *x.secret, *y.secret = *y.key, *x.key, *y.secret, *x.secret
				report := b.run(t)
				for here, there := range map[string]string{a: c, c: a} {
					f := finding(t, report, "duo."+here, checkup.Fail)
					text := fmt.Sprintf("these are the keys of an application of type %s; here belong those of type %s", names[there], names[here])
					advice := fmt.Sprintf("Exchange duo.%s and duo.%s", here, there)
					if f.Text != text || !strings.Contains(f.Advice, advice) {
						t.Errorf("%s. %s\nwant %s. %s", f.Text, f.Advice, text, advice)
					}
				}
			})
			t.Run("secrets of "+a+" and "+c+" exchanged", func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				x, y := b.places()["duo."+a], b.places()["duo."+c]
				*x.secret, *y.secret = *y.secret, *x.secret
				report := b.run(t)
				for here, there := range map[string]string{a: c, c: a} {
					f := finding(t, report, "duo."+here, checkup.Fail)
					if !strings.Contains(f.Text, "is not: the one of this key stands under duo."+there) {
						t.Errorf("%s. %s", f.Text, f.Advice)
					}
				}
			})
		}
		t.Run("keys of "+a+" in two places", func(t *testing.T) {
			t.Parallel()
			b := start(t, duotest.Config{})
			there := "auth"
			if a == there {
				there = "admin"
			}
			x, y := b.places()["duo."+a], b.places()["duo."+there]
			*y.key, *y.secret = *x.key, *x.secret
			f := finding(t, b.run(t), "duo."+there, checkup.Fail)
			if !strings.Contains(f.Text, "type "+names[a]) || !strings.Contains(f.Advice, "Move them to duo."+a) {
				t.Errorf("%s. %s", f.Text, f.Advice)
			}
		})
	}
}

// A clock that is wrong is told once, and hides nothing else.
func TestClock(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		offset time.Duration // of Duo's clock
		level  checkup.Level
		text   string
	}{
		"6 minutes behind":  {6 * time.Minute, checkup.Fail, "behind Duo's, more than the minute"},
		"6 minutes ahead":   {-6 * time.Minute, checkup.Fail, "ahead of Duo's, more than the minute"},
		"30 seconds behind": {30 * time.Second, checkup.Warn, "behind Duo's"},
		"1 second":          {time.Second, checkup.OK, "agrees"},
		"a day ahead":       {-24 * time.Hour, checkup.Fail, "our clock is 24h0m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, duotest.Config{})
			b.SetFaults(duotest.Faults{ClockOffset: row.offset})
			b.settings.Duo.Auth.SecretKey = secret.New(wrongSecret)
			report := b.run(t)
			f := finding(t, report, "clock", row.level)
			if !strings.Contains(f.Text, row.text) || row.level != checkup.OK && !strings.Contains(f.Advice, "NTP") {
				t.Errorf("%s. %s", f.Text, f.Advice)
			}
			finding(t, report, "duo.universal", checkup.OK)
			finding(t, report, "duo.admin", checkup.OK)
			if f := finding(t, report, "duo.auth", checkup.Fail); !strings.Contains(f.Text, "secret_key is not the one") {
				t.Errorf("%s. %s", f.Text, f.Advice)
			}
		})
	}
}

func TestExpiredCA(t *testing.T) {
	t.Parallel()
	ca, err := duotest.NewCA(time.Now().AddDate(-11, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, duotest.Config{CA: ca})
	report := b.run(t)
	f := finding(t, report, "duo.ca", checkup.Fail)
	if !strings.Contains(f.Text, "the CA bundle has expired: its last certificate ended on ") || !strings.Contains(f.Advice, b.settings.Duo.CA) {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	f = finding(t, report, "host "+b.APIHost, checkup.Fail)
	if !strings.Contains(f.Text, "is not trusted") || !strings.Contains(f.Text, "expired") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	if f := finding(t, report, "duo.admin", checkup.Fail); !strings.Contains(f.Text, "not checked") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}

func TestCAEndsSoon(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	ca, err := duoclient.CAPEM(b.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	roots, err := ca.Roots()
	if err != nil {
		t.Fatal(err)
	}
	b.now = func() time.Time { return roots[0].NotAfter.AddDate(0, 0, -60) }
	if f := finding(t, b.run(t), "duo.ca", checkup.Warn); !strings.Contains(f.Text, "1 of 1 certificates of the CA bundle end soon") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Duo.CA = filepath.Join(t.TempDir(), "missing.pem")
	report := b.run(t)
	if f := finding(t, report, "duo.ca", checkup.Fail); !strings.Contains(f.Text, "nothing else was checked") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	// The built-in bundle is good for some years, and the system's is not ours.
	b.settings.Duo.Simulator = false
	for _, name := range []string{config.CADuo, config.CASystem} {
		b.settings.Duo.CA, b.now, b.timeout = name, time.Now, time.Nanosecond
		finding(t, b.run(t), "duo.ca", checkup.OK)
	}
}

func TestWay(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		faults duotest.Faults
		text   string
	}{
		"expired certificate": {
			duotest.Faults{Connection: duotest.ConnectionFaults{Certificate: duotest.CertificateExpired}}, "is not trusted",
		},
		"somebody else's certificate": {
			duotest.Faults{Connection: duotest.ConnectionFaults{Certificate: duotest.CertificateUntrusted}}, "is not trusted",
		},
		"certificate of another name": {
			duotest.Faults{Connection: duotest.ConnectionFaults{Certificate: duotest.CertificateWrongName}}, "is not trusted",
		},
		"connections refused": {duotest.Faults{Connection: duotest.ConnectionFaults{Refuse: true}}, "cannot be reached"},
		"outage":              {duotest.Faults{API: map[string]duotest.AnswerFaults{"*": duotest.Outage(0, 503)}}, "cannot be reached"},
		"another server": {
			duotest.Faults{API: map[string]duotest.AnswerFaults{"*": {Status: 200, Body: new("<html>hello</html>"), Instead: true}}},
			"answers otherwise than Duo",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, duotest.Config{})
			b.SetFaults(row.faults)
			report := b.run(t)
			if f := finding(t, report, "host "+b.APIHost, checkup.Fail); !strings.Contains(f.Text, row.text) {
				t.Errorf("%s. %s", f.Text, f.Advice)
			}
			if report.OK() {
				t.Error("all is well")
			}
		})
	}
}

// Duo in trouble with one API is told for that one.
func TestTroubleWithOne(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"/auth/v2/check": duotest.Outage(0, 500), "/admin/v1/info/summary": duotest.RateLimited(0, ""),
		"/accounts/v1/account/list": {Status: 200, Body: new("<html>"), Instead: true},
	}})
	report := b.run(t)
	if f := finding(t, report, "duo.auth", checkup.Fail); !strings.Contains(f.Advice, "Duo is in trouble") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	if f := finding(t, report, "duo.admin", checkup.Warn); !strings.Contains(f.Text, "asks to slow down") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	if f := finding(t, report, "duo.accounts", checkup.Fail); !strings.Contains(f.Text, "answers otherwise than it should") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	if f := finding(t, report, "organizations.clinic-a", checkup.Fail); !strings.Contains(f.Text, "it needs duo.accounts") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	some := b.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{duotest.GrantInfo}})
	none := b.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{}})
	b.secrets = append(b.secrets, some.Secret, none.Secret)
	b.settings.Duo.Admin = app(some.Key, some.Secret, b.APIHost)
	report := b.run(t)
	finding(t, report, "duo.admin", checkup.OK)
	if f := finding(t, report, "duo.admin", checkup.Warn); !strings.Contains(f.Text, "Grant settings") || report.Count(checkup.Warn) != 3 {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Duo.Admin = app(none.Key, none.Secret, b.APIHost)
	if f := finding(t, b.run(t), "duo.admin", checkup.Fail); !strings.Contains(f.Text, "the application may do nothing") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}

func TestOrganizations(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	row := &b.settings.Organizations[0]
	row.APIHostname = b.APIHost
	if f := finding(t, b.run(t), "organizations.clinic-a", checkup.Fail); !strings.Contains(f.Text, "Duo names "+b.child.APIHost()) {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	row.APIHostname, row.AccountID = "", "DA00000000000000GONE"
	if f := finding(t, b.run(t), "organizations.clinic-a", checkup.Fail); !strings.Contains(f.Text, "does not list account_id DA00000000000000GONE") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Organizations = nil
	b.settings.Duo.Auth, b.settings.Duo.Admin, b.settings.Duo.Accounts = config.API{}, config.API{}, config.API{}
	report := b.run(t)
	if f := finding(t, report, "duo.admin", checkup.OK); !strings.Contains(f.Text, "not configured") || !report.OK() {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}

func TestDirectories(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	const unknown = "DS000000000000000000"
	if f := finding(t, b.run(t), "directory keys", checkup.OK); !strings.Contains(f.Text, "Duo cannot list directories") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Duo.DirectoryKey, b.settings.Organizations[1].DirectoryKey = unknown, unknown
	report := b.run(t)
	for _, subject := range []string{"duo.directory_key", "organizations.clinic-b.directory_key"} {
		f := finding(t, report, subject, checkup.Fail)
		if !strings.Contains(f.Text, "Duo does not know the directory "+unknown) || !strings.Contains(f.Advice, "no call that lists directories") {
			t.Errorf("%s. %s", f.Text, f.Advice)
		}
	}
	reader := b.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{
		duotest.GrantInfo, duotest.GrantSettings, duotest.GrantReadResource,
	}})
	b.settings.Duo.Admin = app(reader.Key, reader.Secret, b.APIHost)
	if f := finding(t, b.run(t), "duo.directory_key", checkup.Warn); !strings.Contains(f.Advice, "Grant write resource") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Duo.Admin = config.API{}
	if f := finding(t, b.run(t), "duo.directory_key", checkup.Fail); !strings.Contains(f.Text, "no Admin API application that works") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}

// A server that never answers does not hold the checkup up.
func TestTimeIsBounded(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	b.SetFaults(duotest.Faults{
		HealthCheck: duotest.AnswerFaults{Hang: true},
		API:         map[string]duotest.AnswerFaults{"/admin/v1/info/summary": {Hang: true}, "/auth/v2/check": {Hang: true}},
	})
	b.timeout = 2 * time.Second
	began := time.Now()
	report := b.run(t)
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("took %v", took)
	}
	for _, subject := range []string{"duo.universal", "duo.auth", "duo.admin"} {
		finding(t, report, subject, checkup.Fail)
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	ca, err := duotest.NewCA(time.Now().AddDate(-2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	write := func(made time.Time, names ...string) {
		t.Helper()
		certPEM, keyPEM := issue(t, ca, made, names...)
		b.settings.TLS = config.TLS{CertFile: filepath.Join(b.settings.DataDir, "server.crt"), KeyFile: filepath.Join(b.settings.DataDir, "server.key")}
		for path, data := range map[string][]byte{b.settings.TLS.CertFile: certPEM, b.settings.TLS.KeyFile: keyPEM} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, row := range []struct {
		name  string
		made  time.Time
		host  string
		level checkup.Level
		text  string
	}{
		{"good", time.Now(), "localhost", checkup.OK, "lasts until"},
		{"ended", time.Now().AddDate(-2, 0, 0), "localhost", checkup.Fail, "the server's certificate ended on"},
		{"ends soon", time.Now().AddDate(0, 0, -380), "localhost", checkup.Warn, "the server's certificate ends on"},
		{"not yet", time.Now().AddDate(0, 0, 10), "localhost", checkup.Fail, "begins only on"},
		{"another name", time.Now(), "elsewhere.example", checkup.Warn, "is not for localhost"},
	} {
		write(row.made, row.host)
		if f := finding(t, b.run(t), "tls", row.level); !strings.Contains(f.Text, row.text) {
			t.Errorf("%s: %s. %s", row.name, f.Text, f.Advice)
		}
	}
	b.settings.TLS.KeyFile = b.settings.TLS.CertFile
	if f := finding(t, b.run(t), "tls", checkup.Fail); !strings.Contains(f.Text, "cannot be used") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}
