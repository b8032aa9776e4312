package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/daemon"

	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/control"
)

var (
	// errStopping: there is nothing to reload yet, or any more.
	errStopping = errors.New("the server is starting or stopping")
	// errNoConfigFile: the configuration was not read from a file.
	errNoConfigFile = errors.New("this server was not started with a configuration file")
)

// reloader replaces the configuration of a running server: the whole of it or
// nothing (threat T171).
type reloader struct {
	// path is the configuration file.
	path   string
	front  *front
	trail  audit.Recorder
	logger *slog.Logger
	// announce tells the service manager how far it is.
	announce func(ctx context.Context, state string)

	mu sync.Mutex // one at a time; guards what follows
	// ctx ends when the server stops; background is what goes on until then.
	ctx        context.Context //nolint:containedctx // of what goes on after a reload
	background sync.WaitGroup
	stopped    bool
	over       chan struct{} // closed when no request is under way any more
}

// Why a configuration was refused, for the trail.
const (
	reasonFaults   = "faults"
	reasonRestart  = "restart_needed"
	reasonUnusable = "unusable"
)

// reloaded is what a reload did.
type reloaded struct {
	// Digest is the SHA-256 of the file that is in force.
	Digest string `json:"digest"`
	// Changed are the settings that are other ones now. Files that they name,
	// such as certificates, were read again in any case.
	Changed []string `json:"changed"`
}

// reload reads the configuration file again and puts it in force. On any fault
// nothing is changed; the reason is logged, recorded and returned. Requests that
// are under way end on the configuration that they began with.
func (r *reloader) reload(ctx context.Context, actor string) (reloaded, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.ctx == nil {
		return reloaded{}, errStopping
	}
	r.announce(ctx, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec())
	defer r.announce(ctx, daemon.SdNotifyReady)
	before := r.front.current.Load().app
	next, done, err := r.prepare(ctx, before)
	if err == nil {
		if err = r.record(ctx, actor, done); err != nil {
			next.app.release(before)
		}
	}
	if err != nil {
		r.refuse(ctx, actor, err)
		return reloaded{}, err
	}
	r.swap(ctx, before, next)
	r.logger.InfoContext(ctx, "the configuration was replaced", "digest", done.Digest, "changed", done.Changed)
	return done, nil
}

// prepare makes everything of the new configuration.
func (r *reloader) prepare(ctx context.Context, before *app) (*generation, reloaded, error) {
	if r.path == "" {
		return nil, reloaded{}, errNoConfigFile
	}
	cfg, err := reloadConfig(before.cfg, r.path)
	if err != nil {
		return nil, reloaded{}, err
	}
	done := reloaded{Digest: cfg.Digest()}
	if done.Changed, err = changedSettings(before.cfg, cfg); err != nil {
		return nil, reloaded{}, err
	}
	certificate, err := before.shown.next(cfg)
	if err != nil {
		return nil, reloaded{}, err
	}
	a, handler, err := before.renew(ctx, cfg)
	if err != nil {
		return nil, reloaded{}, err
	}
	a.showing = certificate
	return newGeneration(a, handler), done, nil
}

// swap puts next in force. Nothing in it can fail.
func (r *reloader) swap(ctx context.Context, before *app, next *generation) {
	a := next.app
	if err := a.change(); err != nil {
		r.logger.ErrorContext(ctx, "a limit was not replaced", slog.Any("err", err))
	}
	a.shown.show(ctx, a.showing)
	old := r.front.replace(next)
	a.live.Store(a)
	r.handOver(before.followers, a.followers)
	r.background.Go(func() {
		old.drained(r.over)
		old.app.release(a)
	})
}

// handOver ends the followers of before that are not wanted any more and starts
// the new ones; one that takes the place of another waits for its end.
func (r *reloader) handOver(before, now []*follower) {
	ended := make(map[string]*follower)
	for _, f := range before {
		if !slices.Contains(now, f) {
			f.stop()
			ended[f.name] = f
		}
	}
	for _, f := range now {
		if !f.started {
			r.follow(f, ended[f.name])
		}
	}
}

// follow starts a follower.
func (r *reloader) follow(f, after *follower) {
	f.start(r.ctx)
	r.background.Go(func() { f.run(after) })
}

// newReloader begins with a, whose handler is given.
func (a *app) newReloader(handler http.Handler) *reloader {
	r := &reloader{
		path: a.configFile, front: &front{}, trail: a.recorder, logger: a.logger, announce: a.tellManager,
		over: make(chan struct{}),
	}
	r.front.current.Store(newGeneration(a, handler))
	return r
}

// start begins what goes on until ctx ends. Before it there is no reload.
func (r *reloader) start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ctx = ctx
	for _, f := range r.front.current.Load().app.followers {
		r.follow(f, nil)
	}
}

// commands are those of the app in force at each call, and the reload itself.
func (r *reloader) commands(all control.Commands) control.Commands {
	commands := control.Commands{
		"server.reload": func(ctx context.Context, caller control.Caller, _ json.RawMessage) (any, error) {
			return r.reload(ctx, caller.String())
		},
	}
	for name := range all {
		commands[name] = func(ctx context.Context, caller control.Caller, args json.RawMessage) (any, error) {
			g := r.front.enter()
			defer g.leave()
			return g.app.commands()[name](ctx, caller, args)
		}
	}
	return commands
}

// stop lets no reload begin any more, and waits for what the last ones left.
func (r *reloader) stop() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	close(r.over)
	r.background.Wait()
}

func (r *reloader) record(ctx context.Context, actor string, done reloaded) error {
	return r.trail.Record(ctx, audit.Event{
		Name: audit.ConfigReloaded, Outcome: audit.OK, Actor: actor,
		Detail: map[string]string{"digest": done.Digest, "changed": strings.Join(done.Changed, " ")},
	})
}

// refuse tells why a configuration was not taken: all of it in the log, where
// the faults are in the trail.
func (r *reloader) refuse(ctx context.Context, actor string, cause error) {
	r.logger.ErrorContext(ctx, "the configuration was refused; the server goes on with the one it has", slog.Any("err", cause))
	e := audit.Event{Name: audit.ConfigRefused, Outcome: audit.Refused, Actor: actor, Reason: reasonUnusable}
	if errors.Is(cause, errRestart) {
		e.Reason, e.Detail = reasonRestart, map[string]string{"settings": strings.TrimPrefix(cause.Error(), errRestart.Error()+": ")}
	}
	if faults, ok := errors.AsType[*config.FaultsError](cause); ok {
		first := faults.Faults[0]
		e.Reason = reasonFaults
		e.Detail = map[string]string{
			"digest": faults.Digest, "faults": strconv.Itoa(len(faults.Faults)), "first": fmt.Sprintf("line %d: %s", first.Line, first.Key),
		}
	}
	if err := r.trail.Record(ctx, e); err != nil {
		r.logger.ErrorContext(ctx, "audit trail failed", slog.Any("err", err))
	}
}
