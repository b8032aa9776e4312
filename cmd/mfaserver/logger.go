package main

import (
	"io"
	"log/slog"
	"time"

	"mfaserver/internal/config"
)

// now is the program's one real clock; everything else is given one.
func now() time.Time { return time.Now() } //nolint:forbidigo // see above

// newLogger makes the operator's log: text for a terminal, JSON by
// configuration, always on standard error. The level can be changed.
func newLogger(w io.Writer, cfg *config.Config) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(cfg.Log.Level)
	options := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), level
	}
	return slog.New(slog.NewTextHandler(w, options)), level
}

// simLogger shows what the simulator is asked, for whoever tries things.
func simLogger(c console) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
