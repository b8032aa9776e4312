package adminops

import (
	"context"
	"iter"
	"net/url"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

// span is a log's time, as its query names it.
type span struct{ from, to time.Time }

func readSpan(q url.Values) (span, error) {
	var s span
	for _, end := range []struct {
		name string
		to   *time.Time
	}{{"since", &s.from}, {"until", &s.to}} {
		text := q.Get(end.name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return s, parameterError(end.name, "must be an instant such as 2030-01-31T08:00:00Z")
		}
		*end.to = at
	}
	return s, nil
}

func logOperations() []operation {
	since := text("since", "From when, RFC 3339; as far back as Duo goes when absent.")
	until := text("until", "Until when, RFC 3339; now when absent.")
	return []operation{
		log("logs.authentication", "List authentications and enrolments, newest first.", []Field{since, until},
			func(ctx context.Context, a *duoclient.Admin, s span) iter.Seq2[any, error] {
				return anything(a.Logs.Authentication(ctx, duoclient.AuthLogFilter{From: s.from, To: s.to}))
			}),
		log("logs.activity", "List what administrators and users did, newest first.", []Field{since, until},
			func(ctx context.Context, a *duoclient.Admin, s span) iter.Seq2[any, error] {
				return anything(a.Logs.Activity(ctx, s.from, s.to))
			}),
		log("logs.telephony", "List SMS and calls, newest first.", []Field{since, until},
			func(ctx context.Context, a *duoclient.Admin, s span) iter.Seq2[any, error] {
				return anything(a.Logs.Telephony(ctx, s.from, s.to))
			}),
		log("logs.administrator", "List what administrators did, oldest first.", []Field{since},
			func(ctx context.Context, a *duoclient.Admin, s span) iter.Seq2[any, error] {
				return anything(a.Logs.Administrator(ctx, s.from))
			}),
	}
}

func log(name, summary string, query []Field, list func(context.Context, *duoclient.Admin, span) iter.Seq2[any, error]) operation {
	op := Operation{Name: name, Summary: summary, Query: query, List: true}
	return operation{Operation: op, do: func(ctx context.Context, r *request) (Result, error) {
		s, err := readSpan(r.Query)
		if err != nil {
			return Result{}, err
		}
		org, admin, err := r.admin(ctx)
		if err != nil {
			return Result{}, err
		}
		err = org.Do(ctx, r.order(why{}), r.deed(helpdesk.ActionRead, ""), func(context.Context) error { return nil })
		return Result{Items: list(ctx, admin, s)}, err
	}}
}
