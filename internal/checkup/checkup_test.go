package checkup_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/secret"
)

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
