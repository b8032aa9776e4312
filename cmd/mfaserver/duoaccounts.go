package main

import (
	"context"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) accounts() *cobra.Command {
	return noun("accounts", "Manage the child accounts of a Duo account",
		"accounts manages child accounts with the Accounts API application of\nduo.accounts. Those in the configuration are organizations: see \"duo orgs\".",
		"  mfaserver duo accounts list\n  mfaserver duo accounts create \"Clinic A\"",
		d.accountsList(), d.accountsCreate(), d.accountsDelete(), d.accountsCall())
}

func accountColumns() []column[duoclient.Account] {
	type a = duoclient.Account
	return []column[a]{
		{head: "ID", cell: func(v *a) string { return v.AccountID }},
		{head: "NAME", cell: func(v *a) string { return v.Name }},
		{head: "API HOST", cell: func(v *a) string { return v.APIHost }},
	}
}

// openAccounts is the Accounts API, for which --org means nothing.
func (d *duo) openAccounts() (*helpdesk.Desk, *duoclient.Accounts, error) {
	if d.org != "" {
		return nil, nil, fmt.Errorf("%w: the Accounts API is that of duo.accounts; leave out --org", errUsage)
	}
	desk, err := d.open()
	if err != nil {
		return nil, nil, err
	}
	accounts, err := desk.Accounts()
	return desk, accounts, err
}

// doAccounts records a deed on the Accounts API and lets it happen.
func (d *duo) doAccounts(ctx context.Context, desk *helpdesk.Desk, deed helpdesk.Deed, effect func(ctx context.Context) error) error {
	order, err := d.order(deed.Action)
	if err != nil {
		return err
	}
	progress := d.progress("waiting for Duo")
	defer progress.end()
	return desk.Do(ctx, order, deed, effect)
}

func (d *duo) accountsList() *cobra.Command {
	var limit int
	cmd := verb("list", "List the child accounts", "  mfaserver duo accounts list --output json", noArgs,
		func(ctx context.Context, _ []string) error {
			desk, accounts, err := d.openAccounts()
			if err != nil {
				return err
			}
			var all []duoclient.Account
			deed := helpdesk.Deed{Action: helpdesk.ActionRead, Detail: map[string]string{"command": d.verb}}
			err = d.doAccounts(ctx, desk, deed, func(ctx context.Context) error {
				all, err = accounts.List(ctx)
				return err
			})
			if err != nil {
				return err
			}
			out := newRows(d, accountColumns(), nil)
			for i := range all {
				if limit > 0 && i >= limit {
					break
				}
				if err := out.add(&all[i], nil); err != nil {
					return err
				}
			}
			return out.end()
		})
	cmd.Flags().IntVar(&limit, "limit", 0, "stop after `N`; 0 takes all")
	return cmd
}

func (d *duo) accountsCreate() *cobra.Command {
	return verb("create NAME", "Make a child account", "  mfaserver duo accounts create \"Clinic A\"", takes("name"),
		func(ctx context.Context, args []string) error {
			desk, accounts, err := d.openAccounts()
			if err != nil {
				return err
			}
			var made *duoclient.Account
			deed := helpdesk.Deed{Action: helpdesk.ActionAccountCreate, Detail: map[string]string{"name": args[0]}}
			err = d.doAccounts(ctx, desk, deed, func(ctx context.Context) error {
				made, err = accounts.Create(ctx, args[0])
				return err
			})
			if err != nil {
				return err
			}
			return d.show(made, fmt.Sprintf("created account %s (%s) on %s", made.Name, made.AccountID, made.APIHost))
		})
}

// findAccount takes a child account's id or name.
func findAccount(ctx context.Context, accounts *duoclient.Accounts, name string) (*duoclient.Account, error) {
	all, err := accounts.List(ctx)
	if err != nil {
		return nil, err
	}
	var found *duoclient.Account
	for i := range all {
		switch {
		case all[i].AccountID == name:
			return &all[i], nil
		case all[i].Name == name && found != nil:
			return nil, fmt.Errorf("%w account: %s; give the id (DA...)", errAmbiguous, printable(name))
		case all[i].Name == name:
			found = &all[i]
		}
	}
	if found == nil {
		return nil, notFound("child account", name)
	}
	return found, nil
}

func (d *duo) accountsDelete() *cobra.Command {
	var c consent
	cmd := verb("delete ACCOUNT", "Delete a child account and everybody in it",
		"  mfaserver duo accounts delete DAXXXXXXXXXXXXXXXXXX --dry-run\n  mfaserver duo accounts delete \"Clinic A\" --yes --reason \"contract ended\"",
		takes("account"), func(ctx context.Context, args []string) error {
			desk, accounts, err := d.openAccounts()
			if err != nil {
				return err
			}
			account, err := findAccount(ctx, accounts, args[0])
			if err != nil {
				return err
			}
			what := fmt.Sprintf("delete the account %s (%s) and everybody in it", account.Name, account.AccountID)
			if ahead, err := d.ask(c, what); err != nil || !ahead {
				return err
			}
			deed := helpdesk.Deed{Action: helpdesk.ActionAccountDelete, Detail: map[string]string{"account_id": account.AccountID, "name": account.Name}}
			err = d.doAccounts(ctx, desk, deed, func(ctx context.Context) error { return accounts.Delete(ctx, account.AccountID) })
			if err != nil {
				return err
			}
			return d.show(removed{Deleted: account.AccountID}, fmt.Sprintf("deleted account %s (%s)", account.Name, account.AccountID))
		})
	c.flags(cmd)
	d.reasons(cmd)
	return cmd
}

func (d *duo) accountsCall() *cobra.Command {
	return d.call("Accounts API", "/accounts/", "  mfaserver duo accounts call POST /accounts/v1/account/list",
		func(context.Context) (caller, *helpdesk.Org, error) {
			desk, accounts, err := d.openAccounts()
			if err != nil {
				return nil, nil, err
			}
			o, err := desk.Org("")
			return func(ctx context.Context, method, path string, params url.Values) (duoclient.Raw, error) {
				raw, err := accounts.Call(ctx, method, path, params)
				return duoclient.Raw{Response: raw}, err
			}, o, err
		})
}
