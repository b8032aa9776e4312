package duty

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"mfaserver/internal/audit"
)

// Recorder is the audit trail. Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// watchEvery is how often the roll is looked through.
const watchEvery = 15 * time.Second

// Watch looks through the roll until ctx ends, and records each duty that
// hangs, once, and that it goes on again. What cannot be recorded is tried
// again.
func (r *Roll) Watch(ctx context.Context, recorder Recorder) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	hanging := make(map[string]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.look(ctx, recorder, hanging)
		}
	}
}

// look compares the roll with those known to hang.
func (r *Roll) look(ctx context.Context, recorder Recorder, hanging map[string]bool) {
	now := r.now()
	for _, s := range r.States() {
		if s.Hangs(now) == hanging[s.Name] {
			continue
		}
		e := s.event(now, !hanging[s.Name])
		if err := recorder.Record(ctx, e); err != nil {
			r.logger.ErrorContext(ctx, "audit trail failed", slog.Any("err", err))
			continue
		}
		hanging[s.Name] = !hanging[s.Name]
		if hanging[s.Name] {
			r.logger.ErrorContext(ctx, "a duty hangs", slog.String("duty", s.Name), slog.Bool("running", s.Running), slog.Time("began", s.Began))
		} else {
			r.logger.InfoContext(ctx, "a duty goes on again", slog.String("duty", s.Name))
		}
	}
}

// event is about a duty that hangs, or goes on again.
func (s *State) event(now time.Time, hangs bool) audit.Event {
	e := audit.Event{Name: audit.DutyResumed, Outcome: audit.OK, Actor: "system", Detail: map[string]string{"duty": s.Name}}
	if !hangs {
		return e
	}
	e.Name, e.Outcome = audit.DutyHangs, audit.Failed
	e.Detail["every"] = s.Every.String()
	if s.Running {
		e.Reason = "round_does_not_end"
		e.Detail["seconds"] = strconv.FormatInt(int64(now.Sub(s.Began)/time.Second), 10)
	} else {
		e.Reason = "no_round_begins"
	}
	return e
}
