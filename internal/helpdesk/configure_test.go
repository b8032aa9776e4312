package helpdesk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
)

func TestFromConfig(t *testing.T) {
	t.Parallel()
	const key = "abcdefghijklmnopqrstuvwxyz0123456789abcd"
	app := func(id, host string) string {
		return "{integration_key: " + id + ", secret_key: " + key + ", api_hostname: " + host + "}"
	}
	text := `
public_urls: ["https://mirth.example.org"]
duo:
  universal: {client_id: DIXXXXXXXXXXXXXXXXXX, client_secret: ` + key + `, api_hostname: api-12345678.duosecurity.com}
  admin: ` + app("DIYYYYYYYYYYYYYYYYYY", "api-12345678.duosecurity.com") + `
  accounts: ` + app("DIZZZZZZZZZZZZZZZZZZ", "api-12345678.duosecurity.com") + `
  directory_key: DSXXXXXXXXXXXXXXXXXX
organizations:
  - {name: clinic-a, account_id: DA0000000000000000AA, api_hostname: api-0000000a.duosecurity.com, defaults: {bypass_life: 30m}}
  - {name: clinic-b, admin: ` + app("DIBBBBBBBBBBBBBBBBBB", "api-0000000b.duosecurity.com") + `}
`
	settings, err := config.Parse([]byte(text), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := helpdesk.FromConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	if life := c.Organizations[1].BypassLife; life != 30*time.Minute || c.BypassCodes != 5 || c.BypassPerDay != 10 {
		t.Errorf("life %v, %d codes, %d a day", life, c.BypassCodes, c.BypassPerDay)
	}
	c.Recorder = &audittest.Memory{}
	desk, err := helpdesk.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	if got := strings.Join(desk.Names(), " "); got != "default clinic-a clinic-b" {
		t.Errorf("organisations %s", got)
	}
	for name, want := range map[string]string{
		"": "api-12345678.duosecurity.com", "clinic-a": "api-0000000a.duosecurity.com", "clinic-b": "api-0000000b.duosecurity.com",
	} {
		org, err := desk.Org(name)
		if err != nil {
			t.Fatal(err)
		}
		admin, err := org.Admin(t.Context()) // asks nobody: the child's host is configured
		if err != nil || admin.APIHost() != want || admin.AccountID() != org.AccountID() {
			t.Errorf("%s: %v, %v", name, admin, err)
		}
		if _, err := org.Auth(); !errors.Is(err, helpdesk.ErrNoCredentials) {
			t.Errorf("%s: Auth: %v", name, err)
		}
	}
	if org, err := desk.Org(config.DefaultOrganization); err != nil || org.DirectoryKey() != "DSXXXXXXXXXXXXXXXXXX" {
		t.Errorf("directory %v, %v", org, err)
	}
	settings.Duo.CA = "/does/not/exist.pem"
	if _, err := helpdesk.FromConfig(settings); !errors.Is(err, duoclient.ErrConfig) {
		t.Errorf("missing CA file: %v", err)
	}
}
