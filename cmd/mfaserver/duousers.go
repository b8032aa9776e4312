package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) users() *cobra.Command {
	return noun("users", "Manage the users of a Duo account",
		"users manages the users of a Duo account. Enrolling somebody is one command,\nenroll; report finds who still has to be.",
		"  mfaserver duo users list\n  mfaserver duo users enroll alice --number +17345550100\n  mfaserver duo users report --all-orgs",
		d.usersList(), d.usersGet(), d.usersCreate(), d.usersUpdate(), d.usersDelete(), d.usersReset(), d.usersEnroll(), d.usersSync(),
		d.usersPhones(), d.usersBypass(), d.usersGroups(), d.usersTokens(), d.usersWebAuthn(), d.usersReport(), d.usersVerify())
}

func (d *duo) usersList() *cobra.Command {
	var filter duoclient.UserFilter
	cmd := listCommand(d, "list", "List the users",
		"  mfaserver duo users list --all-orgs --output json\n  mfaserver duo users list --email bob@example.org", "users", userColumns(),
		func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.User, error] {
			return admin.Users.List(ctx, filter)
		})
	cmd.Flags().StringVar(&filter.Email, "email", "", "only the users with `ADDRESS`")
	cmd.Flags().StringSliceVar(&filter.Usernames, "names", nil, "only the users called `NAMES`, separated by commas")
	return cmd
}

func (d *duo) usersGet() *cobra.Command {
	return getCommand(d, "get USER", "Show one user", "  mfaserver duo users get alice", "user", userColumns(), findUser)
}

// userFlags are the flags that say something of a user.
type userFlags struct {
	params duoclient.UserParams
	status string
}

func (f *userFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.params.Realname, "realname", "", "full `NAME`")
	flags.StringVar(&f.params.Firstname, "firstname", "", "first `NAME`")
	flags.StringVar(&f.params.Lastname, "lastname", "", "last `NAME`")
	flags.StringVar(&f.params.Email, "email", "", "e-mail `ADDRESS`")
	flags.StringVar(&f.params.Notes, "notes", "", "`TEXT` for administrators")
	flags.StringVar(&f.status, "status", "", "`STATUS`: active, bypass or disabled")
	flags.StringSliceVar(&f.params.Aliases, "alias", nil, "another `NAME`; may be repeated, eight at most")
}

func (f *userFlags) get() duoclient.UserParams {
	p := f.params
	p.Status = duoclient.UserStatus(f.status)
	return p
}

func (d *duo) usersCreate() *cobra.Command {
	var f userFlags
	cmd := verb("create USER...", "Make users",
		"  mfaserver duo users create alice --email alice@example.org\n  mfaserver duo users create bob carol dave",
		takesMore("user"), func(ctx context.Context, names []string) error {
			p := f.get()
			if p.Status == duoclient.UserBypass {
				return errNewInBypass("users")
			}
			if len(names) == 1 {
				p.Username = names[0]
				return d.createUser(ctx, p)
			}
			return d.createUsers(ctx, names, p)
		})
	cmd.Long = `create makes a user, or several: those in one call, a hundred at a time, each
call makes all of its users or none. To make users with phones and send them
their links, see "duo users enroll".`
	f.add(cmd.Flags())
	d.reasons(cmd)
	return cmd
}

func (d *duo) createUser(ctx context.Context, p duoclient.UserParams) error {
	o, admin, err := d.oneAdmin(ctx)
	if err != nil {
		return err
	}
	return result(ctx, d, o, userDeed(p),
		func(ctx context.Context) (*duoclient.User, error) { return admin.Users.Create(ctx, p) },
		func(u *duoclient.User) string { return "created " + userLabel(u) })
}

func userLabel(u *duoclient.User) string { return fmt.Sprintf("user %s (%s)", u.Username, u.UserID) }

// userDeed is the making of a user. Whoever is made to be let in without a
// second factor is a matter for a reason.
func userDeed(p duoclient.UserParams) helpdesk.Deed {
	deed := helpdesk.Deed{Action: helpdesk.ActionUserCreate, Subject: p.Username}
	if p.Status != "" && p.Status != duoclient.UserActive {
		deed.Action, deed.Detail = helpdesk.ActionUserStatus, map[string]string{"status": string(p.Status), "new": "true"}
	}
	return deed
}

func (d *duo) usersUpdate() *cobra.Command {
	var f userFlags
	var b bypassFor
	cmd := verb("update USER", "Change what is said of a user",
		"  mfaserver duo users update alice --email alice@example.org\n  mfaserver duo users update alice --status disabled --reason \"left on Friday\"\n"+
			"  mfaserver duo users update alice --status bypass --for 4h --reason \"travels without phone\"",
		takes("user"), func(ctx context.Context, args []string) error {
			span, err := b.span(f.status)
			if err != nil {
				return err
			}
			return d.updateUser(ctx, args[0], f.get(), span)
		})
	cmd.Long = `update changes what is said of a user. Another status than active weakens or
takes away his second factor, and so needs a --reason.

` + bypassEnds
	f.add(cmd.Flags())
	b.flag(cmd)
	d.reasons(cmd)
	cmd.Flags().StringVar(&f.params.Username, "username", "", "new `NAME`")
	cmd.Flags().StringSliceVar(&f.params.Clear, "clear", nil, "empty `FIELD`: realname, firstname, lastname, email, notes")
	return cmd
}

// updateUser sets the status by the help desk's own rule, and then the rest.
func (d *duo) updateUser(ctx context.Context, name string, p duoclient.UserParams, span helpdesk.Span) error {
	if emptyUser(p) {
		return errNoChange
	}
	f, err := one(ctx, d, name, findUser)
	if err != nil {
		return err
	}
	user := f.it
	if p.Status != "" && p.Status != duoclient.UserActive {
		if user, err = d.setStatus(ctx, f, p.Status, span); err != nil {
			return inWhich(f.org, err)
		}
		p.Status = ""
	}
	if !emptyUser(p) {
		deed := helpdesk.Deed{Action: helpdesk.ActionUserUpdate, Subject: user.Username, Detail: map[string]string{"user_id": user.UserID}}
		err = d.do(ctx, f.org, deed, func(ctx context.Context) error {
			user, err = f.admin.Users.Update(ctx, f.it.UserID, p)
			return err
		})
		if err != nil {
			return err
		}
	}
	if p.Status == duoclient.UserActive {
		// What stays behind ends nothing: the user is not in bypass.
		_ = f.org.ForgetLapse(ctx, helpdesk.LapseUser, f.it.UserID)
	}
	return d.show(user, "changed "+userLabel(user))
}

// setStatus sets another status than active.
func (d *duo) setStatus(ctx context.Context, f found[duoclient.User], status duoclient.UserStatus, span helpdesk.Span) (*duoclient.User, error) {
	order, err := d.order(helpdesk.ActionUserStatus)
	if err != nil {
		return nil, err
	}
	s := helpdesk.Subject{UserID: f.it.UserID}
	if status != duoclient.UserBypass {
		return f.org.SetStatus(ctx, order, s, status)
	}
	user, due, err := f.org.Bypass(ctx, order, s, span)
	if err == nil {
		d.tellDue(f.it.Username, due)
	}
	return user, err
}

func emptyUser(p duoclient.UserParams) bool {
	return p.Username == "" && p.Realname == "" && p.Firstname == "" && p.Lastname == "" && p.Notes == "" && p.Email == "" &&
		p.Status == "" && len(p.Aliases) == 0 && len(p.Clear) == 0
}

func (d *duo) usersDelete() *cobra.Command {
	return deleteCommand(d, "user", "Delete a user, with his bypass codes",
		"  mfaserver duo users delete alice --dry-run\n  mfaserver duo users delete alice --yes --reason \"left on Friday\"",
		helpdesk.ActionUserDelete, findUser, func(f found[duoclient.User]) deletion {
			return deletion{
				what: fmt.Sprintf("delete the %s%s, who has %d phone(s)", userLabel(f.it), ofOrg(f.org), len(f.it.Phones)),
				done: "deleted " + userLabel(f.it), id: f.it.UserID,
				deed: helpdesk.Deed{Subject: f.it.Username, Detail: map[string]string{"user_id": f.it.UserID}},
				do:   func(ctx context.Context) error { return f.admin.Users.Delete(ctx, f.it.UserID) },
			}
		})
}

func (d *duo) usersSync() *cobra.Command {
	var key string
	cmd := verb("sync USER", "Fetch one user from a directory into Duo",
		"  mfaserver duo users sync alice --org clinic-a\n  mfaserver duo users sync alice --directory-key DSXXXXXXXXXXXXXXXXXX", takes("user"),
		func(ctx context.Context, args []string) error {
			o, err := d.oneOrg()
			if err != nil {
				return err
			}
			order, err := d.order(helpdesk.ActionUserSync)
			if err != nil {
				return err
			}
			progress := d.progress("waiting for the directory")
			err = o.Sync(ctx, order, args[0], key)
			progress.end()
			if err != nil {
				return inWhich(o, err)
			}
			return d.show(map[string]string{"synchronised": args[0]}, "synchronised user "+args[0])
		})
	cmd.Long = `sync fetches one user, by his name in the directory, from a directory that Duo
knows: the user is made, changed or marked for deletion. The directory key stands
on the directory's page in Duo's admin panel; Duo cannot list them.`
	cmd.Flags().StringVar(&key, "directory-key", "", "`KEY` of the directory (default: that of the organization)")
	return cmd
}
