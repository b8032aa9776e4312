package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Example: "  mfaserver version --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			info := map[string]string{
				"version": programVersion(),
				"go":      runtime.Version(),
				"system":  runtime.GOOS + "/" + runtime.GOARCH,
			}
			if g.output == "json" {
				return printJSON(g.console.out, info)
			}
			_, err := fmt.Fprintf(g.console.out, "mfaserver %s (%s, %s)\n", info["version"], info["go"], info["system"])
			return err
		},
	}
}

// stampedVersion is what a release is called: set by the linker (see
// deploy/build), and never by the program.
var stampedVersion string

// programVersion is the release's, or what the Go tool stamps into a build from
// a checkout.
func programVersion() string {
	if stampedVersion != "" {
		return stampedVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
