package config

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

func (r *reader) enrolment(s *section) Enrolment {
	defer s.done()
	var out Enrolment
	var at entry
	if out.Contact, at = s.text("", "contact"); utf8.RuneCountInString(out.Contact) > 200 {
		r.fault(at.line, s.at("contact"), "is longer than 200 characters; shorten it")
	}
	selfService, _ := s.booleanOr("self_service", true)
	out.NoSelfService = !selfService
	seen := make(map[string]bool)
	_, _ = s.list("inline", func(path string, v *value) {
		rule, ok := r.inlineRule(r.open(v, path))
		if !ok {
			return
		}
		if seen[rule.Group] {
			r.fault(v.line, path, "a second rule for the group %s; keep one", quote(rule.Group))
			return
		}
		seen[rule.Group] = true
		out.Inline = append(out.Inline, rule)
	})
	return out
}

// inlineRule reads one rule. It must end: whoever has the password of an
// account without a device can enrol his own while it lasts.
func (r *reader) inlineRule(s *section) (InlineRule, bool) {
	group, groupAt := s.text("", "group")
	until, untilAt := s.text("", "until")
	s.done()
	if groupAt.value == nil {
		s.missing("group", `name the group, or "*" for everyone`)
	}
	if untilAt.value == nil {
		s.missing("until", "write the last day, such as 2030-12-31")
	}
	if group == "" || until == "" {
		return InlineRule{}, false
	}
	if strings.TrimSpace(group) != group || len(group) > 256 {
		r.fault(groupAt.line, s.at("group"), "%s cannot be the name of a group", quote(group))
		return InlineRule{}, false
	}
	end, err := lastDay(until)
	if err != nil {
		r.fault(untilAt.line, s.at("until"), "%s is not a date; write it like 2030-12-31", quote(until))
		return InlineRule{}, false
	}
	return InlineRule{Group: group, Until: end}, true
}

// lastDay reads a date, which includes that day in UTC, or an instant of RFC
// 3339.
func lastDay(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("config: neither a date nor a time: %w", err)
	}
	return t.UTC(), nil
}
