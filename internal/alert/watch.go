package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"mfaserver/internal/audit"
)

// Recorder is the audit trail. Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Notifier tells somebody. It may be told of the same alert twice.
type Notifier interface {
	Notify(ctx context.Context, a Alert) error
}

// ErrConfig means that a [Config] is refused.
var ErrConfig = errors.New("alert: configuration refused")

// Config is what a [Watch] is made of.
type Config struct {
	// Recorder and Logger are required.
	Recorder Recorder
	Logger   *slog.Logger
	// Notifier may be nil.
	Notifier Notifier
	// Off are rules that are not wanted.
	Off []Rule
	// Hours are those of administrators; without them AfterHours finds
	// nothing.
	Hours Hours
}

// Watch takes the records of a trail one after the other: it is a sink of
// package ship. An alert that could not be recorded or told stays, and the
// records are asked for again; those that were looked at are not looked at
// twice.
type Watch struct {
	cfg      Config
	detector *detector
	seen     uint64
	waiting  []Alert
	recorded bool // the first of waiting is in the trail
}

// New checks the configuration; errors match [ErrConfig].
func New(c Config) (*Watch, error) {
	if c.Recorder == nil || c.Logger == nil {
		return nil, fmt.Errorf("%w: a field is missing", ErrConfig)
	}
	for _, r := range c.Off {
		if !Known(r) {
			return nil, fmt.Errorf("%w: no rule is called %q", ErrConfig, string(r))
		}
	}
	return &Watch{cfg: c, detector: newDetector(c.Hours, c.Off)}, nil
}

// Send looks at records. It is for one goroutine.
func (w *Watch) Send(ctx context.Context, records []audit.Entry) error {
	for i := range records {
		e := &records[i]
		if e.Sequence <= w.seen || e.Name == audit.AlertRaised {
			continue
		}
		w.seen = e.Sequence
		w.waiting = append(w.waiting, w.detector.observe(e)...)
	}
	for len(w.waiting) > 0 {
		if err := w.raise(ctx, w.waiting[0]); err != nil {
			return err
		}
		w.waiting, w.recorded = w.waiting[1:], false
	}
	return nil
}

// Close has nothing to end.
func (w *Watch) Close() error { return nil }

// raise records an alert once, and tells of it until that works.
func (w *Watch) raise(ctx context.Context, a Alert) error {
	if !w.recorded {
		if err := w.cfg.Recorder.Record(ctx, a.event()); err != nil {
			return fmt.Errorf("alert: %w", err)
		}
		w.recorded = true
		w.cfg.Logger.WarnContext(ctx, "alert", "rule", string(a.Rule), "user", a.Username, "subject", a.Subject, "sequence", a.Sequence)
	}
	if w.cfg.Notifier == nil {
		return nil
	}
	if err := w.cfg.Notifier.Notify(ctx, a); err != nil {
		return fmt.Errorf("alert: notify: %w", err)
	}
	return nil
}

// event is the alert as a record.
func (a *Alert) event() audit.Event {
	e := audit.Event{
		Name: audit.AlertRaised, Outcome: audit.OK, Username: a.Username, Actor: a.Actor, Source: a.Source,
		Transaction: a.Transaction, Reason: string(a.Rule), Detail: map[string]string{
			"severity": string(a.Rule.Severity()), "record": strconv.FormatUint(a.Sequence, 10), "count": strconv.Itoa(a.Count),
		},
	}
	if a.Subject != "" {
		e.Detail["subject"] = a.Subject
	}
	return e
}
