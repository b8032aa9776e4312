package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mfaserver/internal/helpdesk"
)

// consent is how a person agrees to what destroys.
type consent struct {
	yes, dryRun bool
}

func (c *consent) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do it without asking")
	cmd.Flags().BoolVar(&c.dryRun, "dry-run", false, "say what would be done, and do nothing")
}

// planned is what --dry-run prints for programs.
type planned struct {
	DryRun bool   `json:"dry_run"`
	Would  string `json:"would"`
}

// ask reports whether to go ahead with what, which is worded like "delete the
// user alice".
func (d *duo) ask(c consent, what string) (bool, error) {
	if c.dryRun {
		return false, d.show(planned{DryRun: true, Would: what}, "would "+what)
	}
	return true, confirm(d.console, c.yes, printable(fmt.Sprintf("Really %s?", what)))
}

// deletion is something that a person has to agree to.
type deletion struct {
	// what is worded like "delete the user alice", done like "deleted alice".
	what, done string
	// id of what is deleted.
	id   string
	deed helpdesk.Deed
	do   func(ctx context.Context) error
}

// removed is what a deletion prints for programs.
type removed struct {
	Deleted string `json:"deleted"`
}

// destroy asks, and then does it.
func (d *duo) destroy(ctx context.Context, o *helpdesk.Org, c consent, x deletion) error {
	ahead, err := d.ask(c, x.what)
	if err != nil || !ahead {
		return err
	}
	if err := d.do(ctx, o, x.deed, x.do); err != nil {
		return err
	}
	return d.show(removed{Deleted: x.id}, x.done)
}
