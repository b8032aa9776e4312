package config

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mfaserver/internal/rules"
)

func (r *reader) connections(s *section) Connections {
	defer s.done()
	var c Connections
	var perSource entry
	c.Total, _ = s.integer("total", 8192, 64, 1_000_000)
	c.PerSource, perSource = s.integer("per_source", min(200, c.Total), 16, 1_000_000)
	if c.PerSource > c.Total {
		r.fault(max(perSource.line, s.line), s.at("per_source"), "is more than total; make it at most as much")
	}
	return c
}

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

// session reads the limits of sessions; c holds duo already.
func (r *reader) session(s *section, c *Config) Session {
	defer s.done()
	var out Session
	var idle entry
	out.Absolute, _ = s.duration("absolute", 12*time.Hour, time.Second, 30*24*time.Hour)
	out.Idle, idle = s.duration("idle", min(30*time.Minute, out.Absolute), time.Second, 30*24*time.Hour)
	out.PerUser, _ = s.integer("per_user", 20, 1, 10_000)
	out.Passive = s.passive()
	out.OnAddressChange, _ = s.word("on_address_change", "record", "record", "confirm", "end")
	var check entry
	if out.DuoCheck, check = s.duration("duo_check", 0, time.Second, 24*time.Hour); check.value != nil && !c.Duo.Auth.Configured() {
		r.fault(check.line, s.at("duo_check"), "asks the Auth API; configure duo.auth, or delete it")
	}
	if out.Idle > out.Absolute {
		r.fault(idle.line, s.at("idle"), "is longer than absolute; make it at most as long")
	}
	return out
}

// passive takes the paths that clients poll (threat T111).
func (s *section) passive() []string {
	paths, ok := s.strings("passive")
	if !ok {
		return rules.DefaultPassive()
	}
	for i, p := range paths {
		if _, err := rules.NewPaths(p); err != nil && p != "" {
			at := fmt.Sprintf("%s[%d]", s.at("passive"), i)
			s.r.fault(s.r.lines[at], at, "%s", strings.TrimPrefix(err.Error(), rules.ErrPath.Error()+": "))
		}
	}
	return paths
}

// tokens bounds service tokens.
func (r *reader) tokens(s *section) Tokens {
	defer s.done()
	var t Tokens
	t.MaxLife, _ = s.duration("max_life", 365*24*time.Hour, time.Hour, 3*365*24*time.Hour)
	return t
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
