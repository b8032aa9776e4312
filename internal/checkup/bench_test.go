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
