package main

import (
	"context"
	"log/slog"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// observeDuo counts how long Duo takes to answer.
func (a *app) observeDuo() duoclient.Option {
	return duoclient.WithObserver(func(o duoclient.Observation) {
		if !o.Waits {
			a.stats.Answered(o.Took, o.Failed)
		}
	})
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
