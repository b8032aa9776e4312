package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"mfaserver/internal/brief"
	"mfaserver/internal/config"
)

// now is the program's one real clock; everything else is given one.
func now() time.Time { return time.Now() } //nolint:forbidigo // see above

// newLogger makes the operator's log: text for a terminal, JSON by
// configuration, always on standard error. The level can be changed. What is
// repeated is counted (threat T183); see flushLog.
func newLogger(w io.Writer, cfg *config.Config) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(cfg.Log.Level)
	options := &slog.HandlerOptions{Level: level}
	var lines slog.Handler = slog.NewTextHandler(w, options)
	if cfg.Log.Format == "json" {
		lines = slog.NewJSONHandler(w, options)
	}
	return slog.New(brief.New(brief.Config{Next: lines, Now: now})), level
}

// flushLog writes what a logger of newLogger has counted, at the end.
func flushLog(ctx context.Context, logger *slog.Logger) {
	if h, ok := logger.Handler().(*brief.Handler); ok {
		h.Flush(context.WithoutCancel(ctx))
	}
}

// simLogger shows what the simulator is asked, for whoever tries things.
func simLogger(c console) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
