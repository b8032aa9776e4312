package main

import (
	"context"
	"errors"

	"mfaserver/internal/token"
	"mfaserver/mfa"
)

func (a *app) openTokens(context.Context) error {
	sealed, err := a.sealer("tokens.key")
	if err != nil {
		return err
	}
	c := token.TokensConfig{Store: a.db.Tokens(), Sealer: sealed, Recorder: a.recorder, MaxLife: a.cfg.Tokens.MaxLife, Now: now}
	if a.before != nil {
		c.Follows = a.before.tokens
	}
	if a.tokens, err = token.NewTokens(c); err != nil || a.before != nil {
		return err
	}
	a.codes, err = token.NewCodes(token.CodesConfig{Store: a.db.SignInCodes(), Recorder: a.recorder, Now: now})
	if err != nil {
		return err
	}
	limits := token.WrongCodeLimits()
	limits.Now = now
	wrong, err := a.counters("break-glass", limits)
	if err != nil {
		return err
	}
	a.breakGlass, err = token.NewBreakGlass(token.BreakGlassConfig{Store: a.db.BreakGlass(), Recorder: a.recorder, Limiter: wrong, Now: now})
	return err
}

// breakGlass says in the flow's words what became of a break-glass code.
type breakGlass struct{ codes *token.BreakGlass }

// Spend implements [mfa.BreakGlass].
func (b breakGlass) Spend(ctx context.Context, username, code string) (string, error) {
	handle, err := b.codes.Spend(ctx, username, code)
	if errors.Is(err, token.ErrRefused) {
		err = errors.Join(mfa.ErrBreakGlassCode, err)
	}
	return handle, err
}
