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

// oneGroup is a group of the chosen organisation.
func (d *duo) oneGroup(ctx context.Context, name string) (*helpdesk.Org, *duoclient.Admin, *duoclient.Group, error) {
	o, admin, err := d.oneAdmin(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	group, err := findGroup(ctx, admin, name)
	return o, admin, group, inWhich(o, err)
}

func (d *duo) groupsGet() *cobra.Command {
	return getCommand(d, "get GROUP", "Show one group", "  mfaserver duo groups get radiology", "group", groupColumns(), findGroup)
}

func (d *duo) groupsUsers() *cobra.Command {
	var limit int
	cmd := verb("users GROUP", "List who is in a group", "  mfaserver duo groups users radiology", takes("group"),
		func(ctx context.Context, args []string) error {
			_, _, group, err := d.oneGroup(ctx, args[0])
			if err != nil {
				return err
			}
			return list(ctx, d, listFlags{limit: limit}, listing[duoclient.GroupMember]{
				what: "members of " + printable(group.Name), columns: memberColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.GroupMember, error] {
					return admin.Groups.Users(ctx, group.GroupID)
				},
			})
		})
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after so `many`; 0 takes all")
	return cmd
}

func (d *duo) groupsCreate() *cobra.Command {
	var p duoclient.GroupParams
	cmd := verb("create NAME", "Make a group", "  mfaserver duo groups create radiology --desc \"Second floor\"", takes("name"),
		func(ctx context.Context, args []string) error {
			p.Name = args[0]
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			var group *duoclient.Group
			err = d.do(ctx, o, groupDeed(helpdesk.ActionGroupCreate, p.Name, p.Status), func(ctx context.Context) error {
				group, err = admin.Groups.Create(ctx, p)
				return err
			})
			if err != nil {
				return err
			}
			return d.show(group, fmt.Sprintf("created group %s (%s)", group.Name, group.GroupID))
		})
	cmd.Flags().StringVar(&p.Desc, "desc", "", "`text` that says what it is for")
	cmd.Flags().StringVar(&p.Status, "status", "", "active, bypass or disabled")
	return cmd
}

func groupDeed(a helpdesk.Action, name, status string) helpdesk.Deed {
	deed := helpdesk.Deed{Action: a, Detail: map[string]string{"group": name}}
	if status != "" {
		deed.Detail["status"] = status
	}
	return deed
}

func (d *duo) groupsUpdate() *cobra.Command {
	var p duoclient.GroupParams
	cmd := verb("update GROUP", "Change a group", "  mfaserver duo groups update radiology --name x-ray --reason \"renamed\"", takes("group"),
		func(ctx context.Context, args []string) error {
			o, admin, group, err := d.oneGroup(ctx, args[0])
			if err != nil {
				return err
			}
			var changed *duoclient.Group
			err = d.do(ctx, o, groupDeed(helpdesk.ActionGroupUpdate, group.GroupID, p.Status), func(ctx context.Context) error {
				changed, err = admin.Groups.Update(ctx, group.GroupID, p)
				return err
			})
			if err != nil {
				return err
			}
			return d.show(changed, fmt.Sprintf("changed group %s (%s)", changed.Name, changed.GroupID))
		})
	cmd.Flags().StringVar(&p.Name, "name", "", "new `name`")
	cmd.Flags().StringVar(&p.Desc, "desc", "", "`text` that says what it is for")
	cmd.Flags().StringVar(&p.Status, "status", "", "active, bypass or disabled")
	cmd.Flags().StringSliceVar(&p.Clear, "clear", nil, "empty `what`: desc")
	d.reasons(cmd)
	return cmd
}

func (d *duo) groupsDelete() *cobra.Command {
	var c consent
	cmd := verb("delete GROUP", "Delete a group; its users stay",
		"  mfaserver duo groups delete radiology --dry-run\n  mfaserver duo groups delete radiology --yes --reason closed", takes("group"),
		func(ctx context.Context, args []string) error {
			o, admin, group, err := d.oneGroup(ctx, args[0])
			if err != nil {
				return err
			}
			return d.destroy(ctx, o, c, deletion{
				what: fmt.Sprintf("delete the group %s (%s)%s, which is %s", group.Name, group.GroupID, ofOrg(o), strings.ToLower(group.Status)),
				done: fmt.Sprintf("deleted group %s (%s)", group.Name, group.GroupID), id: group.GroupID,
				deed: groupDeed(helpdesk.ActionGroupDelete, group.GroupID, ""),
				do:   func(ctx context.Context) error { return admin.Groups.Delete(ctx, group.GroupID) },
			})
		})
	c.flags(cmd)
	d.reasons(cmd)
	return cmd
}

// groupsTie is a command that puts users into groups or takes them out.
func (d *duo) groupsTie(use, short string, action helpdesk.Action, done string,
	change func(s *duoclient.UserService, ctx context.Context, userID, groupID string) error,
) *cobra.Command {
	cmd := verb(use+" GROUP USER", short, "  mfaserver duo groups "+use+" radiology alice --reason \"moved on Monday\"", takes("group", "user"),
		func(ctx context.Context, args []string) error {
			o, admin, group, err := d.oneGroup(ctx, args[0])
			if err != nil {
				return err
			}
			user, err := findUser(ctx, admin, args[1])
			if err != nil {
				return inWhich(o, err)
			}
			deed := groupDeed(action, group.GroupID, "")
			deed.Subject = user.Username
			err = d.do(ctx, o, deed, func(ctx context.Context) error { return change(admin.Users, ctx, user.UserID, group.GroupID) })
			if err != nil {
				return err
			}
			return d.show(map[string]any{
				"group_id": group.GroupID, "user_id": user.UserID, "username": user.Username, "assigned": use == "assign",
			}, fmt.Sprintf(done, user.Username, group.Name))
		})
	d.reasons(cmd)
	return cmd
}
