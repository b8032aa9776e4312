// Package brief keeps a log brief when the same thing happens again and again:
// in a flood of requests, or while something behind the server is away. The
// first of each kind in a minute are written as they are, the others are
// counted, and the count is one line for each kind and minute (threat T183).
package brief

import (
	"context"
	"hash/maphash"
	"log/slog"
	"time"
)

// Config of a [Handler].
type Config struct {
	// Next writes the lines; required.
	Next slog.Handler
	// Now is the clock; required.
	Now func() time.Time
	// Whole is how many lines of one kind are written as they are in a minute;
	// 0 means 10.
	Whole int
}

// Handler is a [slog.Handler] that writes the first lines of each kind in a
// minute and counts the others. When the minute is over, the last one of those
// that were counted is written with "repeated", their number. A kind is the
// level, the message and the values, but for what differs each time: digits in
// messages and errors, ids of requests, durations.
//
// Lines of [slog.LevelInfo] always pass: they tell of the operation, and nobody
// outside causes them. It is safe for concurrent use, and remembers a bounded
// number of kinds; those beyond it are told apart by level and message alone.
type Handler struct {
	next  slog.Handler
	kinds *kinds
	// with is the hash of the values and groups that all lines have.
	with uint64
}

var _ slog.Handler = (*Handler)(nil)

// New returns a Handler. Its last counts are written by [Handler.Flush].
func New(c Config) *Handler {
	if c.Whole <= 0 {
		c.Whole = 10
	}
	return &Handler{next: c.Next, kinds: &kinds{now: c.Now, whole: c.Whole, seed: maphash.MakeSeed(), all: make(map[uint64]*kind)}}
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelInfo {
		h.kinds.turn(ctx)
		return h.next.Handle(ctx, r)
	}
	if !h.kinds.pass(ctx, h, &r) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var m maphash.Hash
	m.SetSeed(h.kinds.seed)
	maphash.WriteComparable(&m, h.with)
	for _, a := range attrs {
		addAttr(&m, a)
	}
	return &Handler{next: h.next.WithAttrs(attrs), kinds: h.kinds, with: m.Sum64()}
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler {
	var m maphash.Hash
	m.SetSeed(h.kinds.seed)
	maphash.WriteComparable(&m, h.with)
	_, _ = m.WriteString(name)
	return &Handler{next: h.next.WithGroup(name), kinds: h.kinds, with: m.Sum64()}
}

// Flush writes what was counted so far, for the end of the process.
func (h *Handler) Flush(ctx context.Context) { h.kinds.flush(ctx) }
