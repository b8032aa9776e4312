package people

import (
	"context"
	"errors"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
)

// deedTime bounds a change of an account, which comes to its end though
// whoever asked for it has gone: half of it would leave sessions behind.
const deedTime = time.Minute

// Changed is what came of a change of an account.
type Changed struct {
	User primary.User
	// Sessions is how many ended.
	Sessions int
}

// Disable closes an account of the local directory. Who is closed out has no
// session and no service token afterwards: the account comes first, so that no
// session is made in between. With an error, what is done stays done, and
// asking again continues; [People.Settle] does by itself. Errors are those of
// the directory, of the trail and of sessions, [ErrNoAccounts] and [ErrSelf].
func (p *People) Disable(ctx context.Context, order helpdesk.Order, username string) (Changed, error) {
	if order.Actor.Name == username {
		return Changed{}, ErrSelf
	}
	return p.change(ctx, order, audit.UserDisabled, username, func(ctx context.Context) (Changed, error) {
		user, err := p.cfg.Accounts.Disable(ctx, username)
		if err != nil {
			return Changed{}, err
		}
		return p.shutOut(ctx, user, order.Actor.Name, audit.UserDisabled)
	})
}

// Enable opens an account again. Errors are those of Disable.
func (p *People) Enable(ctx context.Context, order helpdesk.Order, username string) (Changed, error) {
	return p.change(ctx, order, audit.UserEnabled, username, func(ctx context.Context) (Changed, error) {
		user, err := p.cfg.Accounts.Enable(ctx, username)
		return Changed{User: user}, err
	})
}

// SetPassword gives an account a new password and ends its sessions. Errors are
// those of Disable.
func (p *People) SetPassword(ctx context.Context, order helpdesk.Order, username string, password secret.Secret) (Changed, error) {
	return p.change(ctx, order, audit.UserPassword, username, func(ctx context.Context) (Changed, error) {
		user, err := p.cfg.Accounts.SetPassword(ctx, username, password)
		if err != nil {
			return Changed{}, err
		}
		ended, err := p.cfg.Sessions.EndUser(ctx, user.Username, string(audit.UserPassword))
		return Changed{User: user, Sessions: len(ended)}, err
	})
}

// Remove deletes an account. It is closed before, with all that Disable does,
// so that nothing is left of it whenever this is interrupted. Errors are those
// of Disable.
func (p *People) Remove(ctx context.Context, order helpdesk.Order, username string) (Changed, error) {
	if order.Actor.Name == username {
		return Changed{}, ErrSelf
	}
	return p.change(ctx, order, audit.UserRemoved, username, func(ctx context.Context) (Changed, error) {
		user, err := p.cfg.Accounts.Disable(ctx, username)
		if err != nil {
			return Changed{}, err
		}
		done, err := p.shutOut(ctx, user, order.Actor.Name, audit.UserRemoved)
		if err != nil {
			return done, err
		}
		return done, p.cfg.Accounts.Remove(ctx, user.Username)
	})
}

// shutOut ends the service tokens and sessions of an account that is closed.
func (p *People) shutOut(ctx context.Context, user primary.User, by string, why audit.Name) (Changed, error) {
	done := Changed{User: user}
	if err := p.cfg.RevokeTokens(ctx, user.Username, by, string(why)); err != nil {
		return done, err
	}
	ended, err := p.cfg.Sessions.EndUser(ctx, user.Username, string(why))
	done.Sessions = len(ended)
	return done, err
}

// change records a change of an account that there is, and lets it happen: not
// at all when it cannot be recorded, and to its end when the caller has gone. A
// failure is recorded too.
func (p *People) change(ctx context.Context, order helpdesk.Order, name audit.Name, username string, do func(ctx context.Context) (Changed, error)) (Changed, error) {
	if !p.Local() {
		return Changed{}, ErrNoAccounts
	}
	if _, err := p.cfg.Accounts.Get(ctx, username); err != nil {
		return Changed{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deedTime)
	defer cancel()
	if err := p.record(ctx, order, name, audit.OK, username); err != nil {
		return Changed{}, err
	}
	done, err := do(ctx)
	if err == nil {
		return done, nil
	}
	return done, errors.Join(err, p.record(context.WithoutCancel(ctx), order, name, audit.Failed, username))
}

func (p *People) record(ctx context.Context, order helpdesk.Order, name audit.Name, outcome audit.Outcome, username string) error {
	a := order.Actor
	e := audit.Event{
		Name: name, Outcome: outcome, Username: username, Actor: a.Name, Source: a.Source, UserAgent: a.UserAgent,
		Session: a.Session, RequestID: a.RequestID,
	}
	if order.Reason != "" {
		e.Detail = map[string]string{"reason": order.Reason}
	}
	return p.cfg.Recorder.Record(ctx, e)
}

// settlePage is how many accounts Settle asks for at a time.
const settlePage = 500

// Settle ends what closed accounts still have: a process that was killed
// between the closing of an account and the end of its sessions leaves them
// behind. It says how many sessions ended. Call it before anybody is served.
func (p *People) Settle(ctx context.Context) (int, error) {
	if !p.Local() {
		return 0, nil
	}
	total := 0
	q := primary.PageQuery{Max: settlePage}
	for {
		users, err := p.cfg.Accounts.Page(ctx, q)
		if err != nil {
			return total, err
		}
		for i := range users {
			n, err := p.settle(ctx, users[i])
			total += n
			if err != nil {
				return total, err
			}
		}
		if len(users) < settlePage {
			return total, nil
		}
		q.After = users[len(users)-1].Username
	}
}

func (p *People) settle(ctx context.Context, user primary.User) (int, error) {
	if !user.Disabled {
		return 0, nil
	}
	live, err := p.cfg.Sessions.List(ctx, user.Username)
	if err != nil {
		return 0, err
	}
	if len(live) == 0 {
		return 0, p.cfg.RevokeTokens(ctx, user.Username, "system", string(audit.UserDisabled))
	}
	done, err := p.shutOut(ctx, user, "system", audit.UserDisabled)
	return done.Sessions, err
}
