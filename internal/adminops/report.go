package adminops

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/helpdesk"
)

// PartError is a part of a stream that is not complete: an organisation. What
// follows goes on.
type PartError struct {
	Organization string
	Err          error
}

// Error implements error.
func (e *PartError) Error() string { return "adminops: " + e.Organization + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *PartError) Unwrap() error { return e.Err }

// reportRow is a user whom the report found.
type reportRow struct {
	Organization string             `json:"organization"`
	UserID       string             `json:"user_id"`
	Username     string             `json:"username"`
	Realname     string             `json:"realname"`
	Email        string             `json:"email"`
	Status       string             `json:"status"`
	Enrolled     bool               `json:"enrolled"`
	Phones       int                `json:"phones"`
	Created      *time.Time         `json:"created"`
	LastLogin    *time.Time         `json:"last_login"`
	Findings     []helpdesk.Finding `json:"findings"`
	BypassGroup  string             `json:"bypass_group,omitempty"`
}

func reportOperation() operation {
	op := Operation{
		Name: "users.report", Summary: "Report users that need attention, of one organisation or of all.", Stream: true,
		Query: []Field{
			flag("all_orgs", "Every organisation that can be administered."),
			text("kind", "What to look for, with commas: unenrolled, bypass, inactive, without_phone (these four when absent), locked_out, disabled."),
			flag("every", "Every user, with what is found of him."),
			{Name: "inactive_days", Type: typeInteger, Doc: "How long without login is inactive, 1 to 3650; 90 when absent."},
		},
	}
	return operation{Operation: op, do: report}
}

func report(ctx context.Context, r *request) (Result, error) {
	orgs, err := r.desk.Select(r.Org, r.Query.Get("all_orgs") == "true")
	if err != nil {
		return Result{}, err
	}
	request := helpdesk.ReportRequest{Order: r.order(why{}), Every: r.Query.Get("every") == "true"}
	if kinds := r.Query.Get("kind"); kinds != "" {
		for word := range strings.SplitSeq(kinds, ",") {
			finding, err := helpdesk.ParseFinding(word)
			if err != nil {
				return Result{}, err
			}
			request.Findings = append(request.Findings, finding)
		}
	}
	if days := r.Query.Get("inactive_days"); days != "" {
		if request.InactiveDays, err = strconv.Atoi(days); err != nil || request.InactiveDays == 0 {
			return Result{}, parameterError("inactive_days", "must be 1 to 3650")
		}
	}
	return Result{Items: reportRows(r.desk.Report(ctx, orgs, request))}, nil
}

func reportRows(rows iter.Seq2[*helpdesk.ReportRow, error]) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		for row, err := range rows {
			if part, ok := errors.AsType[*helpdesk.OrgError](err); ok {
				if !yield(nil, &PartError{Organization: part.Org, Err: part.Err}) {
					return
				}
				continue
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(reportRow{
				Organization: row.Org, UserID: row.UserID, Username: row.Username, Realname: row.Realname, Email: row.Email,
				Status: string(row.Status), Enrolled: row.Enrolled, Phones: row.Phones,
				Created: instant(row.Created), LastLogin: instant(row.LastLogin), Findings: row.Findings, BypassGroup: row.BypassGroup,
			}, nil) {
				return
			}
		}
	}
}
