package config

import (
	"log/slog"
	"time"
)

func (r *reader) login(s *section) Login {
	defer s.done()
	var l Login
	var enrol, reserved, perUser, total entry
	l.Lifetime, _ = s.duration("lifetime", 10*time.Minute, time.Second, time.Hour)
	l.EnrolLifetime, enrol = s.duration("enrol_lifetime", max(15*time.Minute, l.Lifetime), time.Second, time.Hour)
	l.PerUser, perUser = s.integer("per_user", 20, 1, 100_000)
	l.PerClient, _ = s.integer("per_client", min(5, l.PerUser), 1, 100_000)
	l.Reserved, reserved = s.integer("reserved", min(5, l.PerUser-1), 0, 100_000)
	l.Total, total = s.integer("total", 50_000, 1, 10_000_000)
	l.RelayPolicy, _ = s.word("relay_policy", "audit", "off", "audit", "enforce")
	l.MaxFailures, _ = s.integer("max_failures", 10, 1, 100)
	l.FailureWindow, _ = s.duration("failure_window", 15*time.Minute, time.Minute, 24*time.Hour)
	for _, c := range []struct {
		bad  bool
		e    entry
		key  string
		text string
	}{
		{l.EnrolLifetime < l.Lifetime, enrol, "enrol_lifetime", "is shorter than lifetime; make it at least as long"},
		{l.PerUser < l.PerClient, perUser, "per_user", "is less than per_client; make it at least as much"},
		{l.Reserved >= l.PerUser, reserved, "reserved", "leaves nothing of per_user to new addresses; make it smaller"},
		{l.Total < l.PerUser, total, "total", "is less than per_user; make it at least as much"},
	} {
		if c.bad {
			r.fault(max(c.e.line, s.line), s.at(c.key), "%s", c.text)
		}
	}
	return l
}

func (r *reader) session(s *section) Session {
	defer s.done()
	var out Session
	var idle entry
	out.Absolute, _ = s.duration("absolute", 12*time.Hour, time.Second, 30*24*time.Hour)
	out.Idle, idle = s.duration("idle", min(30*time.Minute, out.Absolute), time.Second, 30*24*time.Hour)
	out.PerUser, _ = s.integer("per_user", 20, 1, 10_000)
	if out.Idle > out.Absolute {
		r.fault(idle.line, s.at("idle"), "is longer than absolute; make it at most as long")
	}
	return out
}

func (r *reader) log(s *section) Log {
	defer s.done()
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, _ := s.word("level", "info", "debug", "info", "warn", "error")
	format, _ := s.word("format", "text", "text", "json")
	return Log{Level: levels[level], Format: format}
}
