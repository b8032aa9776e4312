package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellManager tells the service manager what the server does (sd_notify(3)).
// Without a manager that asked for it nothing happens.
func (a *app) tellManager(ctx context.Context, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		a.logger.WarnContext(ctx, "the service manager was not told", slog.Any("err", err))
	}
}

// underManager tells the service manager that the server is ready, that it lives
// while it answers, and at the end of ctx that it stops.
func (a *app) underManager(ctx context.Context) error {
	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("the service manager's watchdog: %w", err)
	}
	a.tellManager(ctx, daemon.SdNotifyReady)
	context.AfterFunc(ctx, func() { a.tellManager(context.WithoutCancel(ctx), daemon.SdNotifyStopping) })
	if patience > 0 {
		go a.feedWatchdog(ctx, patience/3)
	}
	return nil
}

// feedWatchdog says that the server lives as often as asked, but only while it
// answers on its own listener. The store has no say: what is wrong with a disk
// heals or does not, and a restart would end what still works.
func (a *app) feedWatchdog(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		a.feedOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *app) feedOnce(ctx context.Context) {
	if p := look(ctx, "listener", a.answers); p.OK {
		a.tellManager(ctx, daemon.SdNotifyWatchdog)
	} else if ctx.Err() == nil {
		a.logger.ErrorContext(ctx, "the server does not answer itself; its watchdog is not told that it lives", slog.String("fault", p.Fault))
	}
}
