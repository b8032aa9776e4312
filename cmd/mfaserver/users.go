package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

func newUsers(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "users",
		Short: "Manage the accounts of the local directory",
		Long: `users manages the accounts of the local directory. The commands work beside a
running server (through its control socket) and without one.

A password comes from a file, the environment or the terminal, never from the
command line.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newUsersAdd(g), newUsersList(g), newUsersPasswd(g),
		newUsersState(g, "disable", "Refuse a user's logins, end his sessions and revoke his service tokens"),
		newUsersState(g, "enable", "Let a disabled user log in again"),
		newUsersRemove(g))
	return cmd
}

func newUsersAdd(g *globals) *cobra.Command {
	var args addUserArgs
	var source passwordSource
	var oneTime bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `add makes an account. With --one-time the server makes the password: it is
printed once, works for one login within the hour, and is then to be replaced
with "users passwd". That is how the first administrator is made.`,
		Example: `  mfaserver users add alice --role admin --one-time
  mfaserver users add bob --password-file bob.txt --email bob@example.org`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, names []string) error {
			args.Username = names[0]
			if oneTime {
				args.OneTime = true
			} else {
				password, err := source.read(cmd.Context(), g.console, "Password for "+printable(args.Username))
				if err != nil {
					return err
				}
				args.Password = password.Reveal()
			}
			var added addedUser
			if err := g.command(cmd.Context(), "users.add", args, &added); err != nil {
				return err
			}
			return g.printAdded(added)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&args.Role, "role", "user", "`ROLE`: user or admin")
	flags.StringVar(&args.Email, "email", "", "e-mail `ADDRESS`")
	flags.StringVar(&args.FirstName, "first-name", "", "first `NAME`")
	flags.StringVar(&args.LastName, "last-name", "", "last `NAME`")
	flags.BoolVar(&oneTime, "one-time", false, "make a one-time password, valid for an hour, and print it")
	addPasswordFlags(cmd, &source)
	return cmd
}

func (g *globals) printAdded(added addedUser) error {
	if g.output == "json" {
		return printJSON(g.console.out, added)
	}
	if _, err := fmt.Fprintf(g.console.out, "added %s (%s)\n", printable(added.User.Username), added.User.Role); err != nil {
		return err
	}
	if added.OneTimePassword == "" {
		return nil
	}
	_, err := fmt.Fprintf(g.console.out, "one-time password: %s\nIt works for one login until %s and is not shown again.\n",
		added.OneTimePassword, added.User.OneTimeUntil.Local().Format(time.RFC1123))
	return err
}

func addPasswordFlags(cmd *cobra.Command, source *passwordSource) {
	cmd.Flags().StringVar(&source.file, "password-file", "", "read the password from the first line of a `FILE`; - is standard input")
	cmd.Flags().StringVar(&source.env, "password-env", "", "read the password from an environment `VARIABLE`")
}

func newUsersPasswd(g *globals) *cobra.Command {
	var source passwordSource
	cmd := &cobra.Command{
		Use:     "passwd NAME",
		Short:   "Set a user's password and end his sessions",
		Example: "  mfaserver users passwd bob --password-file -",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, names []string) error {
			password, err := source.read(cmd.Context(), g.console, "New password for "+printable(names[0]))
			if err != nil {
				return err
			}
			var changed changedUser
			args := passwdArgs{Username: names[0], Password: password.Reveal()}
			if err := g.command(cmd.Context(), "users.passwd", args, &changed); err != nil {
				return err
			}
			return g.printChanged("password set for", changed)
		},
	}
	addPasswordFlags(cmd, &source)
	return cmd
}

func newUsersState(g *globals, verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " NAME",
		Short:   short,
		Example: "  mfaserver users " + verb + " bob",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, names []string) error {
			var changed changedUser
			if err := g.command(cmd.Context(), "users."+verb, nameArgs{Username: names[0]}, &changed); err != nil {
				return err
			}
			return g.printChanged(verb+"d", changed)
		},
	}
}

func newUsersRemove(g *globals) *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a user, end his sessions and revoke his service tokens",
		Example: "  mfaserver users remove bob --yes\n  mfaserver users remove bob --dry-run",
		Args:    oneName,
		RunE: func(cmd *cobra.Command, names []string) error {
			var changed changedUser
			args := removeArgs{Username: names[0], DryRun: true}
			if err := g.command(cmd.Context(), "users.remove", args, &changed); err != nil {
				return err
			}
			if dryRun {
				return g.printChanged("would remove", changed)
			}
			question := fmt.Sprintf("Remove %s and end %d session(s)?", printable(names[0]), changed.SessionsEnded)
			if err := confirm(g.console, yes, question); err != nil {
				return err
			}
			args.DryRun = false
			if err := g.command(cmd.Context(), "users.remove", args, &changed); err != nil {
				return err
			}
			return g.printChanged("removed", changed)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

func (g *globals) printChanged(what string, changed changedUser) error {
	if g.output == "json" {
		return printJSON(g.console.out, changed)
	}
	_, err := fmt.Fprintf(g.console.out, "%s %s (%d session(s) ended)\n", what, printable(changed.User.Username), changed.SessionsEnded)
	return err
}

func newUsersList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the users",
		Example: "  mfaserver users list --output json",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var users []userView
			if err := g.command(cmd.Context(), "users.list", struct{}{}, &users); err != nil {
				return err
			}
			if g.output == "json" {
				return printJSON(g.console.out, users)
			}
			rows := make([][]string, len(users))
			for i, u := range users {
				rows[i] = []string{strconv.Itoa(u.ID), u.Username, u.Role, u.state(), u.lastLogin(), u.Email}
			}
			return table(g.console.out, []string{"ID", "NAME", "ROLE", "STATE", "LAST LOGIN", "E-MAIL"}, rows)
		},
	}
}
