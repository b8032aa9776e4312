package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
	"mfaserver/internal/helpdesk"
)

// duo is what the duo commands share.
type duo struct {
	*globals
	// org is the organisation that --org names; empty means the account of
	// the configuration's own duo section.
	org string
	// all is --all-orgs.
	all bool
	// reason and ticket are for the audit trail, and so is verb, which is
	// noun and verb.
	reason, ticket, verb string

	cfg  *config.Config
	desk *helpdesk.Desk
}

func newDuo(g *globals) *cobra.Command {
	d := &duo{globals: g}
	cmd := noun("duo", "Manage users, phones, codes and settings of Duo accounts",
		`duo speaks to Duo with the applications of the configuration's duo section, or of
one of its organizations (--org). Lists and reports can take all of them
(--all-orgs).

A user is named by user name or by Duo's id (DU...), a phone by number or id
(DP...), a group by name or id (DG...). What destroys asks first; --yes goes
ahead without asking, --dry-run says what would be done. Results are tables, or
JSON with all that Duo sent (--output json).

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 keys or clock are wrong, 4 Duo or
a rule refuses, 5 Duo cannot be reached.`,
		`  mfaserver duo users list --all-orgs
  mfaserver duo users enroll alice --number +17345550100
  mfaserver duo bypass create alice --reason "phone lost, ticket 4711"`,
		d.users(), d.phones(), d.bypass(), d.groups(), d.lapses(), d.tokens(), d.integrations(), d.admins(),
		d.logs(), d.settings(), d.admin(), d.auth(), d.accounts(), d.orgs())
	d.name(cmd)
	cmd.PersistentFlags().StringVar(&d.org, "org", "", "the organization with this `NAME` (default: the account of duo.admin and duo.auth)")
	return cmd
}

// name makes every command say its name when it runs.
func (d *duo) name(cmd *cobra.Command) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, d.verb, _ = strings.Cut(cmd.CommandPath(), " duo ")
		return run(cmd, args)
	}
	for _, sub := range cmd.Commands() {
		d.name(sub)
	}
}

// noun is a command that only has commands.
func noun(use, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// action does what a command is for. The context ends when the person presses
// Ctrl-C.
type action func(ctx context.Context, args []string) error

// verb is a command that does something.
func verb(use, short, example string, args cobra.PositionalArgs, do action) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error { return do(cmd.Context(), args) },
	}
}

// takes is a command's arguments: as many as names, no more and no fewer.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fmt.Errorf("%w: give the %s: %s", errUsage, names[len(args)], cmd.UseLine())
		}
		if len(args) > len(names) {
			return fmt.Errorf("%w: %q is one argument too many: %s", errUsage, args[len(names)], cmd.UseLine())
		}
		return nil
	}
}

// takesMore is a command's arguments: names, then any number more.
func takesMore(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return takes(names...)(cmd, args[:min(len(args), len(names))])
	}
}

// everywhere adds --all-orgs to a command that reads.
func (d *duo) everywhere(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&d.all, "all-orgs", false, "take all organizations")
}
