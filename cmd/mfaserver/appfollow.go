package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"

	"mfaserver/internal/config"
)

// renew makes the app of another configuration, which is to take the place of
// a: over the same store, trail and counts, with everything new that depends on
// the configuration. It changes nothing that a uses.
func (a *app) renew(ctx context.Context, cfg *config.Config) (*app, http.Handler, error) {
	next := *a
	next.cfg, next.before, next.closers, next.followers = cfg, a, nil, nil
	first := next.openDirectory
	if cfg.Primary.Upstream != nil {
		first = next.openEngine
	}
	for _, step := range []func(context.Context) error{
		next.followStore, next.openShipping, next.openTokens, first, next.openSessions, next.lookAtRoots, next.openDesk, next.openPeople, next.openFlow,
	} {
		if err := step(ctx); err != nil {
			next.release(a)
			return nil, nil, err
		}
	}
	handler, err := next.handler() //nolint:contextcheck // pages have the context of their request
	if err != nil {
		next.release(a)
		return nil, nil, err
	}
	next.before = nil
	return &next, handler, nil
}

// change applies what lives longer than one configuration: it cannot fail for
// limits that [app.renew] found good.
func (a *app) change() error {
	if a.level != nil {
		a.level.Set(a.cfg.Log.Level)
	}
	a.crowd.Set(connectionLimits(a.cfg))
	if a.shared != nil {
		a.shared.Trust(a.storeRoots)
	}
	if a.behind != nil {
		a.behind.engine.Use(a.behind.client)
		a.behind.upstream.SetMaxFailures(a.cfg.Primary.Upstream.MaxFailures * a.cfg.LimitsFactor)
	}
	return a.passwords.Change(passwordLimits(a.cfg))
}

// release closes what belongs to a alone and not to other, when nobody uses it
// any more; nil is nobody. The client of an engine is closed later, see
// [retireEngine], but for the last one.
func (a *app) release(other *app) {
	var none app
	if other == nil {
		other = &none
	}
	if a.people != nil && a.people != other.people {
		a.people.Close()
	}
	if a.desk != nil && a.desk != other.desk {
		a.desk.Close()
	}
	if a.universal != nil && a.universal != other.universal {
		a.universal.Close()
	}
	if a.behind != nil && other.behind != nil && a.behind.client != other.behind.client {
		retireEngine(a.behind.client)
	}
	for _, f := range a.followers {
		if !f.started && !slices.Contains(other.followers, f) {
			f.drop()
		}
	}
}

// lookAtRoots notes what vouches for Duo now. Where the system's authorities do,
// their ends are the system's to watch.
func (a *app) lookAtRoots(context.Context) error {
	a.duoTrust, a.duoRoots = [sha256.Size]byte{}, nil
	if a.cfg.Duo.CA == config.CASystem {
		return nil
	}
	ca, err := duoCA(a.cfg.Duo.CA)
	if err != nil {
		return err
	}
	if a.duoRoots, err = ca.Roots(); err != nil || a.cfg.Duo.CA == config.CADuo {
		return err
	}
	pem, err := os.ReadFile(a.cfg.Duo.CA)
	if err != nil {
		return fmt.Errorf("duo.ca: %w", err)
	}
	a.duoTrust = sha256.Sum256(pem)
	return nil
}

// sameDuo reports whether the help desk of one configuration serves the other.
// What the system trusts may have changed: there it is made anew.
func sameDuo(a, b *config.Config) bool {
	return a.Duo.CA != config.CASystem && reflect.DeepEqual(a.Duo, b.Duo) &&
		reflect.DeepEqual(a.Organizations, b.Organizations) && reflect.DeepEqual(a.HelpDesk, b.HelpDesk)
}

// openUniversal makes the Duo client of the login. One whose settings are the
// same stays: it knows the tokens that it took (threat T090).
func (a *app) openUniversal() error {
	if b := a.before; b != nil && a.cfg.Duo.CA != config.CASystem && a.cfg.Duo.CA == b.cfg.Duo.CA && a.duoTrust == b.duoTrust &&
		reflect.DeepEqual(universalConfig(a.cfg), universalConfig(b.cfg)) {
		return nil
	}
	made, err := newUniversal(a.cfg, a.observeDuo())
	if err != nil {
		return err
	}
	a.universal = made
	return nil
}
