package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func newTokens(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tokens",
		Short: "Service tokens for programs, and break-glass codes for the day Duo is down",
		Long: `tokens makes, lists and revokes service tokens: what programs log in with that
nobody can answer a prompt for. A token acts for one user, within its scope, until
its end; it is good as the password of that user, as the password of HTTP Basic and
as a Bearer token. Its value is shown once.

The commands work beside a running server (through its control socket) and without
one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokensCreate(g), newTokensList(g), newTokensRevoke(g), newTokensBreakGlass(g))
	return cmd
}

func newTokensCreate(g *globals) *cobra.Command {
	var args createTokenArgs
	var source passwordSource
	var life time.Duration
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a service token and print it once",
		Long: `create makes a token that acts for --user and for which --owner answers. Behind a
gateway it needs the user's password at the engine, which is kept sealed; the engine
is asked whether it is right.`,
		Example: `  mfaserver tokens create nightly-export --user svc-export --owner alice --read-only \
      --path /channels --network 192.0.2.0/24 --life 2160h
  mfaserver tokens create mirthsync --user svc-sync --owner bob --password-file svc-sync.txt`,
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) != 1 {
				return fmt.Errorf("%w: give the token a name that says what it is for", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := checkNetworks(args.Networks); err != nil {
				return err
			}
			args.Name, args.Expires = names[0], now().Add(life)
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			if cfg.Primary.Upstream != nil {
				password, err := source.readOnce(cmd.Context(), g.console, "Password of "+printable(args.Username)+" at the engine")
				if err != nil {
					return err
				}
				args.Password = password.Reveal()
			}
			var created createdToken
			if err := g.command(cmd.Context(), "tokens.create", args, &created); err != nil {
				return err
			}
			return g.printToken(created)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.Username, "user", "", "`NAME` of the user that the token acts for")
	flags.StringVar(&args.Owner, "owner", "", "`NAME` of the person who answers for it")
	flags.BoolVar(&args.ReadOnly, "read-only", false, "allow nothing that changes anything")
	flags.StringArrayVar(&args.Paths, "path", nil, "`PREFIX` of the API's paths it may use, below /api; may be repeated")
	flags.StringArrayVar(&args.Networks, "network", nil, "`NETWORK` it may be used from, such as 192.0.2.0/24; may be repeated")
	flags.DurationVar(&life, "life", 90*24*time.Hour, "how long it is valid, a `DURATION` such as 2160h")
	addPasswordFlags(cmd, &source)
	for _, name := range []string{"user", "owner"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return cmd
}

// checkNetworks refuses what is no network, before a password is asked for.
func checkNetworks(networks []string) error {
	for _, text := range networks {
		if _, err := netip.ParsePrefix(text); err != nil {
			return fmt.Errorf("%w: --network takes a network such as 192.0.2.0/24, or 192.0.2.7/32 for one address", errUsage)
		}
	}
	return nil
}

func (g *globals) printToken(created createdToken) error {
	if g.output == "json" {
		return printJSON(g.console.out, created)
	}
	_, err := fmt.Fprintf(g.console.out, "token %s for %s until %s:\n\n%s\n\nIt is not shown again.\n",
		created.Token.ID, printable(created.Token.Username), created.Token.ExpiresAt.Local().Format(time.RFC1123), created.Value)
	return err
}

func newTokensList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the service tokens, and those that ended lately",
		Example: "  mfaserver tokens list --output json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []tokenView
			if err := g.command(cmd.Context(), "tokens.list", struct{}{}, &all); err != nil {
				return err
			}
			if g.output == "json" {
				return printJSON(g.console.out, all)
			}
			rows := make([][]string, len(all))
			for i, t := range all {
				rows[i] = []string{t.ID, t.Name, t.Username, t.Owner, t.scope(), t.state(), moment(t.LastUsed)}
			}
			return table(g.console.out, []string{"ID", "NAME", "USER", "OWNER", "SCOPE", "STATE", "LAST USED"}, rows)
		},
	}
}

func (v tokenView) scope() string {
	words := []string{"all"}
	if v.ReadOnly {
		words[0] = "read-only"
	}
	return strings.Join(append(append(words, v.Paths...), v.Networks...), " ")
}

func (v tokenView) state() string {
	switch {
	case !v.EndedAt.IsZero():
		return "ended: " + v.EndReason
	case !now().Before(v.ExpiresAt):
		return "expired"
	default:
		return "until " + v.ExpiresAt.UTC().Format(time.DateOnly)
	}
}

// moment is a time in a table.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func newTokensRevoke(g *globals) *cobra.Command {
	var yes, dryRun bool
	var args revokeTokenArgs
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a service token and the sessions it opened",
		Example: "  mfaserver tokens revoke 6f1c0a9d2b34 --reason 'left the repository' --yes",
		Args: func(_ *cobra.Command, ids []string) error {
			if len(ids) != 1 {
				return fmt.Errorf("%w: give the token's ID, see tokens list", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, ids []string) error {
			if args.Reason == "" && !dryRun {
				return errNoReason
			}
			args.ID, args.DryRun = ids[0], true
			var t tokenView
			if err := g.command(cmd.Context(), "tokens.revoke", args, &t); err != nil {
				return err
			}
			if dryRun {
				return g.printRevoked("would revoke", t)
			}
			if err := confirm(g.console, yes, fmt.Sprintf("Revoke %s of %s?", printable(t.Name), printable(t.Username))); err != nil {
				return err
			}
			args.DryRun = false
			if err := g.command(cmd.Context(), "tokens.revoke", args, &t); err != nil {
				return err
			}
			return g.printRevoked("revoked", t)
		},
	}
	cmd.Flags().StringVar(&args.Reason, "reason", "", "`TEXT` for the audit trail; required")
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

func (g *globals) printRevoked(what string, t tokenView) error {
	if g.output == "json" {
		return printJSON(g.console.out, t)
	}
	_, err := fmt.Fprintf(g.console.out, "%s %s (%s) of %s\n", what, t.ID, printable(t.Name), printable(t.Username))
	return err
}
