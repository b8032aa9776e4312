package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/audit"
	"mfaserver/internal/config"
)

func newAudit(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read, verify and export the audit trail",
		Long: `audit reads the files of the audit trail, beside a running server or without one.
Every record is chained to the one before it and the chain is signed from time to
time, so that verify finds what was changed, and where.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuditShow(g), newAuditVerify(g), newAuditExport(g), newAuditReport(g))
	return cmd
}

func auditPath(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "audit", "audit.jsonl") }

// auditKeyFile holds the key of the trail.
const auditKeyFile = "audit.key"

// verificationOf is what the trail is verified with; it makes no key.
func verificationOf(cfg *config.Config) (audit.VerifyConfig, error) {
	if _, err := os.Stat(filepath.Join(cfg.KeysDir, auditKeyFile)); err != nil {
		return audit.VerifyConfig{}, fmt.Errorf("key of the audit trail: %w", err)
	}
	current, earlier, err := auditKeys(cfg)
	if err != nil {
		return audit.VerifyConfig{}, err
	}
	return audit.VerifyConfig{Path: auditPath(cfg), MAC: current.MAC, Earlier: earlier}, nil
}

// auditFilter is the part of the trail that a command line asks for.
type auditFilter struct {
	filter       audit.Filter
	since, until string
	source       string
	event        string
}

func (f *auditFilter) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.filter.User, "user", "", "records of the user `NAME`")
	flags.StringVar(&f.event, "event", "", "records of this `EVENT`; with a dot at the end all that begin so, such as \"session.\"")
	flags.StringVar(&f.filter.Transaction, "login", "", "records with this `HANDLE` of a login (tx)")
	flags.StringVar(&f.filter.Session, "session", "", "records with this `HANDLE` of a session")
	flags.StringVar(&f.source, "source", "", "records of the client at this `ADDRESS`")
	flags.StringVar(&f.since, "since", "", "records from this `TIME` on: 2026-11-22, 2026-11-22T08:00:00Z, or 24h for the last day")
	flags.StringVar(&f.until, "until", "", "records before this `TIME`")
}

func (f *auditFilter) resolve() (audit.Filter, error) {
	filter := f.filter
	filter.Event = audit.Name(f.event)
	for _, bound := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", f.since, &filter.From}, {"until", f.until, &filter.To}} {
		at, err := parseMoment(bound.text)
		if err != nil {
			return filter, fmt.Errorf("%w: --%s takes a date, a time such as 2026-11-22T08:00:00Z, or an age such as 24h", errUsage, bound.flag)
		}
		*bound.to = at
	}
	if f.source != "" {
		addr, err := netip.ParseAddr(f.source)
		if err != nil {
			return filter, fmt.Errorf("%w: --source takes an address such as 192.0.2.7", errUsage)
		}
		filter.Source = addr
	}
	return filter, nil
}

// parseMoment reads a time, a day (UTC), or an age.
func parseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now().Add(-age), nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, text)
}

func newAuditShow(g *globals) *cobra.Command {
	var f auditFilter
	var story string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the latest records, or one login through all its records",
		Example: `  mfaserver audit show --user alice --since 24h
  mfaserver audit show --event session. --limit 20
  mfaserver audit show --story 1f0c9a2b7d44`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			reader := audit.NewReader(auditPath(cfg), nil)
			if story != "" {
				return g.showStory(cmd.Context(), reader, story)
			}
			filter, err := f.resolve()
			if err != nil {
				return err
			}
			filter.Newest = true
			if g.output == "json" {
				_, err := audit.Export(g.console.out, audit.JSONLines, reader.Search(cmd.Context(), filter))
				return err
			}
			var entries []audit.Entry
			for e, err := range reader.Search(cmd.Context(), filter) {
				if err != nil {
					return err
				}
				entries = append(entries, e)
			}
			return g.printEntries(entries)
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.filter.Limit, "limit", 100, "`N` of records at most")
	cmd.Flags().StringVar(&story, "story", "", "tell the login with this `HANDLE`: both its calls, and the session that came of it")
	return cmd
}

func (g *globals) printEntries(entries []audit.Entry) error {
	rows := make([][]string, len(entries))
	for i, e := range entries {
		source := ""
		if e.Source.IsValid() {
			source = e.Source.String()
		}
		user := e.Username
		if e.Actor != "" {
			user += " (by " + e.Actor + ")"
		}
		rows[i] = []string{
			strconv.FormatUint(e.Sequence, 10), e.Time.Format(time.RFC3339), string(e.Name), string(e.Outcome),
			strings.TrimSpace(user), source, e.Transaction, e.Session, e.Reason,
		}
	}
	return table(g.console.out, []string{"SEQ", "TIME", "EVENT", "OUTCOME", "USER", "SOURCE", "LOGIN", "SESSION", "REASON"}, rows)
}

func (g *globals) showStory(ctx context.Context, reader *audit.Reader, handle string) error {
	story, err := reader.Story(ctx, handle)
	if err != nil {
		return err
	}
	if len(story.Entries) == 0 {
		return fmt.Errorf("%w: the trail knows no login %s", errNothing, printable(handle))
	}
	if g.output == "json" {
		return printJSON(g.console.out, story)
	}
	_, err = fmt.Fprintf(g.console.out, "login %s of %s: %s\nfactor %s, reason %s, device %s, Duo txid %s\n\n",
		printable(story.Transaction), printable(story.Username), story.Outcome, printable(story.Factor), printable(story.DuoReason),
		printable(story.Device), printable(story.TxID))
	if err != nil {
		return err
	}
	return g.printEntries(story.Entries)
}

func newAuditVerify(g *globals) *cobra.Command {
	var known string
	var first uint64
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no record was changed, removed, added or moved",
		Long: `verify reads the whole trail and checks the chain of its records, the signed
checkpoints and the head. Each fault is told with file, line and record. Checkpoints
that were kept elsewhere (one a line in --checkpoints) also show that the newest
records were not cut off. The exit code is 0 when the trail is whole.`,
		Example: `  mfaserver audit verify
  mfaserver audit verify --checkpoints checkpoints.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			c, err := verificationOf(cfg)
			if err != nil {
				return err
			}
			c.First = first
			if c.Known, err = readCheckpoints(known); err != nil {
				return err
			}
			report, err := audit.Verify(cmd.Context(), c)
			if err != nil {
				return err
			}
			return g.printVerified(&report)
		},
	}
	cmd.Flags().StringVar(&known, "checkpoints", "", "`FILE` with checkpoints that were kept on another host")
	cmd.Flags().Uint64Var(&first, "first", 0, "`N` of the first record that has to be there, where older ones were taken away on purpose")
	return cmd
}

func readCheckpoints(path string) ([]audit.Checkpoint, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("checkpoints: %w", err)
	}
	var kept []audit.Checkpoint
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		c, err := audit.ParseCheckpoint(line)
		if err != nil {
			return nil, fmt.Errorf("%w: --checkpoints: %w", errUsage, err)
		}
		kept = append(kept, c)
	}
	return kept, nil
}

func (g *globals) printVerified(r *audit.Report) error {
	if g.output == "json" {
		if err := printJSON(g.console.out, r); err != nil {
			return err
		}
		return r.Err()
	}
	for _, f := range r.Faults {
		if _, err := fmt.Fprintln(g.console.out, f); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(g.console.out, "%d record(s), %d to %d, in %d file(s), %d checkpoint(s), %s%d fault(s)\n",
		r.Records, r.First, r.Last, len(r.Files), r.Checkpoints, keyChanges(r), len(r.Faults))
	if err == nil && r.KeyUnused {
		_, err = fmt.Fprintln(g.console.out, "the present key has made no record yet; after keys rotate, restart the server. If it was restarted since, all of that is cut off")
	}
	if err == nil && r.Newest.Sequence > 0 {
		_, err = fmt.Fprintf(g.console.out, "newest checkpoint, to be kept elsewhere: %s\n", r.Newest)
	}
	if err != nil {
		return err
	}
	return r.Err()
}

func keyChanges(r *audit.Report) string {
	if r.KeyChanges == 0 {
		return ""
	}
	return fmt.Sprintf("%d change(s) of keys, ", r.KeyChanges)
}

func newAuditExport(g *globals) *cobra.Command {
	var f auditFilter
	var format string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write records to standard output as JSON lines or CSV",
		Example: `  mfaserver audit export --since 2026-11-01 --until 2026-12-01 --format csv > november.csv
  mfaserver audit export --user alice`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if form := audit.Format(format); form != audit.JSONLines && form != audit.CSV {
				return fmt.Errorf("%w: --format takes jsonl or csv", errUsage)
			}
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			filter, err := f.resolve()
			if err != nil {
				return err
			}
			_, err = audit.Export(g.console.out, audit.Format(format), audit.NewReader(auditPath(cfg), nil).Search(cmd.Context(), filter))
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&format, "format", string(audit.JSONLines), "`FORMAT` of the export: jsonl or csv")
	return cmd
}
