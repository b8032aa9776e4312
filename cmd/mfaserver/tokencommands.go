package main

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"mfaserver/internal/control"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
)

// Arguments and results of the tokens commands, as they cross the control
// socket.
type (
	createTokenArgs struct {
		Name     string    `json:"name"`
		Username string    `json:"username"`
		Owner    string    `json:"owner"`
		ReadOnly bool      `json:"read_only,omitempty"`
		Paths    []string  `json:"paths,omitempty"`
		Networks []string  `json:"networks,omitempty"`
		Expires  time.Time `json:"expires"`
		Password string    `json:"password,omitempty"`
	}
	createdToken struct {
		Token tokenView `json:"token"`
		Value string    `json:"value"`
	}
	revokeTokenArgs struct {
		ID     string `json:"id"`
		Reason string `json:"reason,omitempty"`
		DryRun bool   `json:"dry_run,omitempty"`
	}
	breakGlassArgs struct {
		Username string `json:"username"`
		Count    int    `json:"count,omitempty"`
		Reason   string `json:"reason,omitempty"`
	}
	breakGlassMade struct {
		Username string   `json:"username"`
		Codes    []string `json:"codes"`
	}
	breakGlassCount struct {
		Username string `json:"username"`
		Count    int    `json:"count"`
	}
)

// tokenView is a service token as commands print it.
type tokenView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Username  string    `json:"username"`
	Owner     string    `json:"owner"`
	ReadOnly  bool      `json:"read_only"`
	Paths     []string  `json:"paths,omitempty"`
	Networks  []string  `json:"networks,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	EndReason string    `json:"end_reason,omitempty"`
	LastUsed  time.Time `json:"last_used,omitzero"`
	From      string    `json:"last_source,omitempty"`
}

func newTokenView(t token.Token) tokenView {
	v := tokenView{
		ID: t.ID, Name: t.Name, Username: t.Username, Owner: t.Owner, ReadOnly: t.ReadOnly, Paths: t.Paths,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, EndedAt: t.EndedAt, EndReason: t.EndReason, LastUsed: t.LastUsed,
	}
	for _, n := range t.Networks {
		v.Networks = append(v.Networks, n.String())
	}
	if t.LastSource.IsValid() {
		v.From = t.LastSource.String()
	}
	return v
}

// tokenCommands are the tokens commands.
type tokenCommands struct {
	tokens     *token.Tokens
	breakGlass *token.BreakGlass
	app        *app
}

func (c *tokenCommands) commands() control.Commands {
	return control.Commands{
		"tokens.create":             c.create,
		"tokens.list":               c.list,
		"tokens.revoke":             c.revoke,
		"tokens.break_glass":        c.makeBreakGlass,
		"tokens.break_glass_list":   c.listBreakGlass,
		"tokens.break_glass_revoke": c.revokeBreakGlass,
	}
}

func (c *tokenCommands) create(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[createTokenArgs](raw)
	if err != nil {
		return nil, err
	}
	n := token.New{
		Name: args.Name, Username: args.Username, Owner: args.Owner, By: caller.String(), ReadOnly: args.ReadOnly,
		Paths: args.Paths, Expires: args.Expires, Credential: secret.New(args.Password),
	}
	for _, text := range args.Networks {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, control.ErrArguments
		}
		n.Networks = append(n.Networks, prefix)
	}
	if n.UserID, err = c.app.tokenUser(ctx, n); err != nil {
		return nil, err
	}
	t, value, err := c.tokens.Create(ctx, n)
	if err != nil {
		return nil, err
	}
	return createdToken{Token: newTokenView(t), Value: value.Reveal()}, nil
}

// tokenUser finds the account that a new token is for. Behind a gateway the
// engine is asked whether it takes the credential, so that a wrong one is
// noticed now and not at night.
func (a *app) tokenUser(ctx context.Context, n token.New) (int, error) {
	if a.behind == nil {
		u, err := a.directory.Get(ctx, n.Username)
		return u.ID, err
	}
	carry, err := a.behind.upstream.Open(ctx, n.Username, n.Credential)
	if err != nil {
		return 0, err
	}
	a.behind.upstream.Release(ctx, n.Username, carry)
	return 0, nil
}

func (c *tokenCommands) list(ctx context.Context, _ control.Caller, _ json.RawMessage) (any, error) {
	all, err := c.tokens.List(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]tokenView, len(all))
	for i, t := range all {
		views[i] = newTokenView(t)
	}
	return views, nil
}

func (c *tokenCommands) revoke(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[revokeTokenArgs](raw)
	if err != nil {
		return nil, err
	}
	if args.DryRun {
		t, err := c.tokens.Get(ctx, args.ID)
		return newTokenView(t), err
	}
	t, err := c.tokens.Revoke(ctx, args.ID, caller.String(), args.Reason)
	if err != nil {
		return nil, err
	}
	if c.app.behind != nil {
		c.app.behind.standing.End(ctx, t.ID)
	}
	return newTokenView(t), nil
}

func (c *tokenCommands) makeBreakGlass(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[breakGlassArgs](raw)
	if err != nil {
		return nil, err
	}
	if c.app.behind == nil {
		if _, err := c.app.directory.Get(ctx, args.Username); err != nil {
			return nil, err
		}
	}
	codes, err := c.breakGlass.Make(ctx, args.Username, args.Count, caller.String(), args.Reason)
	if err != nil {
		return nil, err
	}
	made := breakGlassMade{Username: args.Username, Codes: make([]string, len(codes))}
	for i, code := range codes {
		made.Codes[i] = code.Reveal()
	}
	return made, nil
}

func (c *tokenCommands) listBreakGlass(ctx context.Context, _ control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[breakGlassArgs](raw)
	if err != nil {
		return nil, err
	}
	n, err := c.breakGlass.Count(ctx, args.Username)
	return breakGlassCount{Username: args.Username, Count: n}, err
}

func (c *tokenCommands) revokeBreakGlass(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[breakGlassArgs](raw)
	if err != nil {
		return nil, err
	}
	n, err := c.breakGlass.Revoke(ctx, args.Username, caller.String(), args.Reason)
	return breakGlassCount{Username: args.Username, Count: n}, err
}
