package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/duty"
)

// follower carries the trail to one sink, for as long as the configuration has
// that sink.
type follower struct {
	name string
	// settings and trust are what the sink was made of.
	settings any
	trust    [sha256.Size]byte
	sink     ship.Sink
	shipper  *ship.Shipper
	logger   *slog.Logger
	roll     *duty.Roll
	entry    *duty.Entry

	// The reloader has what follows: started is set before the app with the
	// follower comes into force.
	started bool
	ctx     context.Context //nolint:containedctx // of its run
	stop    context.CancelFunc
	ended   chan struct{}
}

// follow has a sink follow the trail once the server runs. The one that follows
// already goes on where it has the same settings: it knows what it saw.
func (a *app) follow(ctx context.Context, name string, settings any, caFile string, made func() (ship.Sink, error)) error {
	f := &follower{name: name, settings: settings, logger: a.logger, roll: a.roll, ended: make(chan struct{})}
	if caFile != "" {
		pem, err := os.ReadFile(caFile) //nolint:gosec // the operator names the file
		if err != nil {
			return fmt.Errorf("ca_file: %w", err)
		}
		f.trust = sha256.Sum256(pem)
	}
	if a.before != nil {
		for _, b := range a.before.followers {
			if b.name == f.name && b.trust == f.trust && reflect.DeepEqual(b.settings, f.settings) {
				a.followers = append(a.followers, b)
				return nil
			}
		}
	}
	var err error
	if f.sink, err = made(); err != nil {
		return err
	}
	f.entry = a.roll.Enter("following the trail: "+name, time.Second)
	f.shipper, err = ship.New(ctx, ship.Config{
		Name: name, Source: audit.NewReader(auditPath(a.cfg), nil), Sink: f.sink, Logger: a.logger, Now: now,
		Mark: filepath.Join(a.cfg.DataDir, "audit", name+".sent"), Rounds: f.entry,
	})
	if err != nil {
		f.drop()
		return err
	}
	a.followers = append(a.followers, f)
	return nil
}

// drop closes the sink of a follower that never began.
func (f *follower) drop() {
	f.roll.Leave(f.entry)
	if err := f.sink.Close(); err != nil {
		f.logger.Warn("closing a sink failed", slog.String("sink", f.name), slog.Any("err", err))
	}
}

// start makes ready to run until ctx ends or stop is called.
func (f *follower) start(ctx context.Context) {
	f.ctx, f.stop = context.WithCancel(ctx)
	f.started = true
}

// run follows the trail, when the one before it of the same name has ended.
func (f *follower) run(after *follower) {
	defer close(f.ended)
	defer f.stop()
	defer f.roll.Leave(f.entry)
	if after != nil {
		<-after.ended
	}
	f.shipper.Run(f.ctx)
}
