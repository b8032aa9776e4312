package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
)

func (d *duo) logs() *cobra.Command {
	return noun("logs", "Read the logs of a Duo account",
		`logs reads Duo's logs: who authenticated, what administrators did, and what was
called and texted. --since and --until take a time (2006-01-02T15:04:05Z, or a
day) or how long ago (2h, 7d). Duo allows few questions a minute.`,
		"  mfaserver duo logs authentication --since 24h --user alice\n  mfaserver duo logs administrator --since 7d --output json",
		d.logsAuthentication(), d.logsAdministrator(), d.logsTelephony())
}

// span is the time that a log is read for.
type span struct {
	since, until string
}

func (s *span) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.since, "since", "24h", "begin at `TIME`: a time, a day, or how long ago")
	cmd.Flags().StringVar(&s.until, "until", "", "end at `TIME` (default: now)")
}

func (s *span) get() (from, to time.Time, err error) {
	if from, err = parseWhen(s.since, now()); err != nil {
		return from, to, fmt.Errorf("%w: --since: %w", errUsage, err)
	}
	if to, err = parseWhen(s.until, now()); err != nil {
		return from, to, fmt.Errorf("%w: --until: %w", errUsage, err)
	}
	return from, to, nil
}

// parseWhen reads a time, a day (in UTC), or how long before at; nothing is
// the zero time.
func parseWhen(text string, at time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return at.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return at.Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("write 2006-01-02T15:04:05Z, 2006-01-02, 36h or 7d")
}

func (d *duo) logsAuthentication() *cobra.Command {
	var flags listFlags
	var s span
	var f duoclient.AuthLogFilter
	var users []string
	cmd := verb("authentication", "Who authenticated, how, and what came of it",
		"  mfaserver duo logs authentication --since 24h --user alice --result denied", noArgs,
		func(ctx context.Context, _ []string) error {
			var err error
			if f.From, f.To, err = s.get(); err != nil {
				return err
			}
			return list(ctx, d, flags, listing[duoclient.AuthLog]{
				what: "the authentication log", columns: authLogColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.AuthLog, error] {
					return authLogOf(ctx, admin, f, users)
				},
			})
		})
	flags.add(d, cmd)
	s.flags(cmd)
	cmd.Flags().StringSliceVar(&users, "user", nil, "only `USERS`, separated by commas")
	cmd.Flags().StringSliceVar(&f.Factors, "factor", nil, "only `FACTORS`, such as duo_push or bypass_code")
	cmd.Flags().StringSliceVar(&f.Results, "result", nil, "only `RESULTS`: success, denied, fraud")
	cmd.Flags().StringSliceVar(&f.Reasons, "why", nil, "only these `REASONS` of Duo's, such as user_approved or no_response")
	cmd.Flags().StringSliceVar(&f.EventTypes, "event", nil, "only `EVENTS`: authentication, enrollment")
	cmd.Flags().BoolVar(&f.OldestFirst, "oldest-first", false, "begin with the oldest")
	return cmd
}

// authLogOf finds the users that the filter is to have, and reads the log.
func authLogOf(ctx context.Context, admin *duoclient.Admin, f duoclient.AuthLogFilter, users []string) iter.Seq2[*duoclient.AuthLog, error] {
	return func(yield func(*duoclient.AuthLog, error) bool) {
		for _, name := range users {
			user, err := findUser(ctx, admin, name)
			if err != nil {
				yield(nil, err)
				return
			}
			f.Users = append(f.Users, user.UserID)
		}
		admin.Logs.Authentication(ctx, f)(yield)
	}
}

func (d *duo) logsAdministrator() *cobra.Command {
	var flags listFlags
	var s span
	cmd := verb("administrator", "What administrators did, oldest first", "  mfaserver duo logs administrator --since 7d", noArgs,
		func(ctx context.Context, _ []string) error {
			from, to, err := s.get()
			if err != nil {
				return err
			}
			return list(ctx, d, flags, listing[duoclient.AdminLog]{
				what: "the administrator log", columns: adminLogColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.AdminLog, error] {
					return untilTime(admin.Logs.Administrator(ctx, from), to)
				},
			})
		})
	flags.add(d, cmd)
	s.flags(cmd)
	return cmd
}

// untilTime ends a log that comes oldest first.
func untilTime(log iter.Seq2[*duoclient.AdminLog, error], to time.Time) iter.Seq2[*duoclient.AdminLog, error] {
	return func(yield func(*duoclient.AdminLog, error) bool) {
		for entry, err := range log {
			if err == nil && !to.IsZero() && entry.Timestamp.After(to) {
				return
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func (d *duo) logsTelephony() *cobra.Command {
	var flags listFlags
	var s span
	cmd := verb("telephony", "What was called and texted, newest first", "  mfaserver duo logs telephony --since 30d", noArgs,
		func(ctx context.Context, _ []string) error {
			from, to, err := s.get()
			if err != nil {
				return err
			}
			return list(ctx, d, flags, listing[duoclient.TelephonyLog]{
				what: "the telephony log", columns: telephonyColumns(),
				every: func(ctx context.Context, admin *duoclient.Admin) iter.Seq2[*duoclient.TelephonyLog, error] {
					return admin.Logs.Telephony(ctx, from, to)
				},
			})
		})
	flags.add(d, cmd)
	s.flags(cmd)
	return cmd
}

func authLogColumns() []column[duoclient.AuthLog] {
	type l = duoclient.AuthLog
	return []column[l]{
		{head: "TIME", cell: func(v *l) string { return instant(v.Timestamp) }},
		{head: "USER", cell: func(v *l) string { return v.User.Name }},
		{head: "EVENT", cell: func(v *l) string { return v.EventType }},
		{head: "FACTOR", cell: func(v *l) string { return v.Factor }},
		{head: "RESULT", cell: func(v *l) string { return v.Result }},
		{head: "REASON", cell: func(v *l) string { return v.Reason }},
		{head: "APPLICATION", cell: func(v *l) string { return v.Application.Name }},
		{head: "FROM", cell: func(v *l) string { return v.AccessDevice.IP }},
		{head: "DEVICE", cell: func(v *l) string { return v.AuthDevice.Name }},
	}
}

func adminLogColumns() []column[duoclient.AdminLog] {
	type l = duoclient.AdminLog
	return []column[l]{
		{head: "TIME", cell: func(v *l) string { return instant(v.Timestamp) }},
		{head: "WHO", cell: func(v *l) string { return v.Username }},
		{head: "ACTION", cell: func(v *l) string { return v.Action }},
		{head: "OBJECT", cell: func(v *l) string { return v.Object }},
		{head: "DETAILS", cell: func(v *l) string { return v.Description }},
	}
}

func telephonyColumns() []column[duoclient.TelephonyLog] {
	type l = duoclient.TelephonyLog
	return []column[l]{
		{head: "TIME", cell: func(v *l) string { return instant(v.Time) }},
		{head: "TYPE", cell: func(v *l) string { return v.Type }},
		{head: "PHONE", cell: func(v *l) string { return v.Phone }},
		{head: "CONTEXT", cell: func(v *l) string { return v.Context }},
		{head: "CREDITS", cell: func(v *l) string { return strconv.Itoa(v.Credits) }},
	}
}
