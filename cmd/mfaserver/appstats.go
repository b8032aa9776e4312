package main

import (
	"cmp"
	"context"
	"log/slog"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/metrics"
)

// observeDuo counts the calls of Duo, and how long it takes to answer.
func (a *app) observeDuo() duoclient.Option {
	accounts := duoAccountNames(a.cfg)
	return duoclient.WithObserver(func(o duoclient.Observation) {
		if !o.Waits {
			a.stats.Answered(o.Took, o.Failed)
		}
		outcome := "ok"
		if o.Class != duoclient.ClassNone {
			outcome = o.Class.String()
		}
		name, known := accounts[cmp.Or(o.AccountID, o.Host)]
		if !known {
			name = "other"
		}
		a.metrics.Called(metrics.Call{
			Endpoint: o.Endpoint, Organization: name, Outcome: outcome, Took: o.Took, Waits: o.Waits, Skew: o.Skew, Dated: o.Dated,
		})
	})
}

// duoAccountNames are the organisations by account ID and API host. An account
// that has no host of its own in the configuration is known by its ID.
func duoAccountNames(cfg *config.Config) map[string]string {
	names := make(map[string]string)
	for _, o := range cfg.Organizations {
		for _, key := range []string{o.AccountID, o.APIHostname, o.Admin.APIHostname, o.Auth.APIHostname} {
			if key != "" {
				names[key] = o.Name
			}
		}
	}
	d := cfg.Duo
	for _, host := range []string{d.Universal.APIHostname, d.Auth.APIHostname, d.Admin.APIHostname, d.Accounts.APIHostname} {
		if host != "" {
			names[host] = config.DefaultOrganization
		}
	}
	return names
}

// primeStats counts the logins of the last weeks, which the audit trail knows.
func (a *app) primeStats(ctx context.Context) {
	files := audit.NewReader(auditPath(a.cfg), nil)
	err := a.stats.Prime(ctx, a.reader(), files)
	if err != nil && ctx.Err() == nil {
		a.logger.WarnContext(ctx, "the logins of the last weeks cannot be counted", slog.Any("err", err))
	}
}

// reader finds records of the audit trail.
func (a *app) reader() *audit.Reader {
	var index audit.Index
	if a.file != nil {
		index = a.file.AuditIndex()
	}
	return audit.NewReader(auditPath(a.cfg), index)
}
