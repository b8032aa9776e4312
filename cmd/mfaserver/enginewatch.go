package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/duty"
	"mfaserver/internal/mirth"
	"mfaserver/internal/rules"
)

// watchEvery is how often the engine behind is asked for its version and what
// it serves.
const watchEvery = time.Hour

// errOutdated: the engine behind has known holes.
var errOutdated = errors.New("the engine behind is older than " + mirth.OldestSafe +
	": code can be run on it without a login; update it, or set primary.upstream.allow_outdated: true")

// lookAtEngine refuses an outdated engine (threat T145) and learns which of its
// requests only read. An engine that cannot be asked is asked again in an
// hour: the server starts without it.
func (a *app) lookAtEngine(ctx context.Context) error {
	version, err := a.behind.client.Version(ctx)
	if err != nil {
		a.logger.WarnContext(ctx, "the engine behind cannot be asked for its version", slog.Any("err", err))
		return nil
	}
	order, err := mirth.CompareVersions(version, mirth.OldestSafe)
	if err != nil || order < 0 {
		e := audit.Event{Name: audit.UpstreamOutdated, Outcome: audit.OK, Actor: "system", Detail: map[string]string{"version": version}}
		if !a.cfg.Primary.Upstream.AllowOutdated {
			e.Outcome = audit.Refused
		}
		if err := a.recorder.Record(ctx, e); err != nil {
			return err
		}
		if e.Outcome == audit.Refused {
			return fmt.Errorf("%w (it says %q)", errOutdated, version)
		}
		a.logger.WarnContext(ctx, "the engine behind is outdated, which the configuration allows", slog.String("version", version))
	}
	a.learnReading(ctx)
	return nil
}

// learnReading takes the reading requests from the engine's own description;
// without one the known ones stay.
func (a *app) learnReading(ctx context.Context) {
	document, err := a.behind.client.OpenAPI(ctx)
	if err != nil {
		a.logger.WarnContext(ctx, "the engine behind does not describe its API; its known reading requests are used", slog.Any("err", err))
		return
	}
	reading, err := rules.ReadingOperations(document)
	if err != nil {
		a.logger.WarnContext(ctx, "the description of the engine's API cannot be read; its known reading requests are used", slog.Any("err", err))
		return
	}
	a.behind.guard.SetReading(reading)
}

// watchEngine looks at the engine every hour until ctx ends. One that was
// replaced by an outdated one stops the server.
func (a *app) watchEngine(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a.roll.Attend(ctx, duty.Duty{Name: "looking at the engine behind", Every: watchEvery, Do: func(ctx context.Context) error {
		err := a.latest().lookAtEngine(ctx)
		if errors.Is(err, errOutdated) {
			cancel(err)
		}
		return err
	}})
	if err := context.Cause(ctx); errors.Is(err, errOutdated) {
		return err
	}
	return nil
}
