package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mfaserver/internal/apiclient"
)

func newLogout(g *globals) *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "logout --server URL --cookie-jar FILE",
		Short: "End the session that login wrote to a cookie jar",
		Long: `logout ends the session that the jar has for the server, and takes it out of the
jar. A session that had ended already is no failure.`,
		Example: "  mfaserver logout --server https://mirth.example.org:8443 --cookie-jar jar",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runLogout(cmd.Context(), g, f)
		},
	}
	f.addCommon(cmd)
	_ = cmd.MarkFlagRequired("cookie-jar") // the flag is there
	return cmd
}

func runLogout(ctx context.Context, g *globals, f loginFlags) error {
	jar, err := apiclient.ReadJar(f.jar)
	if err != nil {
		return err
	}
	client, err := f.client()
	if err != nil {
		return err
	}
	defer client.Close()
	session := jar.Session(client.Server())
	if session.IsZero() {
		return fmt.Errorf("%w: %s has no session at %s", errNothing, f.jar, client.Server())
	}
	said := "signed out of"
	err = client.Logout(ctx, session)
	switch {
	case errors.Is(err, apiclient.ErrNoSession):
		said = "the session had ended already at"
	case err != nil:
		return cancelled(ctx, err)
	}
	if err := forget(f.jar, client.Server()); err != nil {
		return err
	}
	if g.output == "json" {
		return printJSON(g.console.out, map[string]any{"server": client.Server(), "ended": err == nil})
	}
	_, err = fmt.Fprintf(g.console.out, "%s %s\n", said, client.Server())
	return err
}
