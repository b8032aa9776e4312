package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/evidence"
	"mfaserver/internal/config"
)

func newAuditReport(g *globals) *cobra.Command {
	var f auditFilter
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Report for auditors who signed in with what, and every exception",
		Long: `report reads the audit trail of a time and says how many sessions there were and how
each was opened: with a second factor, a break-glass code, a service token, by an
exemption or while Duo was down; who was let in with less, what administrators did
to second factors, what was refused, and who needs none by the rules of now. It
verifies the trail first. It is meant for ONC certification (45 CFR 170.315(d)(13))
and for HIPAA (45 CFR 164.312).`,
		Example: `  mfaserver audit report --since 2026-10-01 --until 2026-11-01
  mfaserver audit report --since 720h --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := f.resolve()
			if err != nil {
				return err
			}
			return g.auditReport(cmd.Context(), filter)
		},
	}
	cmd.Flags().StringVar(&f.since, "since", "", "records from this `TIME` on: 2026-11-22, 2026-11-22T08:00:00Z, or 24h for the last day")
	cmd.Flags().StringVar(&f.until, "until", "", "records before this `TIME`")
	return cmd
}

// auditorsReport is what is printed as JSON.
type auditorsReport struct {
	*evidence.Report

	// Covered is in percent.
	Covered float64
	// Whole says that the trail was verified; Faults is how many there are.
	Whole      bool
	Faults     int
	Exemptions []exemptionView
}

// exemptionView is an exemption of the rules of now.
type exemptionView struct{ Name, Owner, Reason, Until string }

func (g *globals) auditReport(ctx context.Context, filter audit.Filter) error {
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	keys, err := verificationOf(cfg)
	if err != nil {
		return err
	}
	verified, err := audit.Verify(ctx, keys)
	if err != nil {
		return err
	}
	r, err := evidence.Collect(filter.From, filter.To, audit.NewReader(auditPath(cfg), nil).Search(ctx, filter))
	if err != nil {
		return err
	}
	report := auditorsReport{Report: r, Covered: r.Covered(), Whole: verified.Err() == nil, Faults: len(verified.Faults), Exemptions: exemptionsOf(cfg)}
	if g.output == "json" {
		return printJSON(g.console.out, report)
	}
	return g.printAuditReport(&report)
}

func exemptionsOf(cfg *config.Config) []exemptionView {
	var all []exemptionView
	for _, x := range cfg.Exemptions {
		all = append(all, exemptionView{Name: x.Name, Owner: x.Owner, Reason: x.Reason, Until: x.Until.UTC().Format(time.DateOnly)})
	}
	return all
}

func (g *globals) printAuditReport(r *auditorsReport) error {
	out := g.console.out
	whole := "whole"
	if !r.Whole {
		whole = fmt.Sprintf("NOT whole: %d faults; run `mfaserver audit verify`", r.Faults)
	}
	if _, err := fmt.Fprintf(out, "Multi-factor authentication, %s\n%d records, %d to %d; the trail is %s\n\nSessions of people with a second factor: %.1f %%\n\n",
		period(r.From, r.To), r.Records, r.First, r.Last, whole, r.Covered); err != nil {
		return err
	}
	for _, part := range r.tables() {
		if _, err := fmt.Fprintf(out, "%s\n\n", part.title); err != nil {
			return err
		}
		rows := part.rows
		if len(rows) == 0 {
			rows = [][]string{{"none"}}
		}
		if err := tableRows(out, append(part.header, rows...)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out); err != nil {
			return err
		}
	}
	return nil
}

func period(from, to time.Time) string {
	text := "from the first record"
	if !from.IsZero() {
		text = "from " + from.UTC().Format(time.RFC3339)
	}
	if to.IsZero() {
		return text + " to the last"
	}
	return text + " to " + to.UTC().Format(time.RFC3339)
}

type reportPart struct {
	title  string
	header [][]string
	rows   [][]string
}

// tables are the parts of the report, in order.
func (r *auditorsReport) tables() []reportPart {
	ways := reportPart{title: "How sessions were opened", header: [][]string{{"WAY", "SESSIONS"}}}
	for _, way := range evidence.Ways() {
		ways.rows = append(ways.rows, []string{string(way), strconv.Itoa(r.Sessions[way])})
	}
	factors := reportPart{title: "Second factors", header: [][]string{{"FACTOR", "SESSIONS"}}}
	for _, name := range evidence.SortedCounts(r.Factors) {
		factors.rows = append(factors.rows, []string{name, strconv.Itoa(r.Factors[name])})
	}
	exceptions := reportPart{title: "Let in with less, or with a bypass code", header: [][]string{{"TIME", "RECORD", "USER", "WAY", "NAME"}}}
	for _, x := range r.Exceptions {
		exceptions.rows = append(exceptions.rows, []string{moment(x.Time), strconv.FormatUint(x.Sequence, 10), x.User, string(x.Way), x.Name})
	}
	acts := reportPart{title: "What administrators did to second factors", header: [][]string{{"TIME", "RECORD", "WHO", "USER", "WHAT", "OUTCOME", "WHY", "TICKET"}}}
	for _, a := range r.Acts {
		acts.rows = append(acts.rows, []string{
			moment(a.Time), strconv.FormatUint(a.Sequence, 10), a.Actor, a.User, string(a.Event), string(a.Outcome), a.Why, a.Ticket,
		})
	}
	refused := reportPart{title: "Refused", header: [][]string{{"EVENT", "TIMES"}}}
	for _, name := range evidence.SortedCounts(r.Refused) {
		refused.rows = append(refused.rows, []string{string(name), strconv.Itoa(r.Refused[name])})
	}
	alerts := reportPart{title: "Alerts", header: [][]string{{"RULE", "TIMES"}}}
	for _, name := range evidence.SortedCounts(r.Alerts) {
		alerts.rows = append(alerts.rows, []string{name, strconv.Itoa(r.Alerts[name])})
	}
	return []reportPart{ways, factors, exceptions, r.exemptionsPart(), acts, r.usersPart(), refused, alerts}
}

func (r *auditorsReport) exemptionsPart() reportPart {
	p := reportPart{title: "Exemptions in the rules of now; everybody else needs a second factor", header: [][]string{{"NAME", "OWNER", "UNTIL", "REASON"}}}
	for _, x := range r.Exemptions {
		p.rows = append(p.rows, []string{x.Name, x.Owner, x.Until, x.Reason})
	}
	return p
}

func (r *auditorsReport) usersPart() reportPart {
	p := reportPart{title: "Users", header: [][]string{{"USER", "SECOND FACTOR", "OTHERWISE", "REFUSED", "LAST"}}}
	for _, u := range r.Users {
		otherwise := 0
		for way, n := range u.Sessions {
			if way != evidence.WayFactor {
				otherwise += n
			}
		}
		p.rows = append(p.rows, []string{
			u.Name, strconv.Itoa(u.Sessions[evidence.WayFactor]), strconv.Itoa(otherwise), strconv.Itoa(u.Refused), moment(u.Last),
		})
	}
	return p
}
