package main

import (
	"context"
	"sync"
	"time"

	"mfaserver/internal/duty"
)

// duties of this server.
func (a *app) duties() []duty.Duty {
	all := []duty.Duty{
		{Name: "sweeping sessions", Every: 30 * time.Second, Do: func(ctx context.Context) error { _, err := a.latest().sessions.Sweep(ctx); return err }},
		{Name: "sweeping pending logins", Every: 30 * time.Second, Do: func(ctx context.Context) error { _, err := a.latest().flow.Sweep(ctx); return err }},
		{Name: "sweeping sign-in codes", Every: 5 * time.Second, Do: a.sweepCodes},
		{Name: "looking for a new certificate", Every: time.Minute, Do: func(ctx context.Context) error { return a.shown.again(ctx) }},
		{Name: "looking when certificates end", Every: time.Hour, AtOnce: true, Do: a.expiry.Look},
		{Name: "asking duo about signed-in users", Every: duoCheckTurn, Do: a.duoChecks()},
		{Name: "ending bypass at duo", Every: lapseTurn, AtOnce: true, Do: func(ctx context.Context) error { _, err := a.latest().desk.EndLapses(ctx); return err }},
		{Name: "sweeping service tokens", Every: time.Hour, Do: func(ctx context.Context) error { _, err := a.tokens.Sweep(ctx); return err }},
	}
	if a.behind == nil {
		return all
	}
	return append(all,
		duty.Duty{Name: "ending sessions at the engine", Every: 5 * time.Second, Do: func(ctx context.Context) error { _, err := a.behind.upstream.Sweep(ctx); return err }},
		duty.Duty{Name: "resting sessions of service tokens", Every: time.Minute, Do: func(ctx context.Context) error { a.behind.standing.Sweep(ctx); return nil }},
	)
}

// sweepCodes ends the sign-in codes that nobody used, and what they carried.
func (a *app) sweepCodes(ctx context.Context) error {
	expired, err := a.codes.Sweep(ctx)
	for _, p := range expired {
		if a.behind != nil && len(p.Carry) > 0 {
			a.behind.upstream.Release(ctx, p.Username, p.Carry)
		}
	}
	return err
}

// sweep does all duties until ctx ends, and has those told of that hang (fault
// R33).
func (a *app) sweep(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { a.roll.Watch(ctx, a.recorder) })
	for _, d := range a.duties() {
		all.Go(func() { a.roll.Attend(ctx, d) })
	}
	all.Wait()
}

// lapseTurn is how late a bypass that was for a time ends (threat T159).
const lapseTurn = time.Minute

// duoCheckTurn is how often it is looked whether Duo is to be asked: how often
// that is, a reload may change.
const duoCheckTurn = time.Second

// duoChecks asks Duo about signed-in users as often as session.duo_check says.
func (a *app) duoChecks() func(context.Context) error {
	last := now()
	return func(ctx context.Context) error {
		b := a.latest()
		every := b.cfg.Session.DuoCheck
		if every <= 0 || now().Sub(last) < every {
			return nil
		}
		last = now()
		return b.checkUsers(ctx)
	}
}
