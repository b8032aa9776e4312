// Package ship carries the audit trail to other hosts: it follows the trail's
// files and hands every record, in order, to a sink that keeps it elsewhere.
//
// Nothing waits for it, and nothing is lost by it: what a sink did not take is
// sent again, also after a restart, from a mark that is kept beside the trail.
// A record may therefore arrive twice; its sequence and node tell.
package ship

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mfaserver/internal/audit"
)

// Source is the trail; [audit.Reader] is one.
type Source interface {
	After(ctx context.Context, p audit.Place, limit int) ([]audit.Entry, audit.Place, error)
}

// Sink takes records. Send returns nil when all of them arrived, as far as the
// sink's protocol tells. It is called by one goroutine.
type Sink interface {
	Send(ctx context.Context, records []audit.Entry) error
	Close() error
}

// ErrConfig means that a shipper or a sink is configured wrongly.
var ErrConfig = errors.New("ship: configuration refused")

const (
	// batch is how many records a sink gets at once.
	batch = 200
	// defaultEvery is how often the trail is looked at.
	defaultEvery = time.Second
	// firstWait and longestWait bound the waits after a failure.
	firstWait   = time.Second
	longestWait = time.Minute
	// sendTime bounds one call of a sink.
	sendTime = 30 * time.Second
)

// Config is what a [Shipper] is made of.
type Config struct {
	// Name tells the sinks apart, in logs and in the name of the mark's file.
	Name string
	// Source and Sink are required.
	Source Source
	Sink   Sink
	// Mark is the file that says what arrived; it is made when it is missing.
	// Shipping then begins with the records to come.
	Mark string
	// Every is how often the trail is looked at; 0 means a second.
	Every time.Duration
	// Rounds is told when records begin to be carried and when that is over,
	// for each batch; it may be nil.
	Rounds Rounds
	// Logger is required.
	Logger *slog.Logger
	// Now is the clock, After waits; nil means the real ones.
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
}

// Rounds is told when something begins that is done again and again, when it
// ends, and whether it went well.
type Rounds interface {
	Begin()
	End(well bool)
}

// Status is how far a shipper has come.
type Status struct {
	Name string
	// Sent is the sequence of the last record that arrived.
	Sent uint64
	// Since is since when the sink fails; zero when it does not. Err says why.
	Since time.Time
	Err   error
}

// Shipper follows a trail for one sink. It is safe for concurrent use.
type Shipper struct {
	cfg  Config
	mark *markFile

	mu     sync.Mutex // guards status
	status Status
}

// New checks the configuration and reads the mark; without one it is set at
// the end of the trail. Errors match [ErrConfig], or say what is wrong with
// the mark.
func New(ctx context.Context, c Config) (*Shipper, error) {
	if c.Name == "" || c.Source == nil || c.Sink == nil || c.Mark == "" || c.Logger == nil || c.Every < 0 {
		return nil, fmt.Errorf("%w: a field is missing", ErrConfig)
	}
	if c.Every == 0 {
		c.Every = defaultEvery
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.After == nil {
		c.After = time.After
	}
	s := &Shipper{cfg: c, mark: &markFile{path: c.Mark}}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	s.status = Status{Name: c.Name, Sent: s.mark.place.Sequence}
	return s, nil
}

// begin reads the mark, or sets it.
func (s *Shipper) begin(ctx context.Context) error {
	found, err := s.mark.read()
	if err != nil || found {
		return err
	}
	var end audit.Place
	for {
		records, next, err := s.cfg.Source.After(ctx, end, 100*batch)
		if err != nil {
			return fmt.Errorf("ship: %s: %w", s.cfg.Name, err)
		}
		if len(records) == 0 {
			return s.mark.write(end)
		}
		end = next
	}
}

// Status is how far it has come.
func (s *Shipper) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run ships until the context ends, then once more what is there, and closes
// the sink. Failures are logged and tried again.
//
// It goes on where the mark is by then, so that one shipper can take the place
// of another that has ended.
func (s *Shipper) Run(ctx context.Context) {
	if _, err := s.mark.read(); err != nil {
		s.cfg.Logger.WarnContext(ctx, "the mark cannot be read again; records may be sent twice", "sink", s.cfg.Name, "err", err)
	}
	wait := firstWait
	for {
		pause := s.cfg.Every
		if err := s.ship(ctx); err == nil {
			wait = firstWait
		} else if ctx.Err() == nil {
			s.failed(ctx, err)
			pause, wait = wait, min(2*wait, longestWait)
		}
		select {
		case <-ctx.Done():
			s.last(ctx)
			return
		case <-s.cfg.After(pause):
		}
	}
}

// last sends what the end of the server left, as long as that may take.
func (s *Shipper) last(ctx context.Context) {
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := errors.Join(s.ship(rest), s.cfg.Sink.Close())
	if err != nil {
		s.cfg.Logger.WarnContext(rest, "audit records were left for the next start", "sink", s.cfg.Name, "err", err)
	}
}

// ship sends all there is.
func (s *Shipper) ship(ctx context.Context) error {
	for {
		if s.cfg.Rounds != nil {
			s.cfg.Rounds.Begin()
		}
		more, err := s.carry(ctx)
		if s.cfg.Rounds != nil {
			s.cfg.Rounds.End(err == nil || ctx.Err() != nil)
		}
		if err != nil || !more {
			return err
		}
	}
}

// carry sends a batch, and reports whether there was one.
func (s *Shipper) carry(ctx context.Context) (sent bool, err error) {
	records, next, err := s.cfg.Source.After(ctx, s.mark.place, batch)
	if err != nil || len(records) == 0 {
		return false, err
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	err = s.cfg.Sink.Send(sending, records)
	cancel()
	if err != nil {
		return false, err
	}
	if err := s.mark.write(next); err != nil {
		return false, err
	}
	s.arrived(ctx, next.Sequence)
	return true, nil
}

func (s *Shipper) arrived(ctx context.Context, sequence uint64) {
	s.mu.Lock()
	healed := s.status.Err != nil
	s.status = Status{Name: s.cfg.Name, Sent: sequence}
	s.mu.Unlock()
	if healed {
		s.cfg.Logger.InfoContext(ctx, "audit records are shipped again", "sink", s.cfg.Name)
	}
}

// failed logs the first of several failures.
func (s *Shipper) failed(ctx context.Context, err error) {
	s.mu.Lock()
	first := s.status.Err == nil
	s.status.Err = err
	if first {
		s.status.Since = s.cfg.Now()
	}
	s.mu.Unlock()
	if first {
		s.cfg.Logger.ErrorContext(ctx, "audit records cannot be shipped", "sink", s.cfg.Name, "err", err)
	}
}
