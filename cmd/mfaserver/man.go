package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan is for packagers: hidden, for nobody needs it in operation.
func newMan(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "man FOLDER",
		Short: "Write the manual pages into a folder",
		Long: `man writes one manual page for each command into the folder, which is made where
there is none. They show today's date, or that of SOURCE_DATE_EPOCH.`,
		Example: "  mfaserver man ./man",
		Hidden:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%w: give the folder to write into", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.writeManual(cmd.Root(), args[0]) },
	}
}

func (g *globals) writeManual(root *cobra.Command, dir string) error {
	date := now().UTC()
	if text := os.Getenv("SOURCE_DATE_EPOCH"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: SOURCE_DATE_EPOCH is no number of seconds", errUsage)
		}
		date = time.Unix(seconds, 0).UTC()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: manual pages are for everybody
		return fmt.Errorf("manual: %w", err)
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "mfaserver " + programVersion(), Manual: "mfaserver", Date: &date}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("manual: %w", err)
	}
	_, err := fmt.Fprintf(g.console.out, "manual pages are in %s\n", dir)
	return err
}
