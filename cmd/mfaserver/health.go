package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"mfaserver/internal/control"
)

// errUnhealthy: the running server found something wrong with itself.
var errUnhealthy = errors.New("the server is not healthy")

func newHealth(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the running server whether it can let people in",
		Long: `health asks the running server, over the control socket in its data directory,
whether it answers on its listener and whether its store works. It is what a
container's HEALTHCHECK calls. Duo and the engine are not asked; check does that.

The exit code is 0 when all is well, 1 when something is not, 5 when no server runs.`,
		Example: `  mfaserver --config /etc/mfaserver/mfaserver.yaml health
  mfaserver health --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.health(cmd.Context()) },
	}
}

// health asks; a server that does not run is never started for it.
func (g *globals) health(ctx context.Context) error {
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	var parts []part
	if err := control.NewClient(controlSocket(cfg), sentinels()).Call(ctx, "server.health", struct{}{}, &parts); err != nil {
		return err
	}
	err = g.printParts(parts)
	if slices.ContainsFunc(parts, func(p part) bool { return !p.OK }) {
		return errors.Join(err, errUnhealthy)
	}
	return err
}

func (g *globals) printParts(parts []part) error {
	if g.output == "json" {
		return printJSON(g.console.out, parts)
	}
	rows := make([][]string, len(parts))
	for i, p := range parts {
		rows[i] = []string{p.Name, "good"}
		if !p.OK {
			rows[i][1] = p.Fault
		}
	}
	return tableRows(g.console.out, rows)
}

// healthCommand is the server's side.
func (a *app) healthCommand(ctx context.Context, _ control.Caller, _ json.RawMessage) (any, error) {
	return a.selfCheck(ctx), nil
}
