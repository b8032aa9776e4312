package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/control"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/lapsefile"
)

// signOut ends the sessions of whoever has that name at Duo.
type signOut = func(ctx context.Context, order helpdesk.Order, duoUsername string) (int, error)

// deskNeeds are those of [helpdesk.Config]; follows is nil or the desk whose
// place the new one takes.
type deskNeeds struct {
	quota   helpdesk.Quota
	signOut signOut
	follows *helpdesk.Desk
}

// newDesk makes the help desk of a configuration; nothing is sent.
func newDesk(cfg *config.Config, recorder helpdesk.Recorder, needs deskNeeds, more ...duoclient.Option) (*helpdesk.Desk, error) {
	c, err := helpdesk.FromConfig(cfg)
	if err != nil {
		return nil, err
	}
	c.BypassPerDay *= cfg.LimitsFactor
	c.Recorder, c.Quota, c.SignOut, c.Follows = recorder, needs.quota, needs.signOut, needs.follows
	c.Now, c.Lapses = now, lapsefile.New(filepath.Join(cfg.DataDir, "lapses"))
	c.Options = append([]duoclient.Option{duoclient.WithClock(now)}, more...)
	desk, err := helpdesk.New(c)
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	return desk, nil
}

// remoteTrail records what a command does: in the running server's audit trail
// when there is one, else in the trail itself, which is held no longer than it
// takes.
type remoteTrail struct {
	cfg *config.Config
}

// Record implements [helpdesk.Recorder].
func (r remoteTrail) Record(ctx context.Context, e audit.Event) error {
	client := control.NewClient(controlSocket(r.cfg), refusals())
	if err := client.Call(ctx, "audit.record", e, nil); !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	for _, dir := range []string{r.cfg.KeysDir, filepath.Dir(auditPath(r.cfg))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
	}
	a := &app{cfg: r.cfg, logger: slog.New(slog.DiscardHandler)}
	if err := a.openTrail(ctx); err != nil {
		return err
	}
	defer a.close()
	return a.trail.Record(ctx, e)
}

// actor is who runs this command: the operating system's user, who is also the
// one before sudo.
func actor() helpdesk.Actor {
	a := helpdesk.Actor{Name: control.Self().String()}
	if u, err := user.Current(); err == nil {
		a.Usernames = append(a.Usernames, u.Username)
	}
	if name := os.Getenv("SUDO_USER"); name != "" {
		a.Usernames = append(a.Usernames, name)
	}
	return a
}

// recordCommand is the other end of [remoteTrail]. Who asks is what the
// operating system says, whatever the event says.
func recordCommand(recorder audit.Recorder) control.Func {
	return func(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
		e, err := control.Decode[audit.Event](raw)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(string(e.Name), "duo.") && e.Name != audit.KeysChanged {
			return nil, fmt.Errorf("%w: event %q is not a command's", control.ErrArguments, e.Name)
		}
		e.Actor = caller.String()
		return struct{}{}, recorder.Record(ctx, e)
	}
}
