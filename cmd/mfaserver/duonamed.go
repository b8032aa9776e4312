package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// finder finds an object by what a person calls it.
type finder[T any] func(ctx context.Context, admin *duoclient.Admin, name string) (*T, error)

// found is an object that a person named, and where it is.
type found[T any] struct {
	org   *helpdesk.Org
	admin *duoclient.Admin
	it    *T
}

// one finds an object of the chosen organisation.
func one[T any](ctx context.Context, d *duo, name string, find finder[T]) (found[T], error) {
	o, admin, err := d.oneAdmin(ctx)
	if err != nil {
		return found[T]{}, err
	}
	v, err := find(ctx, admin, name)
	return found[T]{org: o, admin: admin, it: v}, inWhich(o, err)
}

// result does a deed that gives an object, and shows it; text is its line for
// people.
func result[T any](ctx context.Context, d *duo, o *helpdesk.Org, deed helpdesk.Deed,
	effect func(ctx context.Context) (*T, error), text func(*T) string,
) error {
	var v *T
	err := d.do(ctx, o, deed, func(ctx context.Context) (err error) {
		v, err = effect(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return d.show(v, text(v))
}

// deleteCommand is a command that deletes what a person names. The deed of the
// deletion gets its action here.
func deleteCommand[T any](d *duo, kind, short, example string, action helpdesk.Action, find finder[T], describe func(found[T]) deletion) *cobra.Command {
	var c consent
	cmd := verb("delete "+strings.ToUpper(kind), short, example, takes(kind), func(ctx context.Context, args []string) error {
		f, err := one(ctx, d, args[0], find)
		if err != nil {
			return err
		}
		x := describe(f)
		x.deed.Action = action
		return d.destroy(ctx, f.org, c, x)
	})
	c.flags(cmd)
	if action.NeedsReason() {
		d.reasons(cmd)
	}
	return cmd
}

// tie gives something to users, or takes it away: a phone, a token, a place in
// a group.
type tie[T any] struct {
	use, kind, short, example string
	action                    helpdesk.Action
	find                      finder[T]
	// member names the key in what programs get, key gives it.
	member string
	key    func(*T) string
	change func(s *duoclient.UserService, ctx context.Context, userID, key string) error
	// deed says what of the thing goes into the audit trail, text is the line
	// for people.
	deed func(*T) helpdesk.Deed
	text func(*T, *duoclient.User) string
}

func (t tie[T]) command(d *duo) *cobra.Command {
	cmd := verb(t.use+" "+strings.ToUpper(t.kind)+" USER", t.short, t.example, takes(t.kind, "user"),
		func(ctx context.Context, args []string) error { return t.do(ctx, d, args[0], args[1]) })
	if t.action.NeedsReason() {
		d.reasons(cmd)
	}
	return cmd
}

func (t tie[T]) do(ctx context.Context, d *duo, name, userName string) error {
	f, err := one(ctx, d, name, t.find)
	if err != nil {
		return err
	}
	user, err := findUser(ctx, f.admin, userName)
	if err != nil {
		return inWhich(f.org, err)
	}
	key, deed := t.key(f.it), t.deed(f.it)
	deed.Action, deed.Subject, deed.Detail["user_id"] = t.action, user.Username, user.UserID
	err = d.do(ctx, f.org, deed, func(ctx context.Context) error { return t.change(f.admin.Users, ctx, user.UserID, key) })
	if err != nil {
		return err
	}
	return d.show(map[string]any{
		t.member: key, "user_id": user.UserID, "username": user.Username, "assigned": t.use == "assign",
	}, t.text(f.it, user))
}
