package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newTokensBreakGlass(g *globals) *cobra.Command {
	var yes, dryRun, count, revoke bool
	args := breakGlassArgs{}
	cmd := &cobra.Command{
		Use:   "break-glass USER",
		Short: "Make sealed one-use codes for the day Duo is down",
		Long: `break-glass makes codes that stand in for the second factor: print them, seal them,
lock them away. With the password, a comma and a code (password,mfab-...) the user
logs in once; each use is an alarm in the log and the audit trail. New codes replace
the user's earlier ones.`,
		Example: `  mfaserver tokens break-glass alice --codes 5 --reason 'yearly renewal' --yes
  mfaserver tokens break-glass alice --count
  mfaserver tokens break-glass alice --revoke --reason 'envelope opened' --yes`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, names []string) error {
			args.Username = names[0]
			if args.Reason == "" && !count && !dryRun {
				return errNoReason
			}
			var before breakGlassCount
			if err := g.command(cmd.Context(), "tokens.break_glass_list", args, &before); err != nil {
				return err
			}
			switch {
			case count || dryRun:
				return g.printBreakGlass(before, "has %d code(s)")
			case before.Count > 0:
				question := fmt.Sprintf("End the %d code(s) that %s has?", before.Count, printable(args.Username))
				if err := confirm(g.console, yes, question); err != nil {
					return err
				}
			}
			if !revoke {
				return g.makeBreakGlass(cmd, args)
			}
			var ended breakGlassCount
			if err := g.command(cmd.Context(), "tokens.break_glass_revoke", args, &ended); err != nil {
				return err
			}
			return g.printBreakGlass(ended, "lost %d code(s)")
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&args.Count, "codes", 5, "`N` of codes to make, 1 to 10")
	flags.StringVar(&args.Reason, "reason", "", "`TEXT` for the audit trail; required")
	flags.BoolVar(&count, "count", false, "say how many unused codes the user has, and do nothing")
	flags.BoolVar(&revoke, "revoke", false, "end the user's codes and make none")
	flags.BoolVar(&yes, "yes", false, "do it without asking")
	flags.BoolVar(&dryRun, "dry-run", false, "say how many codes would end, and do nothing")
	return cmd
}

func (g *globals) makeBreakGlass(cmd *cobra.Command, args breakGlassArgs) error {
	var made breakGlassMade
	if err := g.command(cmd.Context(), "tokens.break_glass", args, &made); err != nil {
		return err
	}
	if g.output == "json" {
		return printJSON(g.console.out, made)
	}
	for _, code := range made.Codes {
		if _, err := fmt.Fprintln(g.console.out, code); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(g.console.out, "%d code(s) for %s, each good once. They are not shown again.\n", len(made.Codes), printable(made.Username))
	return err
}

func (g *globals) printBreakGlass(c breakGlassCount, text string) error {
	if g.output == "json" {
		return printJSON(g.console.out, c)
	}
	_, err := fmt.Fprintf(g.console.out, "%s "+text+"\n", printable(c.Username), c.Count)
	return err
}
