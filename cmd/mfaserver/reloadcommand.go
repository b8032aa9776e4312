package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
	"mfaserver/internal/control"
)

func newReload(g *globals) *cobra.Command {
	var dataDir string
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Put a changed configuration in force without a restart",
		Long: `reload has the running server read its configuration file again, with all files
that it names: secrets, certificates, authorities. The whole of it is checked first.
On any fault nothing is changed, and the command says why. Logins, sessions and
requests under way go on.

It does what SIGHUP does, and waits for the outcome. These settings need a restart:
` + fixedKeys() + `.`,
		Example: `  mfaserver --config /etc/mfaserver/mfaserver.yaml reload
  mfaserver reload --data-dir /var/lib/mfaserver --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			socket := filepath.Join(dataDir, "control.sock")
			if dataDir == "" {
				cfg, err := loadConfig(g.config)
				if err != nil {
					return fmt.Errorf("nothing was changed: %w", err)
				}
				socket = controlSocket(cfg)
			}
			var done reloaded
			err := control.NewClient(socket, sentinels()).Call(cmd.Context(), "server.reload", struct{}{}, &done)
			switch {
			case errors.Is(err, control.ErrNotRunning):
				return err
			case err != nil:
				return fmt.Errorf("the server goes on with the configuration it has: %w", err)
			}
			return g.printReloaded(done)
		},
	}
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "`DIR` of the server's data: the configuration is then not read here, only by the server")
	return cmd
}

func (g *globals) printReloaded(done reloaded) error {
	if g.output == "json" {
		return printJSON(g.console.out, done)
	}
	what := "no setting changed; files that it names were read again"
	if len(done.Changed) > 0 {
		what = "changed: " + strings.Join(done.Changed, ", ")
	}
	_, err := fmt.Fprintf(g.console.out, "the configuration is in force (sha256 %s); %s\n", done.Digest, what)
	return err
}

// fixedKeys are the settings that need a restart, for people.
func fixedKeys() string {
	var keys []string
	for _, s := range settings() {
		if s.fixed {
			keys = append(keys, s.key)
		}
	}
	return strings.Join(append(keys, "log.format,\nprimary.upstream.url", "and where passwords are checked"), ", ")
}

// reloadFaults are the errors by which a server refuses a configuration.
func reloadFaults() []error { return []error{config.ErrInvalid, errRestart, errCertificateNames} }
