package main

import (
	"context"
	"encoding/json"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/control"
	"mfaserver/internal/helpdesk"
	peopledesk "mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/session"
)

// Arguments and results of the users commands, as they cross the control
// socket. A password crosses it in the clear: both ends are the same user on
// the same machine, and nothing on the way keeps it.
type (
	addUserArgs struct {
		Username  string `json:"username"`
		Role      string `json:"role"`
		Email     string `json:"email,omitempty"`
		FirstName string `json:"first_name,omitempty"`
		LastName  string `json:"last_name,omitempty"`
		Password  string `json:"password,omitempty"`
		OneTime   bool   `json:"one_time,omitempty"`
	}
	addedUser struct {
		User            userView `json:"user"`
		OneTimePassword string   `json:"one_time_password,omitempty"`
	}
	passwdArgs struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	nameArgs struct {
		Username string `json:"username"`
	}
	removeArgs struct {
		Username string `json:"username"`
		DryRun   bool   `json:"dry_run,omitempty"`
	}
	changedUser struct {
		User          userView `json:"user"`
		SessionsEnded int      `json:"sessions_ended"`
	}
)

// userView is a user as commands print him.
type userView struct {
	ID           int       `json:"id"`
	Username     string    `json:"username"`
	Role         string    `json:"role"`
	Disabled     bool      `json:"disabled"`
	OneTime      bool      `json:"one_time"`
	OneTimeUntil time.Time `json:"one_time_until,omitzero"`
	LastLogin    time.Time `json:"last_login,omitzero"`
	Email        string    `json:"email,omitempty"`
	FirstName    string    `json:"first_name,omitempty"`
	LastName     string    `json:"last_name,omitempty"`
}

func newUserView(u primary.User) userView {
	return userView{
		ID: u.ID, Username: u.Username, Role: string(u.Role), Disabled: u.Disabled,
		OneTime: u.Bootstrap, OneTimeUntil: u.BootstrapExpires, LastLogin: u.LastLogin,
		Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
	}
}

func (u userView) state() string {
	switch {
	case u.Disabled:
		return "disabled"
	case u.OneTime:
		return "one-time password"
	default:
		return "enabled"
	}
}

func (u userView) lastLogin() string {
	if u.LastLogin.IsZero() {
		return "never"
	}
	return u.LastLogin.UTC().Format(time.RFC3339)
}

// userCommands are the users commands on a directory. Every change is in the
// audit trail before it happens, and ends the sessions it must end.
type userCommands struct {
	directory *primary.Local
	sessions  *session.Manager
	people    *peopledesk.People
	recorder  audit.Recorder
}

func (u *userCommands) commands() control.Commands {
	return control.Commands{
		"users.list":    u.list,
		"users.add":     u.add,
		"users.passwd":  u.passwd,
		"users.disable": u.disable,
		"users.enable":  u.enable,
		"users.remove":  u.remove,
	}
}

func (u *userCommands) record(ctx context.Context, caller control.Caller, name audit.Name, username string) error {
	return u.recorder.Record(ctx, audit.Event{Name: name, Outcome: audit.OK, Username: username, Actor: caller.String()})
}

func (u *userCommands) list(ctx context.Context, caller control.Caller, _ json.RawMessage) (any, error) {
	if err := u.record(ctx, caller, audit.UserListed, ""); err != nil {
		return nil, err
	}
	users, err := u.directory.List(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]userView, len(users))
	for i, user := range users {
		views[i] = newUserView(user)
	}
	return views, nil
}

func (u *userCommands) add(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[addUserArgs](raw)
	if err != nil {
		return nil, err
	}
	n := primary.NewUser{
		Username: args.Username, Role: primary.Role(args.Role), Password: secret.New(args.Password),
		Email: args.Email, FirstName: args.FirstName, LastName: args.LastName,
	}
	name := audit.UserAdded
	if args.OneTime {
		name = audit.BootstrapIssued
	}
	if err := u.record(ctx, caller, name, args.Username); err != nil {
		return nil, err
	}
	if args.OneTime {
		user, oneTime, err := u.directory.AddOneTime(ctx, n)
		if err != nil {
			return nil, err
		}
		return addedUser{User: newUserView(user), OneTimePassword: oneTime.Reveal()}, nil
	}
	user, err := u.directory.Add(ctx, n)
	if err != nil {
		return nil, err
	}
	return addedUser{User: newUserView(user)}, nil
}

func (u *userCommands) passwd(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[passwdArgs](raw)
	if err != nil {
		return nil, err
	}
	return changed(u.people.SetPassword(ctx, ordered(caller), args.Username, secret.New(args.Password)))
}

func (u *userCommands) disable(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[nameArgs](raw)
	if err != nil {
		return nil, err
	}
	return changed(u.people.Disable(ctx, ordered(caller), args.Username))
}

func (u *userCommands) enable(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[nameArgs](raw)
	if err != nil {
		return nil, err
	}
	return changed(u.people.Enable(ctx, ordered(caller), args.Username))
}

func (u *userCommands) remove(ctx context.Context, caller control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[removeArgs](raw)
	if err != nil {
		return nil, err
	}
	if !args.DryRun {
		return changed(u.people.Remove(ctx, ordered(caller), args.Username))
	}
	user, err := u.directory.Get(ctx, args.Username)
	if err != nil {
		return nil, err
	}
	live, err := u.sessions.List(ctx, user.Username)
	if err != nil {
		return nil, err
	}
	return changedUser{User: newUserView(user), SessionsEnded: len(live)}, nil
}

// ordered is an order of whoever runs a command.
func ordered(caller control.Caller) helpdesk.Order {
	return helpdesk.Order{Actor: helpdesk.Actor{Name: caller.String()}}
}

// changed puts what was done to an account into a command's words.
func changed(done peopledesk.Changed, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return changedUser{User: newUserView(done.User), SessionsEnded: done.Sessions}, nil
}
