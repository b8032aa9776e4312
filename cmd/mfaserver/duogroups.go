package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) groups() *cobra.Command {
	return noun("groups", "Manage the groups of a Duo account",
		"groups manages groups and who is in them. The status of a group holds for its\nmembers: those of a group in bypass need no second factor.",
		"  mfaserver duo groups list\n  mfaserver duo groups create radiology\n  mfaserver duo groups assign radiology alice --reason \"new colleague\"",
		d.groupsList(), d.groupsGet(), d.groupsCreate(), d.groupsUpdate(), d.groupsDelete(), d.groupsUsers(),
		d.groupsTie("assign", "Put a user into a group", helpdesk.ActionGroupAssign, "put %s into %s", (*duoclient.UserService).AddGroup),
		d.groupsTie("unassign", "Take a user out of a group", helpdesk.ActionGroupUnassign, "took %s out of %s", (*duoclient.UserService).RemoveGroup))
}

func (d *duo) groupsList() *cobra.Command {
	return listCommand(d, "list", "List the groups", "  mfaserver duo groups list --all-orgs", "groups", groupColumns(),
		func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.Group, error] {
			return admin.Groups.List(ctx)
		})
}

func (d *duo) groupsGet() *cobra.Command {
	return getCommand(d, "get GROUP", "Show one group", "  mfaserver duo groups get radiology", "group", groupColumns(), findGroup)
}

func (d *duo) groupsUsers() *cobra.Command {
	var limit int
	cmd := verb("users GROUP", "List who is in a group", "  mfaserver duo groups users radiology", takes("group"),
		func(ctx context.Context, args []string) error {
			f, err := one(ctx, d, args[0], findGroup)
			if err != nil {
				return err
			}
			return list(ctx, d, listFlags{limit: limit}, listing[duoclient.GroupMember]{
				what: "members of " + printable(f.it.Name), columns: memberColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.GroupMember, error] {
					return admin.Groups.Users(ctx, f.it.GroupID)
				},
			})
		})
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after `N`; 0 takes all")
	return cmd
}

func (d *duo) groupsCreate() *cobra.Command {
	var p duoclient.GroupParams
	cmd := verb("create NAME", "Make a group", "  mfaserver duo groups create radiology --desc \"Second floor\"", takes("name"),
		func(ctx context.Context, args []string) error {
			p.Name = args[0]
			if inBypass(p.Status) {
				return errNewInBypass("groups")
			}
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			return result(ctx, d, o, groupDeed(helpdesk.ActionGroupCreate, p.Name, p.Status),
				func(ctx context.Context) (*duoclient.Group, error) { return admin.Groups.Create(ctx, p) },
				func(g *duoclient.Group) string { return "created " + groupLabel(g) })
		})
	cmd.Flags().StringVar(&p.Desc, "desc", "", "`TEXT` that says what it is for")
	cmd.Flags().StringVar(&p.Status, "status", "", "`STATUS`: active, bypass or disabled")
	return cmd
}

func groupLabel(g *duoclient.Group) string { return fmt.Sprintf("group %s (%s)", g.Name, g.GroupID) }

func groupDeed(a helpdesk.Action, name, status string) helpdesk.Deed {
	deed := helpdesk.Deed{Action: a, Detail: map[string]string{"group": name}}
	if status != "" {
		deed.Detail["status"] = status
	}
	return deed
}

func (d *duo) groupsUpdate() *cobra.Command {
	var p duoclient.GroupParams
	var b bypassFor
	cmd := verb("update GROUP", "Change a group", "  mfaserver duo groups update radiology --name x-ray --reason \"renamed\"", takes("group"),
		func(ctx context.Context, args []string) error {
			span, err := b.span(p.Status)
			if err != nil {
				return err
			}
			f, err := one(ctx, d, args[0], findGroup)
			if err != nil {
				return err
			}
			if inBypass(p.Status) {
				return d.bypassGroup(ctx, f, p, span)
			}
			return result(ctx, d, f.org, groupDeed(helpdesk.ActionGroupUpdate, f.it.GroupID, p.Status),
				func(ctx context.Context) (*duoclient.Group, error) {
					return f.admin.Groups.Update(ctx, f.it.GroupID, p)
				},
				func(g *duoclient.Group) string { return "changed " + groupLabel(g) })
		})
	cmd.Flags().StringVar(&p.Name, "name", "", "new `NAME`")
	cmd.Flags().StringVar(&p.Desc, "desc", "", "`TEXT` that says what it is for")
	cmd.Flags().StringVar(&p.Status, "status", "", "`STATUS`: active, bypass or disabled")
	cmd.Flags().StringSliceVar(&p.Clear, "clear", nil, "empty `FIELD`: desc")
	cmd.Long = "update changes a group. The status of a group holds for its members.\n\n" + bypassEnds
	b.flag(cmd)
	d.reasons(cmd)
	return cmd
}

// bypassGroup lets the members of a group in without a second factor for a time.
func (d *duo) bypassGroup(ctx context.Context, f found[duoclient.Group], p duoclient.GroupParams, span helpdesk.Span) error {
	order, err := d.order(helpdesk.ActionGroupUpdate)
	if err != nil {
		return err
	}
	group, due, err := f.org.BypassGroup(ctx, order, f.it.GroupID, p, span)
	if err != nil {
		return inWhich(f.org, err)
	}
	d.tellDue(f.it.Name, due)
	return d.show(group, "changed "+groupLabel(group))
}

func (d *duo) groupsDelete() *cobra.Command {
	return deleteCommand(d, "group", "Delete a group; its users stay",
		"  mfaserver duo groups delete radiology --dry-run\n  mfaserver duo groups delete radiology --yes --reason closed",
		helpdesk.ActionGroupDelete, findGroup, func(f found[duoclient.Group]) deletion {
			return deletion{
				what: fmt.Sprintf("delete the %s%s, which is %s", groupLabel(f.it), ofOrg(f.org), strings.ToLower(f.it.Status)),
				done: "deleted " + groupLabel(f.it), id: f.it.GroupID, deed: groupDeed(0, f.it.GroupID, ""),
				do: func(ctx context.Context) error { return f.admin.Groups.Delete(ctx, f.it.GroupID) },
			}
		})
}

// groupsTie is a command that puts users into groups or takes them out.
func (d *duo) groupsTie(use, short string, action helpdesk.Action, done string,
	change func(s *duoclient.UserService, ctx context.Context, userID, groupID string) error,
) *cobra.Command {
	return tie[duoclient.Group]{
		use: use, kind: "group", short: short, example: "  mfaserver duo groups " + use + " radiology alice --reason \"moved on Monday\"",
		action: action, find: findGroup, change: change,
		member: "group_id", key: func(g *duoclient.Group) string { return g.GroupID },
		deed: func(g *duoclient.Group) helpdesk.Deed { return groupDeed(0, g.GroupID, "") },
		text: func(g *duoclient.Group, u *duoclient.User) string { return fmt.Sprintf(done, u.Username, g.Name) },
	}.command(d)
}
