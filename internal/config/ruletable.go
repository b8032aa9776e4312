package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/rules"
)

// ruleTable reads groups, rules, exemptions, read_only and step_up, and puts
// them together. What they mean is checked by package rules, whose faults get
// their lines here. c holds everything else already.
func (r *reader) ruleTable(s *section, c *Config) {
	c.Groups = r.groups(s.sub("groups"))
	_, _ = s.list("rules", func(path string, v *value) { c.Rules = append(c.Rules, r.rule(r.open(v, path))) })
	_, _ = s.list("exemptions", func(path string, v *value) { c.Exemptions = append(c.Exemptions, r.exemption(r.open(v, path))) })
	readOnly := s.sub("read_only")
	c.ReadOnly.Users, _ = readOnly.strings("users")
	c.ReadOnly.Groups, _ = readOnly.strings("groups")
	readOnly.done()
	c.StepUp = r.stepUp(s.sub("step_up"), c)
	set, err := rules.New(rules.Config{
		Rules: c.Rules, Exemptions: c.Exemptions, Groups: c.Groups,
		Administrators: c.Administrators, ReadOnly: c.ReadOnly, StepUp: c.StepUp,
	})
	if all, ok := errors.AsType[*rules.FaultsError](err); ok {
		for _, f := range all.Faults {
			r.ruleFault(f)
		}
	}
	r.needAuth(c)
	c.ruleSet = set
}

// ruleFault adds a fault that package rules found, unless the setting has one
// of its own: what could not be read looks like nothing there.
func (r *reader) ruleFault(f rules.Fault) {
	table := errors.Is(f.Err, rules.ErrUnreachable) || errors.Is(f.Err, rules.ErrAsksNobody)
	if table && r.faulted("rules") || r.faulted(f.Path) {
		return
	}
	line := 0
	for path := f.Path; line == 0 && path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		line = r.lines[path]
	}
	r.fault(max(line, 1), f.Path, "%s", f.Text)
}

// faulted reports whether the setting, a part of it or a whole it belongs to
// could not be read.
func (r *reader) faulted(path string) bool {
	within := func(whole, part string) bool {
		rest, ok := strings.CutPrefix(part, whole)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	}
	return slices.ContainsFunc(r.faults, func(f Fault) bool {
		return f.Key != "" && (within(path, f.Key) || within(f.Key, path) && !strings.Contains(f.Text, "unknown key"))
	})
}

// needAuth faults modes that only the Auth API can carry out.
func (r *reader) needAuth(c *Config) {
	if c.Duo.Auth.Configured() || r.faulted("duo.auth") {
		return
	}
	for i, rule := range c.Rules {
		for j, m := range rule.Allow {
			if m == rules.Push || m == rules.Passcode {
				path := fmt.Sprintf("rules[%d].allow[%d]", i, j)
				r.fault(r.lines[path], path, "%s goes through Duo's Auth API; give its keys under duo.auth", m)
			}
		}
	}
	if len(c.StepUp.Operations) > 0 {
		r.fault(r.lines["step_up"], "step_up", "asks by Duo's Auth API; give its keys under duo.auth")
	}
}

func (r *reader) groups(s *section) map[string][]string {
	if !s.set {
		return nil
	}
	out := make(map[string][]string)
	for _, name := range s.order {
		out[name], _ = s.strings(name)
	}
	s.done()
	return out
}

func (r *reader) rule(s *section) rules.Rule {
	defer s.done()
	var out rules.Rule
	out.Name, _ = s.text("", "name")
	out.Users, _ = s.strings("users")
	out.Groups, _ = s.strings("groups")
	out.Networks = s.ruleNetworks("leave networks out for everywhere")
	allow, _ := s.strings("allow")
	for _, m := range allow {
		out.Allow = append(out.Allow, rules.Mode(m))
	}
	_, _ = s.list("clients", func(path string, v *value) {
		client := r.open(v, path)
		var c rules.ClientRule
		c.UserAgent, _ = client.text("", "user_agent")
		c.Header, _ = client.text("", "header")
		var at entry
		var mode string
		if mode, at = client.text("", "mode"); at.value == nil {
			client.missing("mode", "write the mode that the client gets")
		}
		c.Mode = rules.Mode(mode)
		client.done()
		out.Clients = append(out.Clients, c)
	})
	return out
}

func (r *reader) exemption(s *section) rules.Exemption {
	defer s.done()
	var out rules.Exemption
	out.Name, _ = s.text("", "name")
	out.Users, _ = s.strings("users")
	out.Networks = s.ruleNetworks("an exemption has to end somewhere")
	out.Owner, _ = s.text("", "owner")
	out.Reason, _ = s.text("", "reason")
	until, at := s.text("", "until")
	if until != "" {
		end, err := lastDay(until)
		if err != nil {
			r.fault(at.line, s.at("until"), "%s is not a date; write it like 2030-12-31", quote(until))
		}
		out.Until = end
	}
	out.Paths, _ = s.strings("paths")
	out.Methods, _ = s.strings("methods")
	return out
}

// stepUp is off when the section is not there; without a list it guards the
// operations that are dangerous everywhere.
func (r *reader) stepUp(s *section, c *Config) rules.StepUp {
	defer s.done()
	if !s.set {
		return rules.StepUp{}
	}
	if c.Primary.Upstream == nil {
		r.fault(s.line, s.path, "guards operations of an engine; name one under primary.upstream")
	}
	var out rules.StepUp
	out.MaxAge, _ = s.duration("max_age", rules.DefaultMaxAge, time.Second, 24*time.Hour)
	_, ok := s.list("operations", func(path string, v *value) {
		row := r.open(v, path)
		var o rules.Operation
		o.Methods, _ = row.strings("methods")
		o.Paths, _ = row.strings("paths")
		row.done()
		out.Operations = append(out.Operations, o)
	})
	if !ok {
		out.Operations = rules.DangerousOperations()
	}
	return out
}

// strings takes a list of texts. One that cannot be read is faulted and stays
// as an empty one, so that all others keep their places.
func (s *section) strings(key string) ([]string, bool) {
	out := []string{}
	defer s.r.listing.takes(s.at(key), aTextList)
	_, ok := s.list(key, func(path string, v *value) {
		text := ""
		switch {
		case v.kind != kindText:
			s.r.fault(v.line, path, "must be text; put it in quotes")
		case v.text == "":
			s.r.fault(v.line, path, "is empty; delete it")
		case slices.Contains(out, v.text):
			s.r.fault(v.line, path, "is in the list twice; delete one")
		default:
			text = v.text
		}
		out = append(out, text)
	})
	if !ok {
		return nil, false
	}
	return out, true
}

// ruleNetworks takes networks, one that cannot be read as strings does.
func (s *section) ruleNetworks(danger string) []netip.Prefix {
	texts, _ := s.strings("networks")
	var out []netip.Prefix
	for i, text := range texts {
		var p netip.Prefix
		if text != "" {
			path := fmt.Sprintf("%s[%d]", s.at("networks"), i)
			p, _ = s.r.network(path, s.r.lines[path], text, danger, out)
		}
		out = append(out, p)
	}
	return out
}

func printRules(all []rules.Rule) []yaml.MapSlice {
	out := make([]yaml.MapSlice, 0, len(all))
	for _, r := range all {
		m := yaml.MapSlice{{Key: "name", Value: r.Name}}
		m = addList(m, "users", r.Users)
		m = addList(m, "groups", r.Groups)
		m = addList(m, "networks", printPrefixes(r.Networks))
		m = append(m, yaml.MapItem{Key: "allow", Value: r.Allow})
		var clients []yaml.MapSlice
		for _, c := range r.Clients {
			row := addText(addText(nil, "user_agent", c.UserAgent), "header", c.Header)
			clients = append(clients, append(row, yaml.MapItem{Key: "mode", Value: string(c.Mode)}))
		}
		if clients != nil {
			m = append(m, yaml.MapItem{Key: "clients", Value: clients})
		}
		out = append(out, m)
	}
	return out
}

func printExemptions(all []rules.Exemption) []yaml.MapSlice {
	out := make([]yaml.MapSlice, 0, len(all))
	for _, e := range all {
		m := yaml.MapSlice{
			{Key: "name", Value: e.Name},
			{Key: "users", Value: e.Users},
			{Key: "networks", Value: printPrefixes(e.Networks)},
			{Key: "owner", Value: e.Owner},
		}
		m = addText(m, "reason", e.Reason)
		m = append(m, yaml.MapItem{Key: "until", Value: e.Until.Format(time.RFC3339)})
		m = addList(m, "paths", e.Paths)
		out = append(out, addList(m, "methods", e.Methods))
	}
	return out
}

func printStepUp(s rules.StepUp) yaml.MapSlice {
	rows := make([]yaml.MapSlice, 0, len(s.Operations))
	for _, o := range s.Operations {
		rows = append(rows, append(addList(nil, "methods", o.Methods), yaml.MapItem{Key: "paths", Value: o.Paths}))
	}
	return yaml.MapSlice{{Key: "max_age", Value: duration(s.MaxAge)}, {Key: "operations", Value: rows}}
}

func addList(m yaml.MapSlice, key string, texts []string) yaml.MapSlice {
	if len(texts) == 0 {
		return m
	}
	return append(m, yaml.MapItem{Key: key, Value: texts})
}
