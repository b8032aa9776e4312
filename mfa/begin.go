package mfa

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Begin starts the second factor for a user whose password was right. It asks
// Duo whether it is there, stores a transaction and returns what the client
// needs for the prompt.
//
// Errors: [ErrTooManyPending]; [ErrRefused] with [ErrNotEnrolled] or
// [ErrSecondFactorRefused], when Duo says before the prompt that it will come
// to nothing; [ErrSecondFactorUnavailable] with the duoclient error, whatever
// Duo's trouble is; [ErrUnavailable] with the cause when a store or the audit
// trail failed; [ErrArgument]. On every error nothing is usable and r.Carry
// has been released.
func (f *Flow) Begin(ctx context.Context, r BeginRequest) (Begun, error) {
	begun, err := f.begin(ctx, r)
	if err != nil {
		f.release(ctx, r.Username, r.Carry)
		return Begun{}, err
	}
	return begun, nil
}

func (f *Flow) begin(ctx context.Context, r BeginRequest) (Begun, error) {
	if r.Username == "" || r.Typed == "" || r.RedirectURI == "" || r.Primary == "" {
		return Begun{}, fmt.Errorf("%w: username, typed name, redirect URI and primary status are needed", ErrArgument)
	}
	r.Client = r.Client.normal()
	err := f.health.ask(ctx)
	if err != nil && f.mayFailOpen(r, err) {
		err = f.health.ask(ctx)
		if err != nil && f.mayFailOpen(r, err) {
			return f.failOpen(ctx, r, f.now())
		}
	}
	if err != nil {
		return Begun{}, f.withoutDuo(ctx, r.event("", ""), err)
	}
	if err := f.standing(ctx, &r); err != nil {
		return Begun{}, err
	}
	return f.challenge(ctx, r, f.now())
}

// challenge stores a transaction; the record is durable before anybody sees
// the prompt.
func (f *Flow) challenge(ctx context.Context, r BeginRequest, now time.Time) (Begun, error) {
	tx, ch, err := f.prepare(ctx, r, now)
	if err != nil {
		return Begun{}, err
	}
	replaced, err := f.insert(ctx, &tx, r.Client, now)
	if err != nil {
		return Begun{}, err
	}
	for i := range replaced {
		f.release(ctx, replaced[i].Username, replaced[i].Carry)
	}
	if err := f.recordChallenge(ctx, &tx, replaced, r.Client, now); err != nil {
		// Nobody will ever know the state: give the slot back. The carry is
		// released by Begin.
		_, _ = f.finish(context.WithoutCancel(ctx), &tx, Burned, Pending)
		return Begun{}, err
	}
	return Begun{Challenge: ch}, nil
}

// prepare makes the transaction and the prompt, and stores nothing.
func (f *Flow) prepare(ctx context.Context, r BeginRequest, now time.Time) (Transaction, *Challenge, error) {
	c, err := draw(f.random)
	if err != nil {
		return Transaction{}, nil, err
	}
	if c.binding, err = f.binding(ctx, r, c.binding, now); err != nil {
		return Transaction{}, nil, err
	}
	name, authURL, err := f.prompt(r, c)
	if err != nil {
		return Transaction{}, nil, f.withoutDuo(ctx, r.event("", ""), err)
	}
	tx := Transaction{
		Key: KeyOf(c.state), Username: r.Username, Typed: r.Typed, UserID: r.UserID, DuoUsername: name,
		Administrator: r.Administrator, Primary: r.Primary, PrimaryMessage: r.Message,
		RedirectURI: r.RedirectURI, Nonce: c.nonce, Secret: f.duo.SecretID(), Binding: hash(c.binding),
		Addr: r.Client.Addr, UserAgent: r.Client.UserAgent, AddrProvesNothing: r.Client.Forwarded,
		Enrolling: r.AllowEnrolment, Carry: r.Carry, CreatedAt: now, ExpiresAt: now.Add(f.lifetime), Phase: Pending,
	}
	if r.AllowEnrolment {
		tx.ExpiresAt = now.Add(f.enrolling)
	}
	if !r.CheckedAt.IsZero() && r.CheckedAt.Before(now) {
		tx.CreatedAt = r.CheckedAt
	}
	return tx, &Challenge{
		AuthURL: authURL, RedirectURI: tx.RedirectURI, Primary: tx.Primary,
		Binding: c.binding, ExpiresAt: tx.ExpiresAt, Transaction: tx.Key.Handle(),
	}, nil
}

// prompt makes Duo's address for the prompt.
func (f *Flow) prompt(r BeginRequest, c chances) (name, authURL string, err error) {
	name, err = f.duoUsername(r.Username)
	if err != nil {
		return "", "", err
	}
	authURL, err = f.duo.AuthURL(duoclient.AuthRequest{Username: name, State: c.state, Nonce: c.nonce, RedirectURI: r.RedirectURI})
	if err != nil {
		return "", "", err
	}
	return name, authURL, nil
}

func (f *Flow) insert(ctx context.Context, tx *Transaction, c Client, now time.Time) ([]Transaction, error) {
	known, err := f.known(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	replaced, err := f.txs.Insert(ctx, *tx, f.limits.For(known), now)
	switch {
	case errors.Is(err, ErrTooManyPending):
		e := clientEvent(audit.TooManyPending, audit.Refused, c)
		e.Username = tx.Username
		if rerr := f.record(ctx, e); rerr != nil {
			return nil, rerr
		}
		return nil, err
	case err != nil:
		return nil, unavailable("transaction store", err)
	}
	return replaced, nil
}

// known reports whether the address has a share in the reserved places. One
// that proves nothing has none.
func (f *Flow) known(ctx context.Context, tx *Transaction, now time.Time) (bool, error) {
	if tx.AddrProvesNothing || !tx.Addr.IsValid() {
		return false, nil
	}
	known, err := f.sources.Known(ctx, tx.Username, tx.Addr, now)
	if err != nil {
		return false, unavailable("source store", err)
	}
	return known, nil
}

func (f *Flow) recordChallenge(ctx context.Context, tx *Transaction, replaced []Transaction, c Client, now time.Time) error {
	e := tx.event(audit.ChallengeIssued, audit.OK, c)
	if len(replaced) > 0 {
		e.Detail = map[string]string{"replaced": handles(replaced)}
	}
	if err := f.record(ctx, e); err != nil {
		return err
	}
	return f.countUnfinished(ctx, tx.event(audit.Fatigue, audit.OK, c), now)
}

// countUnfinished counts a login, and records the event when it is one too
// many.
func (f *Flow) countUnfinished(ctx context.Context, e audit.Event, now time.Time) error {
	count, alarm := f.fatigue.started(e.Username, now)
	if !alarm {
		return nil
	}
	e.Detail = map[string]string{"unfinished": strconv.Itoa(count)}
	return f.record(ctx, e)
}
