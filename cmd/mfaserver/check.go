package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/store/sqlite"
)

// errCheck: something that check looked at failed.
var errCheck = errors.New("the check found failures")

func newCheck(g *globals) *cobra.Command {
	var configOnly bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration, its credentials against Duo, and the engine behind a gateway",
		Long: `check reads the configuration as serve would and lists everything that is wrong
with it, each with its line. Then it asks Duo whether it takes every application's
credentials, says which API a pair of keys belongs to when it stands in the wrong
place, and looks at the clock, the certificates and the directory keys. Behind a
gateway it also looks at the engine: its version, whether it takes admin/admin (one
failed login), and on which other addresses it answers. It lists who is exempt from
the second factor. Whatever failed says what to do next. Nothing is started or
changed; a directory key is tried with a user whom no directory has, for Duo has no
other call that knows it.

The exit code is 0 when nothing failed; warnings are well.`,
		Example: `  mfaserver --config /etc/mfaserver/mfaserver.yaml check
  mfaserver check --config-only
  mfaserver check --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return g.check(cmd.Context(), configOnly) },
	}
	cmd.Flags().BoolVar(&configOnly, "config-only", false, "look at the file alone, and ask Duo nothing")
	return cmd
}

// checkResult is what check prints for programs.
type checkResult struct {
	OK       bool              `json:"ok"`
	File     string            `json:"file"`
	Faults   []config.Fault    `json:"faults,omitempty"`
	Findings []checkup.Finding `json:"findings,omitempty"`
}

func (g *globals) check(ctx context.Context, configOnly bool) error {
	cfg, err := loadConfig(g.config)
	if err == nil {
		_, err = newUniversal(cfg)
	}
	result := checkResult{OK: err == nil, File: g.config}
	if faults, ok := errors.AsType[*config.FaultsError](err); ok {
		result.Faults = faults.Faults
	}
	if err == nil && !configOnly {
		report := g.checkup(ctx, cfg)
		result.OK, result.Findings = report.OK(), report.Findings
		if !result.OK {
			err = fmt.Errorf("%w: %d, with %d warning(s)", errCheck, report.Count(checkup.Fail), report.Count(checkup.Warn))
		}
	}
	if g.output == "json" {
		return errors.Join(printJSON(g.console.out, result), err)
	}
	if printErr := g.printFindings(result.Findings); printErr != nil || err != nil {
		return errors.Join(printErr, err)
	}
	_, err = fmt.Fprintf(g.console.out, "%s: good\n", g.config)
	return err
}

func (g *globals) checkup(ctx context.Context, cfg *config.Config) checkup.Report {
	progress := g.progress("looking")
	defer progress.end()
	step := func(checkup.Finding) { progress.step() }
	report := checkup.Run(ctx, checkup.Config{
		Settings: cfg, Now: now, Progress: step, Options: []duoclient.Option{duoclient.WithClock(now)},
	})
	report.Findings = append(report.Findings, checkStore(ctx, cfg))
	report.Findings = append(report.Findings, checkup.Exemptions(exemptions(cfg), now())...)
	if cfg.Primary.Upstream != nil {
		report.Findings = append(report.Findings, g.checkEngine(ctx, cfg, step).Findings...)
	}
	return report
}

// checkEngine looks at the engine behind a gateway.
func (g *globals) checkEngine(ctx context.Context, cfg *config.Config, step func(checkup.Finding)) checkup.Report {
	client, _, err := newEngine(cfg)
	if err != nil {
		return checkup.Report{Findings: []checkup.Finding{{
			Level: checkup.Fail, Subject: "primary.upstream", Text: sentence(err), Advice: "Correct primary.upstream in " + g.config + ".",
		}}}
	}
	defer client.Close()
	return checkup.Gateway(ctx, checkup.GatewayConfig{
		Engine: client, AllowOutdated: cfg.Primary.Upstream.AllowOutdated, PublicURLs: cfg.PublicURLs,
		Certificate: checkup.OwnCertificate(cfg), Progress: step, Now: now,
	})
}

// checkStore reads the whole store, beside a running server or without one.
func checkStore(ctx context.Context, cfg *config.Config) checkup.Finding {
	f := checkup.Finding{Subject: "store", Level: checkup.OK}
	if cfg.Store.Redis != nil {
		return checkRedis(ctx, cfg)
	}
	if _, err := os.Stat(storePath(cfg)); errors.Is(err, fs.ErrNotExist) {
		f.Text = "none yet; serve makes " + storePath(cfg)
		return f
	}
	sealed, err := sealer(cfg, "store.key")
	if err == nil {
		err = sqlite.Verify(ctx, sqlite.Config{Path: storePath(cfg), Sealer: sealed})
	}
	if err != nil {
		f.Level, f.Text = checkup.Fail, sentence(err)
		f.Advice = "Stop the server, keep the file, and put the latest backup in its place (mfaserver backup makes them)."
		return f
	}
	f.Text = storePath(cfg) + " is whole"
	return f
}

// exemptions are the rows that check lists.
func exemptions(cfg *config.Config) []checkup.Exemption {
	var rows []checkup.Exemption
	for _, e := range cfg.RuleSet().Exemptions() {
		row := checkup.Exemption{Name: e.Name, Users: e.Users, Owner: e.Owner, Reason: e.Reason, Until: e.Until}
		for _, n := range e.Networks {
			row.Networks = append(row.Networks, n.String())
		}
		rows = append(rows, row)
	}
	return rows
}

// printFindings prints a line for each, and below it what to do.
func (g *globals) printFindings(findings []checkup.Finding) error {
	rows := make([][]string, 0, len(findings))
	for _, f := range findings {
		rows = append(rows, []string{string(f.Level), f.Subject, f.Text})
		if f.Advice != "" {
			rows = append(rows, []string{"", "", "-> " + f.Advice})
		}
	}
	return tableRows(g.console.out, rows)
}
