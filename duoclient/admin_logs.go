package duoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"time"
)

// LogService is the Admin API's logs. It needs the permission Grant read log.
// Duo allows few questions a minute here. See [Admin] for the errors of every
// call.
type LogService struct{ api *api }

const (
	// logDays is how far back Duo's logs of version 2 go.
	logDays = 180
	// pageLog is the size of a page of the logs of version 1.
	pageLog = 1000
)

// AuthLogFilter says which authentications to list.
type AuthLogFilter struct {
	// From and To bound the time. From zero: 180 days ago, which is as far as
	// Duo goes; To zero: now.
	From, To time.Time
	// Oldest first; else the newest is.
	OldestFirst bool
	// Each of these narrows by any of its elements, at most 100: keys of users,
	// groups and applications; event types (authentication, enrollment);
	// factors, results (success, denied, fraud) and reasons as the entries have
	// them; phone numbers; keys of hardware tokens.
	Users, Groups, Applications, EventTypes, Factors, Results, Reasons, PhoneNumbers, Tokens []string
}

// Authentication gives authentications and enrolments: GET
// /admin/v2/logs/authentication with mintime, maxtime (milliseconds), sort,
// users, groups, applications, event_types, factors, results, reasons,
// phone_numbers and tokens, paged by 1000 with a cursor.
func (s *LogService) Authentication(ctx context.Context, f AuthLogFilter) iter.Seq2[*AuthLog, error] {
	p := newParameters()
	s.span(p, f.From, f.To)
	p.set("sort", map[bool]string{true: "ts:asc", false: "ts:desc"}[f.OldestFirst])
	for name, list := range map[string][]string{
		"users": f.Users, "groups": f.Groups, "applications": f.Applications, "event_types": f.EventTypes,
		"factors": f.Factors, "results": f.Results, "reasons": f.Reasons, "phone_numbers": f.PhoneNumbers, "tokens": f.Tokens,
	} {
		p.repeat(name, list)
	}
	return cursorPages[AuthLog](ctx, s.api, "/admin/v2/logs/authentication", "authlogs", p)
}

// Activity gives what administrators and users did between from and to (zero:
// as [AuthLogFilter] has it), newest first: GET /admin/v2/logs/activity with
// mintime and maxtime (milliseconds), paged by 1000 with a cursor.
func (s *LogService) Activity(ctx context.Context, from, to time.Time) iter.Seq2[*ActivityLog, error] {
	p := newParameters()
	s.span(p, from, to)
	return cursorPages[ActivityLog](ctx, s.api, "/admin/v2/logs/activity", "items", p)
}

// Telephony gives SMS and calls between from and to (zero: as [AuthLogFilter]
// has it), newest first: GET /admin/v2/logs/telephony with mintime and maxtime
// (milliseconds), paged by 1000 with a cursor.
func (s *LogService) Telephony(ctx context.Context, from, to time.Time) iter.Seq2[*TelephonyLog, error] {
	p := newParameters()
	s.span(p, from, to)
	return cursorPages[TelephonyLog](ctx, s.api, "/admin/v2/logs/telephony", "items", p)
}

// span sets mintime and maxtime, both of which these logs need.
func (s *LogService) span(p *parameters, from, to time.Time) {
	now := s.api.now()
	oldest := now.AddDate(0, 0, -logDays)
	if from.IsZero() {
		// A minute more, for the clock's sake.
		from = oldest.Add(time.Minute)
	}
	if to.IsZero() {
		to = now
	}
	if from.Before(oldest) {
		p.fault("mintime", fmt.Sprintf("must be at most %d days ago", logDays))
	}
	if !from.Before(to) {
		p.fault("maxtime", "must be after mintime")
	}
	p.set("mintime", strconv.FormatInt(from.UnixMilli(), 10))
	p.set("maxtime", strconv.FormatInt(to.UnixMilli(), 10))
}

// repeat sets a parameter once for each element.
func (p *parameters) repeat(name string, list []string) {
	if len(list) > maxBatch {
		p.fault(name, fmt.Sprintf("must have at most %d elements, it has %d", maxBatch, len(list)))
		return
	}
	one := newParameters()
	for i, value := range list {
		one.needed(fmt.Sprintf("[%d]", i), value, maxName)
		p.values.Add(name, value)
	}
	p.adopt(name, one)
}

// Administrator gives what administrators did since the time given (zero: the
// oldest that Duo has), oldest first: GET /admin/v1/logs/administrator with
// mintime in seconds. Duo pages this log by time alone; entries of one second
// come once each as long as fewer than 1000 share it.
func (s *LogService) Administrator(ctx context.Context, since time.Time) iter.Seq2[*AdminLog, error] {
	const path = "/admin/v1/logs/administrator"
	return func(yield func(*AdminLog, error) bool) {
		held := make(map[string]struct{}) // entries of the last second given
		pages[AdminLog](ctx, list(path, nil).name(), func(ctx context.Context, from string) (page, error) {
			if from == "" {
				from = strconv.FormatInt(max(since.Unix(), 0), 10)
			}
			op := list(path, newParameters())
			op.params.set("mintime", from)
			e, err := s.api.do(ctx, op)
			if err != nil {
				return page{}, err
			}
			all, ok := elements(e.response)
			if !ok {
				return page{}, unexpected(op, "a list")
			}
			return nextByTime(op, all, held, from)
		})(yield)
	}
}

// nextByTime leaves out the entries that the last page had, and finds the
// second at which the next page begins. held holds the entries of that second.
func nextByTime(op operation, all []json.RawMessage, held map[string]struct{}, from string) (page, error) {
	var p page
	for _, raw := range all {
		if _, had := held[string(raw)]; !had {
			p.items = append(p.items, raw)
		}
	}
	if len(all) < pageLog {
		return p, nil
	}
	last := literal(member(all[len(all)-1], "timestamp"))
	second, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return page{}, unexpected(op, "a list of entries with timestamps")
	}
	if last == from {
		p.next = strconv.FormatInt(second+1, 10)
		clear(held)
		return p, nil
	}
	clear(held)
	for _, raw := range all {
		if literal(member(raw, "timestamp")) == last {
			held[string(raw)] = struct{}{}
		}
	}
	p.next = last
	return p, nil
}
