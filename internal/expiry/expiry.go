// Package expiry tells in time that a certificate ends which the server shows
// or trusts: an event goes into the audit trail at each notice, from which an
// alert is raised (threats T101, T173).
package expiry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"time"

	"mfaserver/internal/audit"
)

// day is what notices are counted in.
const day = 24 * time.Hour

// Certificate is one that ends.
type Certificate struct {
	// Name says what for, in a word or two: server, duo_roots, engine_ca, store_ca.
	Name string
	// Subject tells it from others of the name.
	Subject string
	// NotAfter is when it ends.
	NotAfter time.Time
	// Notice is how long before the end it is told of for the first time. It is
	// told again 30, 7 and one day before, and when it has ended.
	Notice time.Duration
}

// Recorder is the audit trail. Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what a [Watch] is made of. All fields but Now are required.
type Config struct {
	// Certificates are those in use at the time of the call.
	Certificates func() []Certificate
	Recorder     Recorder
	Logger       *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// ErrConfig means that a [Config] is refused.
var ErrConfig = errors.New("expiry: configuration refused")

// Watch looks at certificates. It is for one goroutine. What was told is
// forgotten at a restart, and told again then.
type Watch struct {
	cfg  Config
	told map[key]int
}

// key is a certificate: one that was renewed is another.
type key struct {
	name, subject string
	notAfter      int64
}

// New checks the configuration; errors match [ErrConfig].
func New(c Config) (*Watch, error) {
	if c.Certificates == nil || c.Recorder == nil || c.Logger == nil {
		return nil, fmt.Errorf("%w: a field is missing", ErrConfig)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return &Watch{cfg: c, told: make(map[key]int)}, nil
}

// Look tells of every certificate that has come closer to its end by one
// notice since it was told of last. What could not be recorded is told at the
// next look; the error is the trail's.
func (w *Watch) Look(ctx context.Context) error {
	now := w.cfg.Now()
	seen := make(map[key]int)
	var errs []error
	for _, c := range w.cfg.Certificates() {
		k := key{c.Name, c.Subject, c.NotAfter.Unix()}
		seen[k] = w.told[k]
		notice := c.notice(now)
		if notice <= w.told[k] {
			continue
		}
		if err := w.tell(ctx, c, now); err != nil {
			errs = append(errs, err)
			continue
		}
		seen[k] = notice
	}
	w.told = seen
	return errors.Join(errs...)
}

// notice is how many of the notices of c are due.
func (c *Certificate) notice(now time.Time) int {
	left, due := c.NotAfter.Sub(now), 0
	for _, before := range []time.Duration{max(c.Notice, 30*day), 30 * day, 7 * day, day, 0} {
		if before <= c.Notice && left <= before {
			due++
		}
	}
	return due
}

func (w *Watch) tell(ctx context.Context, c Certificate, now time.Time) error {
	left := c.NotAfter.Sub(now)
	e := audit.Event{
		Name: audit.CertificateExpiring, Outcome: audit.OK, Actor: "system", Detail: map[string]string{
			"certificate": c.Name, "subject": c.Subject, "until": c.NotAfter.UTC().Format(time.RFC3339),
			"days": strconv.Itoa(int(math.Floor(left.Hours() / 24))),
		},
	}
	if left <= 0 {
		e.Outcome, e.Reason = audit.Failed, "ended"
	}
	if err := w.cfg.Recorder.Record(ctx, e); err != nil {
		return fmt.Errorf("expiry: %w", err)
	}
	w.cfg.Logger.WarnContext(ctx, "a certificate ends", slog.String("certificate", c.Name), slog.String("subject", c.Subject),
		slog.Time("until", c.NotAfter.UTC()))
	return nil
}
