package main

import (
	"context"
	"encoding/json"
	"time"

	"mfaserver/internal/control"
	peopledesk "mfaserver/internal/people"
	"mfaserver/session"
)

// Arguments and results of the sessions commands, as they cross the control
// socket.
type (
	listSessionsArgs struct {
		Username string `json:"username,omitempty"`
	}
	showSessionArgs struct {
		ID string `json:"id"`
	}
	revokeSessionsArgs struct {
		ID       string    `json:"id,omitempty"`
		Username string    `json:"username,omitempty"`
		Before   time.Time `json:"before,omitzero"`
		Reason   string    `json:"reason"`
		DryRun   bool      `json:"dry_run,omitempty"`
	}
	signOutArgs struct {
		DuoUsername string `json:"duo_username"`
		Reason      string `json:"reason"`
	}
)

// sessionView is a session as commands print it. Its id is a handle, which
// opens nothing.
type sessionView struct {
	ID            string    `json:"id"`
	Username      string    `json:"username"`
	Administrator bool      `json:"administrator"`
	Kind          string    `json:"kind"`
	Source        string    `json:"source"`
	UserAgent     string    `json:"user_agent"`
	Login         string    `json:"login"`
	Factor        string    `json:"factor"`
	Reason        string    `json:"reason"`
	Device        string    `json:"device"`
	ApprovedAt    time.Time `json:"approved_at,omitzero"`
	CreatedAt     time.Time `json:"created_at"`
	LastActive    time.Time `json:"last_active"`
	IdleEnd       time.Time `json:"idle_end"`
	Expires       time.Time `json:"expires"`
	ReadOnly      bool      `json:"read_only"`
	FailOpen      bool      `json:"fail_open"`
	Token         string    `json:"token,omitempty"`
	Exemption     string    `json:"exemption,omitempty"`
}

func newSessionView(s session.Session) sessionView {
	return sessionView{
		ID: s.Key.Handle(), Username: s.Username, Administrator: s.Administrator, Kind: s.Kind.String(),
		Source: s.Source, UserAgent: s.UserAgent, Login: s.Transaction, Factor: s.Factor, Reason: s.Reason, Device: s.Device,
		ApprovedAt: s.ApprovedAt, CreatedAt: s.CreatedAt, LastActive: s.LastActive, IdleEnd: s.LastActive.Add(s.IdleTimeout),
		Expires: s.Expires, ReadOnly: s.ReadOnly, FailOpen: s.FailOpen, Token: s.Token, Exemption: s.Exemption,
	}
}

func sessionViews(all []session.Session) []sessionView {
	views := make([]sessionView, len(all))
	for i, s := range all {
		views[i] = newSessionView(s)
	}
	return views
}

// sessionCommands are the sessions commands.
type sessionCommands struct {
	sessions *session.Manager
	people   *peopledesk.People
}

func (c *sessionCommands) commands() control.Commands {
	return control.Commands{"sessions.list": c.list, "sessions.show": c.show, "sessions.revoke": c.revoke, "sessions.sign_out": c.signOut}
}

// signOut ends the sessions of whoever has a name at Duo, for a command that
// speaks to Duo itself.
func (c *sessionCommands) signOut(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[signOutArgs](raw)
	if err != nil {
		return nil, err
	}
	return c.people.SignOut(ctx, args.DuoUsername, caller.String()+": "+args.Reason)
}

func (c *sessionCommands) list(ctx context.Context, _ control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[listSessionsArgs](raw)
	if err != nil {
		return nil, err
	}
	all, err := c.sessions.List(ctx, args.Username)
	return sessionViews(all), err
}

func (c *sessionCommands) show(ctx context.Context, _ control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[showSessionArgs](raw)
	if err != nil {
		return nil, err
	}
	s, err := c.sessions.ByHandle(ctx, args.ID)
	return newSessionView(s), err
}

// revoke ends one session, or all of a user, or all, as far as they began
// before a moment. The trail has each before it is over.
func (c *sessionCommands) revoke(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[revokeSessionsArgs](raw)
	if err != nil {
		return nil, err
	}
	reason := caller.String() + ": " + args.Reason
	if args.ID != "" {
		s, err := c.sessions.ByHandle(ctx, args.ID)
		if err == nil && !args.DryRun {
			s, err = c.sessions.Revoke(ctx, s.Key, reason)
		}
		if err != nil {
			return nil, err
		}
		return []sessionView{newSessionView(s)}, nil
	}
	if !args.DryRun {
		ended, err := c.sessions.EndAll(ctx, args.Username, args.Before, reason)
		return sessionViews(ended), err
	}
	all, err := c.sessions.List(ctx, args.Username)
	if err != nil {
		return nil, err
	}
	meant := all[:0]
	for _, s := range all {
		if args.Before.IsZero() || s.CreatedAt.Before(args.Before) {
			meant = append(meant, s)
		}
	}
	return sessionViews(meant), nil
}
