package helpdesk

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// Finding is something about a user that an administrator wants to know.
type Finding string

// The findings.
const (
	// FindUnenrolled: he has nothing to log in with.
	FindUnenrolled Finding = "unenrolled"
	// FindBypass: he is let in without a second factor, by his own status or
	// that of a group.
	FindBypass Finding = "bypass"
	// FindInactive: he has not logged in for some days, or never since he was
	// made.
	FindInactive Finding = "inactive"
	// FindWithoutPhone: he has no phone.
	FindWithoutPhone Finding = "without_phone"
	// FindLockedOut and FindDisabled: Duo keeps him out.
	FindLockedOut Finding = "locked_out"
	FindDisabled  Finding = "disabled"
)

// AllFindings are the findings there are.
func AllFindings() []Finding {
	return []Finding{FindUnenrolled, FindBypass, FindInactive, FindWithoutPhone, FindLockedOut, FindDisabled}
}

// ParseFinding takes the word of a finding; else a [*PolicyError].
func ParseFinding(word string) (Finding, error) {
	if slices.Contains(AllFindings(), Finding(word)) {
		return Finding(word), nil
	}
	return "", &PolicyError{Field: "kind", Rule: fmt.Sprintf("must be one of %v", AllFindings())}
}

// ReportRequest says what to look for.
type ReportRequest struct {
	Order
	// Findings are those wanted; none: unenrolled, bypass, inactive,
	// without_phone. Every, in their place, lists every user.
	Findings []Finding
	Every    bool
	// InactiveDays is how long without login counts as inactive, 1 to 3650;
	// zero: 90.
	InactiveDays int
	// Progress, when not nil, is told after every page's worth of users and
	// after every organisation.
	Progress func(Progress)
}

// Progress is how far a report is.
type Progress struct {
	// Org is the organisation being read, the Index-th of Orgs.
	Org         string
	Index, Orgs int
	// Users were read so far, Rows found, Failed organisations given up.
	Users, Rows, Failed int
}

// ReportRow is a user whom a report found.
type ReportRow struct {
	Org                               string
	UserID, Username, Realname, Email string
	Status                            duoclient.UserStatus
	Enrolled                          bool
	Phones                            int
	Created, LastLogin                time.Time // zero: unknown, never
	Findings                          []Finding
	// BypassGroup is the group whose status lets him in without second factor.
	BypassGroup string
}

// OrgError is an organisation whose report is not complete. Others go on.
type OrgError struct {
	Org string
	Err error
}

// Error implements error.
func (e *OrgError) Error() string {
	return fmt.Sprintf("helpdesk: the report on %s is not complete: %v", e.Org, e.Err)
}

// Unwrap gives the cause.
func (e *OrgError) Unwrap() error { return e.Err }

const (
	defaultInactive = 90
	mostInactive    = 3650
	progressEvery   = 300
)

// Report gives the users of the organisations, one after the other, in whom it
// finds what was asked for. It holds one page of users at a time, however many
// there are. An organisation that cannot be read to its end gives an
// [*OrgError] in place of a row, and the next one follows; any other error
// comes once, last. That somebody reads is recorded before the first row.
func (d *Desk) Report(ctx context.Context, orgs []*Org, r ReportRequest) iter.Seq2[*ReportRow, error] {
	return func(yield func(*ReportRow, error) bool) {
		if err := r.complete(); err != nil {
			yield(nil, err)
			return
		}
		for _, o := range orgs {
			err := o.Do(ctx, r.Order, Deed{Action: ActionReport}, func(context.Context) error { return nil })
			if err != nil {
				yield(nil, err)
				return
			}
		}
		run := &reporting{request: r, orgs: len(orgs), limit: d.now().AddDate(0, 0, -r.InactiveDays), yield: yield}
		for i, o := range orgs {
			run.at = Progress{
				Org: o.config.Name, Index: i + 1, Orgs: len(orgs), Users: run.at.Users, Rows: run.at.Rows, Failed: run.at.Failed,
			}
			if !run.org(ctx, o) {
				return
			}
		}
	}
}

// complete checks the request and fills in defaults.
func (r *ReportRequest) complete() error {
	if r.InactiveDays == 0 {
		r.InactiveDays = defaultInactive
	}
	if r.InactiveDays < 1 || r.InactiveDays > mostInactive {
		return &PolicyError{Field: "inactive_days", Rule: fmt.Sprintf("must be 1 to %d", mostInactive)}
	}
	for _, f := range r.Findings {
		if _, err := ParseFinding(string(f)); err != nil {
			return err
		}
	}
	if len(r.Findings) == 0 {
		r.Findings = []Finding{FindUnenrolled, FindBypass, FindInactive, FindWithoutPhone}
	}
	return nil
}

func (r *ReportRequest) progress(p Progress) {
	if r.Progress != nil {
		r.Progress(p)
	}
}

// reporting is a report under way.
type reporting struct {
	request ReportRequest
	orgs    int
	limit   time.Time // logins before it are long ago
	at      Progress
	yield   func(*ReportRow, error) bool
}

// org reads one organisation, and reports whether to go on.
func (r *reporting) org(ctx context.Context, o *Org) bool {
	defer func() { r.request.progress(r.at) }()
	fail := func(err error) bool {
		r.at.Failed++
		return r.yield(nil, &OrgError{Org: o.config.Name, Err: err}) && ctx.Err() == nil
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return fail(err)
	}
	for user, err := range admin.Users.List(ctx, duoclient.UserFilter{}) {
		if err != nil {
			return fail(err)
		}
		r.at.Users++
		if row := r.row(o, user); row != nil {
			r.at.Rows++
			if !r.yield(row, nil) {
				return false
			}
		}
		if r.at.Users%progressEvery == 0 {
			r.request.progress(r.at)
		}
	}
	return true
}

// row is nil for a user of whom nothing is wanted.
func (r *reporting) row(o *Org, u *duoclient.User) *ReportRow {
	row := &ReportRow{
		Org: o.config.Name, UserID: u.UserID, Username: u.Username, Realname: u.Realname, Email: u.Email, Status: u.Status,
		Enrolled: u.IsEnrolled, Phones: len(u.Phones), Created: u.Created, LastLogin: u.LastLogin,
	}
	if i := slices.IndexFunc(u.Groups, bypassGroup); i >= 0 {
		row.BypassGroup = u.Groups[i].Name
	}
	last := u.LastLogin
	if last.IsZero() {
		last = u.Created
	}
	for _, c := range []struct {
		finding Finding
		is      bool
	}{
		{FindUnenrolled, !u.IsEnrolled},
		{FindBypass, u.Status == duoclient.UserBypass || row.BypassGroup != ""},
		{FindInactive, last.Before(r.limit)},
		{FindWithoutPhone, len(u.Phones) == 0},
		{FindLockedOut, u.Status == duoclient.UserLockedOut},
		{FindDisabled, u.Status == duoclient.UserDisabled},
	} {
		if c.is && (r.request.Every || slices.Contains(r.request.Findings, c.finding)) {
			row.Findings = append(row.Findings, c.finding)
		}
	}
	if len(row.Findings) == 0 && !r.request.Every {
		return nil
	}
	return row
}

// bypassGroup reports a group whose members need no second factor.
func bypassGroup(g duoclient.Group) bool { return strings.EqualFold(g.Status, "bypass") }
