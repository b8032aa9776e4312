package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
)

func (d *duo) orgs() *cobra.Command {
	return noun("orgs", "See which Duo accounts are looked after",
		"orgs sees which Duo accounts the configuration names, and which the Accounts API\nknows besides.",
		"  mfaserver duo orgs list\n  mfaserver duo orgs discover",
		d.orgsList(), d.orgsDiscover())
}

// orgView is an organisation as it is printed.
type orgView struct {
	Name           string `json:"name"`
	AccountID      string `json:"account_id,omitempty"`
	DirectoryKey   string `json:"directory_key,omitempty"`
	Administered   bool   `json:"admin_api"`
	Authenticates  bool   `json:"auth_api"`
	DefaultAccount bool   `json:"default"`
}

func orgColumns() []column[orgView] {
	return []column[orgView]{
		{head: "NAME", cell: func(v *orgView) string { return v.Name }},
		{head: "ACCOUNT", cell: func(v *orgView) string { return v.AccountID }},
		{head: "ADMIN API", cell: func(v *orgView) string { return yesNo(v.Administered) }},
		{head: "AUTH API", cell: func(v *orgView) string { return yesNo(v.Authenticates) }},
		{head: "DIRECTORY KEY", cell: func(v *orgView) string { return v.DirectoryKey }},
	}
}

func (d *duo) orgsList() *cobra.Command {
	cmd := verb("list", "List the organizations of the configuration", "  mfaserver duo orgs list", noArgs,
		func(context.Context, []string) error {
			desk, err := d.open()
			if err != nil {
				return err
			}
			all := desk.Orgs()
			if d.org != "" {
				if all, err = desk.Select(d.org, false); err != nil {
					return err
				}
			}
			out := newRows(d, orgColumns(), nil)
			for _, o := range all {
				v := &orgView{
					Name: o.Name(), AccountID: o.AccountID(), DirectoryKey: o.DirectoryKey(), Administered: o.Administered(),
					Authenticates: o.Authenticates(), DefaultAccount: o.Name() == config.DefaultOrganization,
				}
				if err := out.add(v, o); err != nil {
					return err
				}
			}
			return out.end()
		})
	return cmd
}

// proposalView is a child account as discover prints it.
type proposalView struct {
	Name       string `json:"name"`
	Configured bool   `json:"configured"`
	Moved      bool   `json:"moved,omitempty"`
	Title      string `json:"title"`
	AccountID  string `json:"account_id"`
	APIHost    string `json:"api_hostname"`
}

func (d *duo) orgsDiscover() *cobra.Command {
	cmd := verb("discover", "Find child accounts, and propose rows for the configuration", "  mfaserver duo orgs discover >> rows.yaml", noArgs,
		func(ctx context.Context, _ []string) error {
			desk, _, err := d.openAccounts()
			if err != nil {
				return err
			}
			var found []helpdesk.Proposal
			deed := helpdesk.Deed{Action: helpdesk.ActionRead, Detail: map[string]string{"command": d.verb}}
			err = d.doAccounts(ctx, desk, deed, func(ctx context.Context) error {
				found, err = desk.Discover(ctx)
				return err
			})
			if err != nil {
				return err
			}
			return d.showProposals(found)
		})
	cmd.Long = `discover asks the Accounts API for the child accounts. What the configuration does
not name yet is printed as rows for it, on standard output; what it names is told
on standard error.`
	return cmd
}

func (d *duo) showProposals(found []helpdesk.Proposal) error {
	views := make([]proposalView, len(found))
	for i, p := range found {
		views[i] = proposalView(p)
	}
	if d.output == "json" {
		return printJSON(d.console.out, views)
	}
	configured := 0
	for _, p := range found {
		if p.Configured {
			configured++
			d.console.complain("%s is %s (%s)\n", p.Name, printable(p.Title), p.AccountID)
		}
		if p.Moved {
			d.console.complain("  its API host is now %s: change api_hostname\n", printable(p.APIHost))
		}
	}
	d.console.complain("%d child account(s), %d in the configuration\n", len(found), configured)
	_, err := io.WriteString(d.console.out, helpdesk.ProposalYAML(found))
	return err
}
