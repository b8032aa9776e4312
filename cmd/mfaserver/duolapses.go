package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// bypassEnds says in the help what bypass is.
const bypassEnds = `In bypass nobody is asked for a second factor. It ends by itself, --for DURATION
later: the running server puts the status back to what it was. Where the server
has no duo.admin, "duo lapses end" does it, from a timer.`

// bypassFor is the flag that says how long bypass lasts.
type bypassFor struct {
	d     time.Duration
	given func(flag string) bool
}

func (b *bypassFor) flag(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&b.d, "for", 0, "with --status bypass: it ends after `DURATION`, 5m to 168h (default: helpdesk.bypass_status_life)")
	b.given = cmd.Flags().Changed
}

// span is what the flag says; without it the configured one.
func (b *bypassFor) span(status string) (helpdesk.Span, error) {
	if !b.given("for") {
		return helpdesk.Span{}, nil
	}
	if !inBypass(status) {
		return helpdesk.Span{}, fmt.Errorf("%w: --for goes with --status bypass", errUsage)
	}
	return helpdesk.NewSpan(b.d)
}

func inBypass(status string) bool { return strings.EqualFold(status, string(duoclient.UserBypass)) }

// errNewInBypass: a bypass from the first day would have no status to go back
// to, and nobody would notice its end.
func errNewInBypass(noun string) error {
	return &helpdesk.PolicyError{Field: "status", Rule: "cannot be bypass from the start; make it first, then: duo " + noun + " update --status bypass --for 4h"}
}

// tellDue says when a bypass ends.
func (d *duo) tellDue(name string, due time.Time) {
	d.console.complain("%s: no second factor is asked for until %s; then the running server puts the status back\n", printable(name), instant(due))
}

func (d *duo) lapses() *cobra.Command {
	return noun("lapses", "What is in bypass for a time, and its end",
		`lapses shows which users and groups this data_dir knows to be in bypass for a time,
and ends what is over. A running server with duo.admin does that every minute.`,
		"  mfaserver duo lapses list\n  mfaserver duo lapses end", d.lapsesList(), d.lapsesEnd())
}

func (d *duo) lapsesList() *cobra.Command {
	cmd := verb("list", "List who is in bypass for a time, the next to end in front",
		"  mfaserver duo lapses list\n  mfaserver duo lapses list --all-orgs --output json", noArgs, d.listLapses)
	d.everywhere(cmd)
	return cmd
}

func (d *duo) listLapses(ctx context.Context, _ []string) error {
	orgs, err := d.orgsChosen()
	if err != nil {
		return err
	}
	all, err := d.desk.Lapses(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(l helpdesk.Lapse) bool {
		return !slices.ContainsFunc(orgs, func(o *helpdesk.Org) bool { return o.Name() == l.Org })
	})
	if d.output == "json" {
		return printJSON(d.console.out, append([]helpdesk.Lapse{}, all...))
	}
	rows := make([][]string, 0, len(all))
	for _, l := range all {
		rows = append(rows, []string{l.Org, string(l.Kind), printable(l.Name), instant(l.Due), l.To, printable(l.Actor), printable(l.Reason)})
	}
	return table(d.console.out, []string{"ORG", "KIND", "NAME", "ENDS", "THEN", "BY", "REASON"}, rows)
}

func (d *duo) lapsesEnd() *cobra.Command {
	return verb("end", "Put back what is over, in all organizations", "  mfaserver duo lapses end", noArgs,
		func(ctx context.Context, _ []string) error {
			if d.org != "" {
				return fmt.Errorf("%w: end is for all organizations; leave --org out", errUsage)
			}
			desk, err := d.open()
			if err != nil {
				return err
			}
			ended, err := desk.EndLapses(ctx)
			if err != nil {
				return err
			}
			return d.show(map[string]int{"ended": ended}, fmt.Sprintf("%d put back", ended))
		})
}
