package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/helpdesk"
)

// enrolFlags are the flags of users enroll.
type enrolFlags struct {
	request helpdesk.EnrolRequest
	deliver string
	csv     string
	journal string
	noQR    bool
}

func (d *duo) usersEnroll() *cobra.Command {
	var f enrolFlags
	cmd := verb("enroll [USER]", "Make a user with a phone, and the link that activates it",
		`  mfaserver duo users enroll alice --number +17345550100
  mfaserver duo users enroll bob --number +17345550101 --send sms --install
  mfaserver duo users enroll carol --email carol@example.org --send email
  mfaserver duo users enroll --csv people.csv --send sms`,
		takesMore(), func(ctx context.Context, args []string) error {
			switch {
			case len(args) > 1 || f.csv != "" && len(args) > 0:
				return fmt.Errorf("%w: give one user, or --csv with many", errUsage)
			case f.csv != "":
				return d.enrolMany(ctx, f)
			case len(args) == 0:
				return fmt.Errorf("%w: give the user, or --csv with many", errUsage)
			}
			f.request.Username = args[0]
			return d.enrolOne(ctx, f)
		})
	cmd.Long = `enroll makes a user, makes his phone, gives it to him, and makes or sends the link
that activates Duo Mobile on it. What is there already is used: after a failure,
running it again continues.

--send link (default) prints the link and its QR code, once; sms sends it to the
phone; email lets Duo send a link to the user, who adds his phone himself; none
makes no link.

--csv takes many people from a file (- is standard input) whose first line names
the columns: username, email, realname, phone. Who is done is noted in
--journal (default: FILE.done), so that running it again continues.`
	f.flags(cmd)
	return cmd
}

func (f *enrolFlags) flags(cmd *cobra.Command) {
	flags, r := cmd.Flags(), &f.request
	flags.StringVar(&r.Phone, "number", "", "phone `NUMBER`, with + and country code; none for a tablet")
	flags.StringVar(&r.Extension, "extension", "", "`DIGITS` to dial after the number")
	flags.StringVar(&r.PhoneID, "phone", "", "`ID` (DP...) of a phone that exists, in place of --number")
	flags.StringVar(&r.PhoneName, "phone-name", "", "`NAME` of the phone")
	flags.StringVar(&r.Platform, "platform", "", "`PLATFORM`: apple ios, google android, generic smartphone (default) or another of Duo's")
	flags.StringVar(&r.Realname, "realname", "", "full `NAME`")
	flags.StringVar(&r.Email, "email", "", "e-mail `ADDRESS`")
	flags.StringVar(&f.deliver, "send", "", "`HOW` the link goes: link, sms, email or none (default: link, with --csv sms)")
	flags.BoolVar(&r.Install, "install", false, "a link to install Duo Mobile too")
	flags.BoolVar(&r.Shared, "shared", false, "the phone may be somebody else's too")
	flags.DurationVar(&r.Valid, "valid", 0, "the link is good for `DURATION`, 10m to 168h (default: that of the organization, usually 24h)")
	flags.BoolVar(&f.noQR, "no-qr", false, "draw no QR code")
	flags.StringVar(&f.csv, "csv", "", "`FILE` with many people; - is standard input")
	flags.StringVar(&f.journal, "journal", "", "`FILE` to note in who of --csv is done")
}

// enrolView is an enrolment for programs: the links are its purpose.
type enrolView struct {
	Org               string              `json:"organization"`
	UserID            string              `json:"user_id"`
	Username          string              `json:"username"`
	PhoneID           string              `json:"phone_id,omitempty"`
	Steps             map[string]string   `json:"steps"`
	ActivationURL     string              `json:"activation_url,omitempty"`
	ActivationBarcode string              `json:"activation_barcode,omitempty"`
	InstallationURL   string              `json:"installation_url,omitempty"`
	Expires           time.Time           `json:"expires,omitzero"`
	result            *helpdesk.Enrolment `json:"-"`
}

func newEnrolView(e *helpdesk.Enrolment) enrolView {
	v := enrolView{
		Org: e.Org, UserID: e.UserID, Username: e.Username, PhoneID: e.PhoneID, Steps: make(map[string]string),
		ActivationURL: e.ActivationURL.Reveal(), ActivationBarcode: e.ActivationBarcode.Reveal(),
		InstallationURL: e.InstallationURL, Expires: e.Expires.UTC().Truncate(time.Second), result: e,
	}
	if e.Expires.IsZero() {
		v.Expires = time.Time{}
	}
	for _, s := range e.Steps {
		v.Steps[string(s.Name)] = string(s.State)
	}
	return v
}

func (d *duo) enrolOne(ctx context.Context, f enrolFlags) error {
	o, err := d.oneOrg()
	if err != nil {
		return err
	}
	r := f.request
	r.Deliver = helpdesk.Delivery(f.deliver)
	if r.Order, err = d.order(helpdesk.ActionUserEnroll); err != nil {
		return err
	}
	progress := d.progress("enrolling " + printable(r.Username))
	e, err := o.Enrol(ctx, r)
	progress.end()
	if err != nil {
		return inWhich(o, err)
	}
	v := newEnrolView(e)
	if d.output == "json" {
		return printJSON(d.console.out, v)
	}
	return d.showEnrolment(v, f.noQR)
}

func (d *duo) showEnrolment(v enrolView, noQR bool) error {
	steps := make([]string, len(v.result.Steps))
	for i, s := range v.result.Steps {
		steps[i] = fmt.Sprintf("%s %s", s.Name, s.State)
	}
	err := d.say("enrolled %s (%s): %s", printable(v.Username), v.UserID, strings.Join(steps, ", "))
	if v.ActivationURL == "" {
		if !v.Expires.IsZero() {
			err = errors.Join(err, d.say("the link that was sent is good until %s", instant(v.Expires)))
		}
		return err
	}
	err = errors.Join(err, d.say("activation URL: %s\nIt is good until %s and is not shown again.", printable(v.ActivationURL), instant(v.Expires)))
	if v.InstallationURL != "" {
		err = errors.Join(err, d.say("installation URL: %s", printable(v.InstallationURL)))
	}
	if noQR {
		return err
	}
	return errors.Join(err, d.printQR(v.ActivationBarcode, v.ActivationURL))
}

// enrolMany enrols the people of a file.
func (d *duo) enrolMany(ctx context.Context, f enrolFlags) error {
	rows, err := d.readPeople(f.csv)
	if err != nil {
		return err
	}
	o, err := d.oneOrg()
	if err != nil {
		return err
	}
	journal, err := openJournal(f)
	if err != nil {
		return err
	}
	order, err := d.order(helpdesk.ActionUserEnroll)
	if err != nil {
		return errors.Join(err, journal.Close())
	}
	progress := d.progress(fmt.Sprintf("enrolling %d people", len(rows)))
	request := helpdesk.BulkRequest{
		Order: order, Rows: rows, Install: f.request.Install, Platform: f.request.Platform, Shared: f.request.Shared,
		Deliver: helpdesk.DeliverSMS, Journal: journal,
	}
	if f.deliver != "" {
		request.Deliver = helpdesk.Delivery(f.deliver)
	}
	out := newRows(d, outcomeColumns(), progress)
	var printErr error
	request.Each = func(got helpdesk.RowOutcome) { printErr = errors.Join(printErr, out.add(newOutcomeView(got), o)) }
	_, err = o.Bulk(ctx, request)
	err = errors.Join(inWhich(o, err), printErr, out.end(), journal.Close())
	progress.end()
	return err
}

func (d *duo) readPeople(path string) ([]helpdesk.EnrolRow, error) {
	in := d.console.in
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUsage, err)
		}
		defer f.Close() //nolint:errcheck // opened for reading
		in = f
	}
	return helpdesk.ReadRows(in)
}

// openJournal opens the journal beside the list; that of standard input has to
// be named.
func openJournal(f enrolFlags) (*helpdesk.Journal, error) {
	path := f.journal
	if path == "" && f.csv != "-" {
		path = f.csv + ".done"
	}
	if path == "" {
		return nil, nil //nolint:nilnil // a nil journal remembers nothing
	}
	return helpdesk.OpenJournal(path)
}

// outcomeView is how one person of a list fared.
type outcomeView struct {
	Line     int    `json:"line"`
	Username string `json:"username"`
	Outcome  string `json:"outcome"`
	UserID   string `json:"user_id,omitempty"`
	Error    string `json:"error,omitempty"`
}

func newOutcomeView(got helpdesk.RowOutcome) *outcomeView {
	v := &outcomeView{Line: got.Row.Line, Username: got.Row.Username, Outcome: string(got.Outcome)}
	if got.Enrolment != nil {
		v.UserID = got.Enrolment.UserID
	}
	if got.Err != nil {
		v.Error = sentence(got.Err)
	}
	return v
}

func outcomeColumns() []column[outcomeView] {
	return []column[outcomeView]{
		{head: "LINE", cell: func(v *outcomeView) string { return fmt.Sprint(v.Line) }},
		{head: "USER", cell: func(v *outcomeView) string { return v.Username }},
		{head: "OUTCOME", cell: func(v *outcomeView) string { return v.Outcome }},
		{head: "ID", cell: func(v *outcomeView) string { return v.UserID }},
		{head: "ERROR", cell: func(v *outcomeView) string { return v.Error }},
	}
}
