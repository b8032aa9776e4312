package helpdesk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
	"mfaserver/internal/secret/secrettest"
)

const canary = "482913-canary"

// filled is a value with a secret wherever there is room for one.
func filled[T any]() any { return secrettest.Fill(new(T), canary) }

// Threat T168: no way of printing the desk, an organisation, their
// configuration, or what is asked and told shows a secret.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	var config helpdesk.Config
	b := start(t, []string{"clinic-a"}, func(_ *bench, c *helpdesk.Config) {
		through := func(app *duoclient.APIConfig) *duoclient.APIConfig {
			app.HTTPProxy = secret.New("http://user:" + canary + "@127.0.0.1:3128")
			return app
		}
		c.Accounts = through(c.Accounts)
		c.Organizations[0].Admin, c.Organizations[0].Auth = through(c.Organizations[0].Admin), through(c.Organizations[0].Auth)
		config = *c
	})
	orgs := b.desk.Orgs()
	if _, err := b.desk.Accounts(); err != nil {
		t.Fatal(err)
	}
	journal, err := helpdesk.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close() //nolint:errcheck // nothing was written
	keys := b.Credentials()
	secrettest.Table{
		Secrets: []string{canary, keys.AdminSecret, keys.AuthSecret, keys.AccountsSecret},
		Values: []any{
			config, &config, config.Organizations, config.Organizations[0], b.desk, orgs[0], orgs[1],
			filled[helpdesk.BypassRequest](), filled[helpdesk.BypassCodes](), filled[helpdesk.Verification](), filled[helpdesk.ResetDone](), filled[helpdesk.VerifyRequest](),
			filled[helpdesk.EnrolRequest](), filled[helpdesk.Enrolment](), filled[helpdesk.Step](), filled[helpdesk.RowOutcome](),
			filled[helpdesk.BulkRequest](), filled[helpdesk.EnrolRow](), filled[helpdesk.Order](), filled[helpdesk.Actor](), filled[helpdesk.Deed](),
			filled[helpdesk.Subject](), filled[helpdesk.Life](), filled[helpdesk.Span](), filled[helpdesk.Lapse](), filled[helpdesk.Count](), filled[helpdesk.Proposal](),
			filled[helpdesk.ReportRequest](), filled[helpdesk.ReportRow](), filled[helpdesk.Progress](), filled[helpdesk.RowFault](),
			&helpdesk.EnrolError{Err: errors.New("refused")}, &helpdesk.OrgError{Err: errors.New("refused")}, &helpdesk.UnknownOrgError{},
			&helpdesk.PolicyError{}, &helpdesk.BulkError{}, &helpdesk.RowsError{}, journal, helpdesk.NewCSVWriter(os.Stderr),
		},
	}.Check(t)
}
