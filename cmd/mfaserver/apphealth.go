package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"mfaserver/internal/health"
	"mfaserver/web"
)

// maxSkew is how far our clock may be off Duo's: beyond it Duo's client refuses
// every login (threat T099).
const maxSkew = time.Minute

var (
	errClock            = errors.New("differs from duo's")
	errCertificateEnded = errors.New("has ended")
)

// newHealth says whether people can sign in here. Duo being out of reach is not
// among the reasons: it is so for every node, and none is better.
func (a *app) newHealth() *health.Health {
	return health.New(health.Config{
		Checks: []health.Check{
			{Name: "store", Look: func(ctx context.Context) error { return a.db.Check(ctx) }},
			{Name: "audit trail", Look: func(context.Context) error { return a.trail.Check() }},
			{Name: "clock", Look: a.checkSkew},
			{Name: "certificate", Look: a.checkCertificate},
		},
		Notes: a.healthNotes,
		Now:   now,
	})
}

func (a *app) checkSkew(context.Context) error {
	if skew, ok := a.metrics.Skew(); ok && skew.Abs() > maxSkew {
		return fmt.Errorf("%w: ours minus duo's is %v; set the clock of this host", errClock, skew)
	}
	return nil
}

func (a *app) checkCertificate(context.Context) error {
	if a.shown == nil {
		return nil
	}
	if current := a.shown.current.Load(); current != nil && current.Leaf != nil && now().After(current.Leaf.NotAfter) {
		return fmt.Errorf("%w on %s", errCertificateEnded, current.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return nil
}

// healthNotes are what keeps nobody from signing in, yet.
func (a *app) healthNotes() []string {
	var notes []string
	for _, d := range a.roll.States() {
		if d.Hangs(now()) {
			notes = append(notes, "a background duty hangs: "+d.Name)
		}
	}
	for _, f := range a.latest().followers {
		if status := f.shipper.Status(); !status.Since.IsZero() {
			notes = append(notes, fmt.Sprintf("the audit trail does not reach %s since %s", status.Name, status.Since.UTC().Format(time.RFC3339)))
		}
	}
	return notes
}

// operator tells who is in the networks of administrators.
func (a *app) operator() func(*http.Request) bool {
	client, networks := web.Clients(a.cfg.TrustedProxies), a.cfg.Admin.Networks
	return func(r *http.Request) bool {
		c := client(r)
		if c.Forwarded || !c.Addr.IsValid() {
			return false
		}
		for _, n := range networks {
			if n.Contains(c.Addr) {
				return true
			}
		}
		return false
	}
}
