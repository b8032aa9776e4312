package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// hangups are the SIGHUPs from now on, which end the process no more.
func hangups() (all <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// onHangup goes on in a new audit file after each SIGHUP, as log rotation sends
// it when it has renamed the present one, and reads the configuration again,
// until ctx ends.
func (a *app) onHangup(ctx context.Context, hangups <-chan os.Signal, r *reloader) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			if err := a.trail.Reopen(); err != nil {
				a.logger.ErrorContext(ctx, "the audit trail cannot go on in a new file; it stays in the old one", slog.Any("err", err))
			} else {
				a.logger.InfoContext(ctx, "the audit trail goes on in the file that has its name")
			}
			// What became of it is in the log and the trail.
			_, _ = r.reload(ctx, "system")
		}
	}
}
