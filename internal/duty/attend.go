package duty

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// Duty is something that is done again and again while the server runs.
type Duty struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) error
	// AtOnce has the first round come at the start, and not after Every.
	AtOnce bool
}

// Attend does a duty until ctx ends. A failure is logged, and the next round
// comes all the same, also after a panic (threat T184).
func (r *Roll) Attend(ctx context.Context, d Duty) {
	entry := r.Enter(d.Name, d.Every)
	defer r.Leave(entry)
	if d.AtOnce {
		r.round(ctx, d, entry)
	}
	ticker := time.NewTicker(d.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.round(ctx, d, entry)
		}
	}
}

func (r *Roll) round(ctx context.Context, d Duty, entry *Entry) {
	well := false
	entry.Begin()
	defer func() {
		if recover() != nil {
			r.logger.ErrorContext(ctx, "a duty panicked", slog.String("duty", d.Name), slog.String("stack", string(debug.Stack())))
		}
		entry.End(well)
	}()
	err := d.Do(ctx)
	if well = err == nil || ctx.Err() != nil; !well {
		r.logger.WarnContext(ctx, "a duty failed", slog.String("duty", d.Name), slog.Any("err", err))
	}
}
