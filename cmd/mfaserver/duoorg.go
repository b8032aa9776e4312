package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
)

// open reads the configuration and makes the help desk, once a command.
func (d *duo) open() (*helpdesk.Desk, error) {
	if d.desk != nil {
		return d.desk, nil
	}
	cfg, err := loadConfig(d.config)
	if err != nil {
		return nil, err
	}
	d.cfg = cfg
	d.desk, err = newDesk(cfg, remoteTrail{cfg}, deskNeeds{quota: newRemoteQuota(cfg), signOut: d.signOut})
	return d.desk, err
}

// oneOrg is the organisation that --org names.
func (d *duo) oneOrg() (*helpdesk.Org, error) {
	desk, err := d.open()
	if err != nil {
		return nil, err
	}
	return desk.Org(d.org)
}

// eachOrg calls f for every chosen organisation. One that fails does not keep
// the others from their turn.
func (d *duo) eachOrg(ctx context.Context, f func(o *helpdesk.Org) error) error {
	orgs, err := d.orgsChosen()
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range orgs {
		if ctx.Err() != nil {
			return errors.Join(append(errs, context.Cause(ctx))...)
		}
		if err := f(o); err != nil {
			errs = append(errs, inWhich(o, err))
		}
	}
	return errors.Join(errs...)
}

func (d *duo) orgsChosen() ([]*helpdesk.Org, error) {
	if d.all && d.org != "" {
		return nil, fmt.Errorf("%w: --org and --all-orgs exclude each other", errUsage)
	}
	desk, err := d.open()
	if err != nil {
		return nil, err
	}
	return desk.Select(d.org, d.all)
}

// oneAdmin is the chosen organisation and its Admin API.
func (d *duo) oneAdmin(ctx context.Context) (*helpdesk.Org, *duoclient.Admin, error) {
	o, err := d.oneOrg()
	if err != nil {
		return nil, nil, err
	}
	admin, err := o.Admin(ctx)
	return o, admin, err
}

// oneAuth is the chosen organisation and its Auth API.
func (d *duo) oneAuth() (*helpdesk.Org, *duoclient.Auth, error) {
	o, err := d.oneOrg()
	if err != nil {
		return nil, nil, err
	}
	auth, err := o.Auth()
	return o, auth, err
}

// reasons adds --reason and --ticket to a command that may weaken somebody's
// second factor.
func (d *duo) reasons(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.reason, "reason", "", "`TEXT` for the audit trail that says why: 1 to 200 characters")
	cmd.Flags().StringVar(&d.ticket, "ticket", "", "`ID` of the case in your help desk's own system")
}

// order says who does it, and why.
func (d *duo) order(a helpdesk.Action) (helpdesk.Order, error) {
	if a.NeedsReason() && d.reason == "" {
		reason, err := askReason(d.console)
		if err != nil {
			return helpdesk.Order{}, err
		}
		d.reason = reason
	}
	return helpdesk.Order{Actor: actor(), Reason: d.reason, Ticket: d.ticket}, nil
}

// askReason asks at the terminal; without one the reason stays empty, and the
// help desk refuses.
func askReason(c console) (string, error) {
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", fmt.Errorf("%w: this needs a reason; give it with --reason", helpdesk.ErrPolicy)
	}
	c.complain("Reason, for the audit trail: ")
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("reading the terminal: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// do records the deed and lets it happen.
func (d *duo) do(ctx context.Context, o *helpdesk.Org, deed helpdesk.Deed, effect func(ctx context.Context) error) error {
	order, err := d.order(deed.Action)
	if err != nil {
		return err
	}
	progress := d.progress("waiting for Duo")
	defer progress.end()
	return inWhich(o, o.Do(ctx, order, deed, effect))
}

// reading records that a command reads.
func (d *duo) reading(ctx context.Context, o *helpdesk.Org, subject string, read func(ctx context.Context) error) error {
	order, err := d.order(helpdesk.ActionRead)
	if err != nil {
		return err
	}
	deed := helpdesk.Deed{Action: helpdesk.ActionRead, Subject: subject, Detail: map[string]string{"command": d.verb}}
	return inWhich(o, o.Do(ctx, order, deed, read))
}

// ofOrg names an organisation in a question, where there is more than one.
func ofOrg(o *helpdesk.Org) string {
	if o.Name() == config.DefaultOrganization {
		return ""
	}
	return " of " + o.Name()
}
