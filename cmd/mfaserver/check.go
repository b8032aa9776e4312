package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
)

func newCheck(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the configuration file",
		Long: `check reads the configuration as serve would and lists everything that is wrong
with it, each with its line. Nothing is started or changed.`,
		Example: "  mfaserver --config /etc/mfaserver/mfaserver.yaml check",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return g.check() },
	}
}

// checkResult is what check prints for programs.
type checkResult struct {
	OK     bool           `json:"ok"`
	File   string         `json:"file"`
	Faults []config.Fault `json:"faults,omitempty"`
}

func (g *globals) check() error {
	cfg, err := loadConfig(g.config)
	if err == nil {
		_, err = newUniversal(cfg)
	}
	if g.output == "json" {
		result := checkResult{OK: err == nil, File: g.config}
		if faults, ok := errors.AsType[*config.FaultsError](err); ok {
			result.Faults = faults.Faults
		}
		return errors.Join(printJSON(g.console.out, result), err)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.console.out, "%s: good\n", g.config)
	return err
}
