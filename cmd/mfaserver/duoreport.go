package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/helpdesk"
)

// reportFlags are the flags of users report.
type reportFlags struct {
	every  bool
	days   int
	csv    string
	wanted map[helpdesk.Finding]*bool
}

func (d *duo) usersReport() *cobra.Command {
	f := reportFlags{wanted: make(map[helpdesk.Finding]*bool)}
	cmd := verb("report", "Find users without second factor, in bypass, inactive or without phone",
		`  mfaserver duo users report --all-orgs
  mfaserver duo users report --unenrolled --csv unenrolled.csv
  mfaserver duo users report --inactive --days 180 --output json`, noArgs,
		func(ctx context.Context, _ []string) error { return d.report(ctx, f) })
	cmd.Long = `report goes through all users and prints those in whom it finds something:

  unenrolled     nothing to log in with
  bypass         let in without second factor, by his own status or a group's
  inactive       no login for --days, or never since he was made
  without-phone  no phone
  locked-out     Duo keeps him out after failed attempts
  disabled       Duo keeps him out

Without a choice the first four are taken. --csv writes a file (- is standard
output) that spreadsheets open; cells that look like formulas are made harmless.`
	d.everywhere(cmd)
	flags := cmd.Flags()
	for _, finding := range helpdesk.AllFindings() {
		f.wanted[finding] = flags.Bool(findingFlag(finding), false, "users with this finding")
	}
	flags.BoolVar(&f.every, "every", false, "every user, whatever is found")
	flags.IntVar(&f.days, "days", 90, "`N` days without login are inactive")
	flags.StringVar(&f.csv, "csv", "", "write CSV to `FILE`; - is standard output")
	return cmd
}

func findingFlag(f helpdesk.Finding) string { return strings.ReplaceAll(string(f), "_", "-") }

// reportView is a row for programs.
type reportView struct {
	Org         string             `json:"organization"`
	UserID      string             `json:"user_id"`
	Username    string             `json:"username"`
	Realname    string             `json:"realname"`
	Email       string             `json:"email"`
	Status      string             `json:"status"`
	Findings    []helpdesk.Finding `json:"findings"`
	BypassGroup string             `json:"bypass_group,omitempty"`
	Enrolled    bool               `json:"is_enrolled"`
	Phones      int                `json:"phones"`
	Created     *time.Time         `json:"created"`
	LastLogin   *time.Time         `json:"last_login"`
}

func reportColumns() []column[helpdesk.ReportRow] {
	type r = helpdesk.ReportRow
	return []column[r]{
		{head: "ORGANIZATION", cell: func(v *r) string { return v.Org }},
		{head: "USER", cell: func(v *r) string { return v.Username }},
		{head: "STATUS", cell: func(v *r) string { return string(v.Status) }},
		{head: "FINDINGS", cell: func(v *r) string { return joined(v.Findings, findingFlag) }},
		{head: "PHONES", cell: func(v *r) string { return strconv.Itoa(v.Phones) }},
		{head: "LAST LOGIN", cell: func(v *r) string { return orNever(instant(v.LastLogin)) }},
		{head: "E-MAIL", cell: func(v *r) string { return v.Email }},
	}
}

func newReportView(row *helpdesk.ReportRow) *reportView {
	v := &reportView{
		Org: row.Org, UserID: row.UserID, Username: row.Username, Realname: row.Realname, Email: row.Email,
		Status: string(row.Status), Findings: row.Findings, BypassGroup: row.BypassGroup, Enrolled: row.Enrolled, Phones: row.Phones,
	}
	if v.Findings == nil {
		v.Findings = []helpdesk.Finding{}
	}
	if !row.Created.IsZero() {
		v.Created = &row.Created
	}
	if !row.LastLogin.IsZero() {
		v.LastLogin = &row.LastLogin
	}
	return v
}

// reportOut is where the rows of a report go.
type reportOut struct {
	add func(*helpdesk.ReportRow) error
	end func() error
}

func (d *duo) report(ctx context.Context, f reportFlags) error {
	orgs, err := d.orgsChosen()
	if err != nil {
		return err
	}
	request := helpdesk.ReportRequest{Every: f.every, InactiveDays: f.days}
	if f.days == 0 {
		return fmt.Errorf("%w: --days must be 1 or more", errUsage)
	}
	for _, finding := range helpdesk.AllFindings() {
		if *f.wanted[finding] {
			request.Findings = append(request.Findings, finding)
		}
	}
	if request.Order, err = d.order(helpdesk.ActionReport); err != nil {
		return err
	}
	progress := d.progress("reading users")
	defer progress.end()
	var last helpdesk.Progress
	request.Progress = func(p helpdesk.Progress) {
		last = p
		progress.doing(fmt.Sprintf("%s (%d of %d): %d users read, %d found", p.Org, p.Index, p.Orgs, p.Users, p.Rows))
	}
	out, err := d.reportTo(f, progress)
	if err != nil {
		return err
	}
	var errs []error
	for row, err := range d.desk.Report(ctx, orgs, request) {
		if err == nil {
			err = out.add(row)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if last.Orgs == 0 && len(errs) > 0 {
		return errs[0] // nothing was read
	}
	err = errors.Join(append(errs, out.end())...)
	progress.end()
	d.console.complain("%d user(s) of %d organization(s) read, %d found\n", last.Users, len(orgs)-last.Failed, last.Rows)
	return err
}

// reportTo opens what the report is written to.
func (d *duo) reportTo(f reportFlags, progress *progress) (reportOut, error) {
	switch {
	case f.csv != "" && d.output == "json":
		return reportOut{}, fmt.Errorf("%w: --csv and --output json exclude each other", errUsage)
	case f.csv == "-":
		w := helpdesk.NewCSVWriter(d.console.out)
		return csvOut(w, func() error { return nil }), nil
	case f.csv != "":
		file, err := os.OpenFile(f.csv, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return reportOut{}, fmt.Errorf("%w: %w", errUsage, err)
		}
		return csvOut(helpdesk.NewCSVWriter(file), file.Close), nil
	case d.output == "json":
		d.all = false // the rows name their organisation themselves
		out := newRows(d, []column[reportView]{}, progress)
		return reportOut{
			add: func(row *helpdesk.ReportRow) error { return out.add(newReportView(row), nil) },
			end: out.end,
		}, nil
	default:
		d.all = false
		out := newRows(d, reportColumns(), progress)
		return reportOut{add: func(row *helpdesk.ReportRow) error { return out.add(row, nil) }, end: out.end}, nil
	}
}

func csvOut(w *helpdesk.CSVWriter, done func() error) reportOut {
	headed := false
	head := func() error {
		if headed {
			return nil
		}
		headed = true
		return w.Write(helpdesk.ReportHeader()...)
	}
	return reportOut{
		add: func(row *helpdesk.ReportRow) error { return errors.Join(head(), w.Write(row.Record()...)) },
		end: func() error { return errors.Join(head(), w.Flush(), done()) },
	}
}
