package main

import (
	"reflect"
	"time"

	"mfaserver/internal/config"
	"mfaserver/internal/mirth/engine"
)

// engineRest is longer than any call of the engine's client that nobody waits
// for: a login that is answered late still has to be logged out (threat T013).
const engineRest = 2 * time.Minute

// retireEngine closes a client that is no longer in force once its last call is over.
func retireEngine(c *engine.Client) { time.AfterFunc(engineRest, c.Close) }

// followEngine takes over what stands behind the gateway. The client stays when
// it would be the same.
func (a *app) followEngine() error {
	next := *a.before.behind
	next.guard, next.gateway = nil, nil
	a.behind = &next
	client, trust, err := newEngine(a.cfg)
	if err != nil {
		return err
	}
	if trust == next.trust && sameEngine(a.cfg.Primary.Upstream, a.before.cfg.Primary.Upstream) {
		client.Close()
		return nil
	}
	next.client, next.trust = client, trust
	return nil
}

// sameEngine reports whether both are reached and verified alike. What the
// system trusts may have changed: there the client is made anew.
func sameEngine(a, b *config.Upstream) bool {
	return (a.CAFile != "" || len(a.PinSHA256) > 0) && a.CAFile == b.CAFile && a.AllowHTTP == b.AllowHTTP && reflect.DeepEqual(a.PinSHA256, b.PinSHA256)
}
