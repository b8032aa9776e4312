package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// errNothing: what a command was to find is not there.
var errNothing = errors.New("nothing found")

// errNoReason: a command that ends something was not told why.
var errNoReason = fmt.Errorf("%w: --reason says why, for the audit trail", errUsage)

func newSessions(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "List the sessions of signed-in clients, and end them",
		Long: `sessions lists and ends sessions. What is ended stays ended, and a session that
the engine behind a gateway keeps is logged out there too.

The commands work beside a running server (through its control socket) and without
one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSessionsList(g), newSessionsShow(g), newSessionsRevoke(g))
	return cmd
}

func newSessionsList(g *globals) *cobra.Command {
	var args listSessionsArgs
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the live sessions, the latest first",
		Example: "  mfaserver sessions list\n  mfaserver sessions list --user alice --output json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []sessionView
			if err := g.command(cmd.Context(), "sessions.list", args, &all); err != nil {
				return err
			}
			return g.printSessions(all)
		},
	}
	cmd.Flags().StringVar(&args.Username, "user", "", "sessions of the user `NAME`")
	return cmd
}

func (g *globals) printSessions(all []sessionView) error {
	if g.output == "json" {
		return printJSON(g.console.out, all)
	}
	rows := make([][]string, len(all))
	for i, s := range all {
		rows[i] = []string{s.ID, s.Username, s.Kind, s.Source, s.proof(), moment(s.CreatedAt), moment(s.LastActive), s.UserAgent}
	}
	return table(g.console.out, []string{"ID", "USER", "KIND", "SOURCE", "PROOF", "SINCE", "LAST ACTIVE", "CLIENT"}, rows)
}

// proof says on what the session rests.
func (s sessionView) proof() string {
	switch {
	case s.FailOpen:
		return "none (Duo was down)"
	case s.Token != "":
		return "token " + s.Token
	case s.Exemption != "":
		return "exempt: " + s.Exemption
	default:
		return s.Factor
	}
}

func newSessionsShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "show ID",
		Short:   "Show all that is known of a session",
		Example: "  mfaserver sessions show 1f0c9a2b7d44",
		Args:    oneSession,
		RunE: func(cmd *cobra.Command, ids []string) error {
			var s sessionView
			if err := g.command(cmd.Context(), "sessions.show", showSessionArgs{ID: ids[0]}, &s); err != nil {
				return err
			}
			if g.output == "json" {
				return printJSON(g.console.out, s)
			}
			return tableRows(g.console.out, [][]string{
				{"id", s.ID},
				{"user", s.Username},
				{"kind", s.Kind},
				{"source", s.Source},
				{"client", s.UserAgent},
				{"login", s.Login},
				{"proof", s.proof()},
				{"reason", s.Reason},
				{"device", s.Device},
				{"proved", moment(s.ApprovedAt)},
				{"since", moment(s.CreatedAt)},
				{"last active", moment(s.LastActive)},
				{"ends if idle", moment(s.IdleEnd)},
				{"ends", moment(s.Expires)},
				{"administrator", yesNo(s.Administrator)},
				{"read-only", yesNo(s.ReadOnly)},
			})
		},
	}
}

func oneSession(_ *cobra.Command, ids []string) error {
	if len(ids) != 1 {
		return fmt.Errorf("%w: give the session's ID, see sessions list", errUsage)
	}
	return nil
}

func newSessionsRevoke(g *globals) *cobra.Command {
	var args revokeSessionsArgs
	var all, yes, dryRun bool
	var before string
	cmd := &cobra.Command{
		Use:   "revoke [ID]",
		Short: "End a session, all of a user, or all",
		Example: `  mfaserver sessions revoke 1f0c9a2b7d44 --reason 'laptop stolen' --yes
  mfaserver sessions revoke --user alice --reason 'left the company' --dry-run
  mfaserver sessions revoke --all --before 2026-11-22T08:00:00Z --reason 'key rotation'`,
		Args: func(_ *cobra.Command, ids []string) error {
			if len(ids) > 1 {
				return fmt.Errorf("%w: give one ID", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, ids []string) error {
			if len(ids) == 1 {
				args.ID = ids[0]
			}
			if err := args.check(all); err != nil {
				return err
			}
			var err error
			if args.Before, err = parseMoment(before); err != nil {
				return fmt.Errorf("%w: --before takes a date, a time such as 2026-11-22T08:00:00Z, or an age such as 24h", errUsage)
			}
			args.DryRun = true
			var meant []sessionView
			if err := g.command(cmd.Context(), "sessions.revoke", args, &meant); err != nil {
				return err
			}
			if dryRun {
				return g.printSessions(meant)
			}
			if err := confirm(g.console, yes, fmt.Sprintf("End %d session(s)?", len(meant))); err != nil {
				return err
			}
			args.DryRun = false
			if err := g.command(cmd.Context(), "sessions.revoke", args, &meant); err != nil {
				return err
			}
			return g.printRevokedSessions(meant)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.Username, "user", "", "all sessions of the user `NAME`")
	flags.BoolVar(&all, "all", false, "all sessions of everybody")
	flags.StringVar(&before, "before", "", "only those begun before this `TIME`")
	flags.StringVar(&args.Reason, "reason", "", "`TEXT` for the audit trail; required")
	flags.BoolVar(&yes, "yes", false, "do it without asking")
	flags.BoolVar(&dryRun, "dry-run", false, "list what would end, and do nothing")
	return cmd
}

// check wants exactly one way to say which sessions, and a reason.
func (a *revokeSessionsArgs) check(all bool) error {
	ways := 0
	for _, given := range []bool{a.ID != "", a.Username != "", all} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("%w: give an ID, --user or --all", errUsage)
	case a.Reason == "":
		return errNoReason
	}
	return nil
}

func (g *globals) printRevokedSessions(ended []sessionView) error {
	if g.output == "json" {
		return printJSON(g.console.out, ended)
	}
	_, err := fmt.Fprintf(g.console.out, "ended %d session(s) at %s\n", len(ended), now().UTC().Format(time.RFC3339))
	return err
}
