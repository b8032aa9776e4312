package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// ErrIncomplete says that not everybody of a list was enrolled; it comes as a
// [*BulkError].
var ErrIncomplete = errors.New("helpdesk: the list is not done")

// BulkRequest asks to enrol the people of a list.
type BulkRequest struct {
	Order
	Rows []EnrolRow
	// Deliver, Install, Platform, Shared and Valid are as in [EnrolRequest].
	// Deliver must be none, sms or email: links are not gathered.
	Deliver  Delivery
	Install  bool
	Platform string
	Shared   bool
	Valid    time.Duration
	// Journal remembers who is done, so that running again leaves them out;
	// nil: everybody is looked at anew, and a link that was sent is sent again.
	Journal *Journal
	// Each, when not nil, is told of every row as it ends.
	Each func(RowOutcome)
}

// Outcome is how a row ended.
type Outcome string

// The outcomes.
const (
	OutcomeDone    Outcome = "done"
	OutcomeSkipped Outcome = "skipped" // done in an earlier run
	OutcomeFailed  Outcome = "failed"
)

// RowOutcome is how one row ended.
type RowOutcome struct {
	Row     EnrolRow
	Outcome Outcome
	// Enrolment is nil when nothing was begun.
	Enrolment *Enrolment
	Err       error
}

// BulkError counts the rows of a list that is not done. It matches
// [ErrIncomplete], and the cause when something stopped the run.
type BulkError struct {
	Done, Skipped, Failed, Left int
	// Lines are the first failed rows.
	Lines []int
	// Cause is what stopped the run before its end; nil when it got there.
	Cause error
}

// Error implements error.
func (e *BulkError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %d done now, %d earlier, %d failed, %d not begun", ErrIncomplete, e.Done, e.Skipped, e.Failed, e.Left)
	for i, line := range e.Lines {
		if i == 0 {
			b.WriteString("; failed lines: ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, line)
	}
	if e.Failed > len(e.Lines) {
		b.WriteString(", ...")
	}
	b.WriteString("; running again continues")
	if e.Cause != nil {
		fmt.Fprintf(&b, "; stopped by: %v", e.Cause)
	}
	return b.String()
}

// Unwrap gives the sentinel and the cause.
func (e *BulkError) Unwrap() []error {
	if e.Cause != nil {
		return []error{ErrIncomplete, e.Cause}
	}
	return []error{ErrIncomplete}
}

const (
	mostLines = 20
	// mostOutages in a row end a run: the rest would fare no better.
	mostOutages = 3
)

// Bulk enrols the people of a list one after the other, at the pace that Duo
// allows. A row that Duo or policy refuses does not stop the others; keys that
// Duo refuses, a wrong clock, a server that is not Duo's, three outages in a
// row, a journal that cannot be written and the end of ctx do. The error of a
// run that did not do everything is a [*BulkError]; rows that break a rule are a
// [*RowsError] before the first is begun.
func (o *Org) Bulk(ctx context.Context, r BulkRequest) (done int, err error) {
	switch r.Deliver {
	case DeliverNone, DeliverSMS, DeliverEmail:
	default:
		return 0, &PolicyError{Field: "deliver", Rule: "must be none, sms or email for a list"}
	}
	if err := r.check(ActionUserCreate); err != nil {
		return 0, err
	}
	if err := o.checkRows(r); err != nil {
		return 0, err
	}
	sum := &BulkError{}
	outages := 0
	for i, row := range r.Rows {
		if ctx.Err() != nil {
			sum.Cause = ctx.Err()
			sum.Left = len(r.Rows) - i
			break
		}
		got := o.bulkRow(ctx, r, row)
		sum.count(got)
		if r.Each != nil {
			r.Each(got)
		}
		if errors.Is(got.Err, duoclient.ErrOutage) || errors.Is(got.Err, duoclient.ErrRateLimited) {
			outages++
		} else {
			outages = 0
		}
		if stops(got.Err) || outages == mostOutages {
			sum.Cause = got.Err
			sum.Left = len(r.Rows) - i - 1
			break
		}
	}
	if sum.Failed == 0 && sum.Left == 0 {
		return sum.Done, nil
	}
	return sum.Done, sum
}

// request is that of one row.
func (r BulkRequest) request(row EnrolRow) EnrolRequest {
	out := EnrolRequest{
		Order: r.Order, Username: row.Username, Realname: row.Realname, Email: row.Email, Phone: row.Phone,
		Platform: r.Platform, Shared: r.Shared, Deliver: r.Deliver, Install: r.Install, Valid: r.Valid,
	}
	if r.Deliver == DeliverEmail {
		out.Phone = ""
	}
	return out
}

// checkRows looks for faults in every row before the first is begun.
func (o *Org) checkRows(r BulkRequest) error {
	var faults []RowFault
	for _, row := range r.Rows {
		for _, f := range policyFaults(o.complete(r.request(row)).check()) {
			if len(faults) < mostFaults {
				faults = append(faults, RowFault{Line: row.Line, Column: f.Field, Text: f.Rule})
			}
		}
	}
	if faults != nil {
		return &RowsError{Faults: faults}
	}
	return nil
}

func (e *BulkError) count(got RowOutcome) {
	switch got.Outcome {
	case OutcomeDone:
		e.Done++
	case OutcomeSkipped:
		e.Skipped++
	default:
		e.Failed++
		if len(e.Lines) < mostLines {
			e.Lines = append(e.Lines, got.Row.Line)
		}
	}
}

// stops reports errors that every further row would meet.
func stops(err error) bool {
	for _, kind := range []error{
		duoclient.ErrMisconfigured, duoclient.ErrClockSkew, duoclient.ErrUntrustedServer, duoclient.ErrConfig,
		ErrNoCredentials, ErrNoChild, errJournal, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func (o *Org) bulkRow(ctx context.Context, r BulkRequest, row EnrolRow) RowOutcome {
	key := row.key(o.config.Name)
	if r.Journal.Done(key) {
		return RowOutcome{Row: row, Outcome: OutcomeSkipped}
	}
	got, err := o.Enrol(ctx, o.complete(r.request(row)))
	if err == nil {
		err = r.Journal.note(key, o.config.Name, row.Username)
	}
	if err != nil {
		return RowOutcome{Row: row, Outcome: OutcomeFailed, Enrolment: got, Err: err}
	}
	return RowOutcome{Row: row, Outcome: OutcomeDone, Enrolment: got}
}
