package checkup

import (
	"context"
	"fmt"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
)

// accountList is what the Accounts API listed.
type accountList struct {
	known bool
	byID  map[string]duoclient.Account
}

func (r *run) keepAccounts(list []duoclient.Account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accounts = accountList{known: true, byID: make(map[string]duoclient.Account, len(list))}
	for _, a := range list {
		r.accounts.byID[a.AccountID] = a
	}
}

// children checks the organisations that the Accounts API speaks for.
func (r *run) children(ctx context.Context) {
	var rows []config.Organization
	for _, o := range r.settings.Organizations {
		if o.AccountID != "" {
			rows = append(rows, o)
		}
	}
	r.each(ctx, len(rows), func(ctx context.Context, i int) []Finding { return r.child(ctx, rows[i]) })
}

func (r *run) child(ctx context.Context, o config.Organization) []Finding {
	subject := orgSection(o)
	r.mu.Lock()
	list := r.accounts
	r.mu.Unlock()
	if !list.known {
		return []Finding{failure(subject, "not checked: it needs duo.accounts, which does not work", "See to duo.accounts first.")}
	}
	found, ok := list.byID[o.AccountID]
	if !ok {
		return []Finding{failure(subject,
			fmt.Sprintf("the Accounts API does not list account_id %s among its %d child accounts", o.AccountID, len(list.byID)),
			"Run `mfaserver duo orgs discover` for the rows there are; the account may have been deleted, or belong to another parent.")}
	}
	if o.APIHostname != "" && o.APIHostname != found.APIHost {
		return []Finding{failure(subject,
			fmt.Sprintf("api_hostname is %s, Duo names %s for this account", o.APIHostname, found.APIHost),
			"Write api_hostname: "+found.APIHost+", or leave it out: Duo is asked then.")}
	}
	app := r.childApplication(o, found.APIHost)
	got := r.ask(ctx, app)
	if got.err != nil {
		if f, known := r.common(ctx, subject, app.host, got.err); known {
			return []Finding{f}
		}
		return []Finding{failure(subject, fmt.Sprintf("Duo lists the account, but does not open it: %v", got.err), advice(got.err))}
	}
	r.keepWorking(subject + "." + string(admin))
	text := fmt.Sprintf("Duo opens the child account at %s with the keys of duo.accounts", app.host)
	return append([]Finding{{Subject: subject, Level: OK, Text: text}}, lacking(subject, got.lacks)...)
}

func (r *run) childApplication(o config.Organization, host string) application {
	c := r.settings.Duo.Accounts
	return application{
		subject: orgSection(o) + "." + string(admin), section: orgSection(o), api: admin,
		key: c.IntegrationKey, secret: c.SecretKey, host: host, account: o.AccountID,
	}
}
