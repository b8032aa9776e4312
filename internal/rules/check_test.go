package rules_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/rules"
)

// goodConfig has a bit of everything and no fault.
func goodConfig() rules.Config {
	return rules.Config{
		Groups:         map[string][]string{"staff": {"rosa"}},
		Administrators: []string{"Alice"},
		Rules: []rules.Rule{
			{Name: "staff", Groups: []string{"staff"}, Networks: nets("10.0.0.0/8"), Allow: []rules.Mode{rules.Push, rules.Prompt}},
			{Name: "rest", Allow: []rules.Mode{rules.Prompt}, Clients: []rules.ClientRule{{UserAgent: "*", Mode: rules.Prompt}}},
		},
		Exemptions: []rules.Exemption{backup()},
		ReadOnly:   rules.ReadOnly{Users: []string{"viewer"}, Groups: []string{"staff"}},
		StepUp:     rules.StepUp{MaxAge: time.Minute, Operations: []rules.Operation{{Paths: []string{"/users/**"}}}},
	}
}

// Threat T014 and T170: what makes a rule set wrong, each with its own error
// at its own place.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	type config = rules.Config
	onlyRules := func(all ...rules.Rule) func(*config) { return func(c *config) { c.Rules = all } }
	first := func(change func(r *rules.Rule)) func(*config) { return func(c *config) { change(&c.Rules[0]) } }
	exemption := func(change func(e *rules.Exemption)) func(*config) {
		return func(c *config) { change(&c.Exemptions[0]) }
	}
	refuse, prompt := []rules.Mode{rules.Refuse}, []rules.Mode{rules.Prompt}
	tests := []struct {
		name  string
		spoil func(*config)
		err   error
		path  string
	}{
		{"asks nobody", onlyRules(rules.Rule{Name: "all", Allow: refuse}), rules.ErrAsksNobody, "rules[0].allow"},
		{"asks nobody in two rules", onlyRules(
			rules.Rule{Name: "staff", Groups: []string{"staff"}, Allow: refuse}, rules.Rule{Name: "all", Groups: []string{"*"}, Allow: refuse},
		), rules.ErrAsksNobody, "rules[1].allow"},
		{"unreachable", onlyRules(rules.Rule{Name: "all", Allow: prompt}, rules.Rule{Name: "bob", Users: []string{"bob"}, Allow: refuse}), rules.ErrUnreachable, "rules[1]"},
		{"unreachable behind the group of all", onlyRules(
			rules.Rule{Name: "all", Users: []string{"bob"}, Groups: []string{"*"}, Allow: prompt}, rules.Rule{Name: "b", Allow: prompt},
		), rules.ErrUnreachable, "rules[1]"},
		{"no name", first(func(r *rules.Rule) { r.Name = "" }), rules.ErrNoName, "rules[0].name"},
		{"name of two lines", first(func(r *rules.Rule) { r.Name = "a\nb" }), rules.ErrNoName, "rules[0].name"},
		{"name twice", first(func(r *rules.Rule) { r.Name = "rest" }), rules.ErrTwice, "rules[1].name"},
		{"no mode", first(func(r *rules.Rule) { r.Allow = nil }), rules.ErrNoMode, "rules[0].allow"},
		{"odd mode", first(func(r *rules.Rule) { r.Allow = []rules.Mode{"totp"} }), rules.ErrMode, "rules[0].allow[0]"},
		{"empty mode", first(func(r *rules.Rule) { r.Allow = []rules.Mode{""} }), rules.ErrMode, "rules[0].allow[0]"},
		{"mode twice", first(func(r *rules.Rule) { r.Allow = []rules.Mode{"push", "push"} }), rules.ErrTwice, "rules[0].allow[1]"},
		{"refuse in vain", first(func(r *rules.Rule) { r.Allow = []rules.Mode{rules.Code, rules.Push, rules.Refuse} }), rules.ErrIdleMode, "rules[0].allow[2]"},
		{"unknown group", first(func(r *rules.Rule) { r.Groups = []string{"nurses"} }), rules.ErrUnknownGroup, "rules[0].groups[0]"},
		{"pattern for users", first(func(r *rules.Rule) { r.Users = []string{"svc-*"} }), rules.ErrUsername, "rules[0].users[0]"},
		{"user with a space", first(func(r *rules.Rule) { r.Users = []string{"bob", "eve "} }), rules.ErrUsername, "rules[0].users[1]"},
		{"the whole internet", first(func(r *rules.Rule) { r.Networks = nets("0.0.0.0/0") }), rules.ErrNetwork, "rules[0].networks[0]"},
		{"no network", first(func(r *rules.Rule) { r.Networks = []netip.Prefix{{}} }), rules.ErrNetwork, "rules[0].networks[0]"},
		{"bits behind the mask", first(func(r *rules.Rule) { r.Networks = nets("10.1.2.3/8") }), rules.ErrNetwork, "rules[0].networks[0]"},
		{"IPv4 in IPv6", first(func(r *rules.Rule) { r.Networks = nets("::ffff:10.0.0.0/104") }), rules.ErrNetwork, "rules[0].networks[0]"},
		{"client gets what its user may not", first(func(r *rules.Rule) {
			r.Clients = []rules.ClientRule{{UserAgent: "curl", Mode: rules.Refuse}}
		}), rules.ErrClientMode, "rules[0].clients[0].mode"},
		{"client gets what is typed", first(func(r *rules.Rule) {
			r.Allow = append(r.Allow, rules.Code)
			r.Clients = []rules.ClientRule{{UserAgent: "curl", Mode: rules.Code}}
		}), rules.ErrIdleMode, "rules[0].clients[0].mode"},
		{"client gets nothing", first(func(r *rules.Rule) { r.Clients = []rules.ClientRule{{UserAgent: "curl"}} }), rules.ErrMode, "rules[0].clients[0].mode"},
		{"any client", first(func(r *rules.Rule) { r.Clients = []rules.ClientRule{{Mode: rules.Push}} }), rules.ErrNoCondition, "rules[0].clients[0]"},
		{"odd header", first(func(r *rules.Rule) {
			r.Clients = []rules.ClientRule{{Header: "X:Y", Mode: rules.Push}}
		}), rules.ErrHeader, "rules[0].clients[0].header"},
		{"group of all", func(c *config) { c.Groups["*"] = nil }, rules.ErrGroupName, "groups.*"},
		{"group without a name", func(c *config) { c.Groups[""] = nil }, rules.ErrGroupName, "groups."},
		{"bypass in a group", func(c *config) { c.Groups["staff"] = []string{"ByPass"} }, rules.ErrUsername, "groups.staff[0]"},
		{"exempt nobody", exemption(func(e *rules.Exemption) { e.Users = nil }), rules.ErrNoUsers, "exemptions[0].users"},
		{"exempt everybody", exemption(func(e *rules.Exemption) { e.Users = []string{"*"} }), rules.ErrUsername, "exemptions[0].users[0]"},
		{"exempt bypass", exemption(func(e *rules.Exemption) { e.Users = []string{"bypass"} }), rules.ErrUsername, "exemptions[0].users[0]"},
		{"exempt an administrator", exemption(func(e *rules.Exemption) { e.Users = []string{"alice"} }), rules.ErrAdministrator, "exemptions[0].users[0]"},
		{"exempt from nowhere", exemption(func(e *rules.Exemption) { e.Networks = nil }), rules.ErrNoNetworks, "exemptions[0].networks"},
		{"exempt from everywhere", exemption(func(e *rules.Exemption) { e.Networks = nets("::/0") }), rules.ErrNetwork, "exemptions[0].networks[0]"},
		{"exempt from half the internet", exemption(func(e *rules.Exemption) { e.Networks = nets("128.0.0.0/1") }), rules.ErrNetwork, "exemptions[0].networks[0]"},
		{"exempt from too much of IPv6", exemption(func(e *rules.Exemption) { e.Networks = nets("2000::/3") }), rules.ErrNetwork, "exemptions[0].networks[0]"},
		{"exempt without an owner", exemption(func(e *rules.Exemption) { e.Owner = "" }), rules.ErrNoOwner, "exemptions[0].owner"},
		{"exempt for ever", exemption(func(e *rules.Exemption) { e.Until = time.Time{} }), rules.ErrNoExpiry, "exemptions[0].until"},
		{"exempt without a name", exemption(func(e *rules.Exemption) { e.Name = " " }), rules.ErrNoName, "exemptions[0].name"},
		{"exempt twice", func(c *config) { c.Exemptions = append(c.Exemptions, backup()) }, rules.ErrTwice, "exemptions[1].name"},
		{"exempt for an odd path", exemption(func(e *rules.Exemption) { e.Paths = []string{"/a", "b"} }), rules.ErrPath, "exemptions[0].paths[1]"},
		{"exempt for an odd method", exemption(func(e *rules.Exemption) { e.Methods = []string{"HEAD"} }), rules.ErrMethod, "exemptions[0].methods[0]"},
		{"read-only pattern", func(c *config) { c.ReadOnly.Users = []string{"a?"} }, rules.ErrUsername, "read_only.users[0]"},
		{"read-only group", func(c *config) { c.ReadOnly.Groups = []string{"x"} }, rules.ErrUnknownGroup, "read_only.groups[0]"},
		{"step-up of any age", func(c *config) { c.StepUp.MaxAge = 0 }, rules.ErrNoMaxAge, "step_up.max_age"},
		{"step-up of nothing", func(c *config) { c.StepUp.Operations = nil }, rules.ErrNoOperations, "step_up.operations"},
		{"step-up without paths", func(c *config) { c.StepUp.Operations[0].Paths = nil }, rules.ErrPath, "step_up.operations[0].paths"},
		{"step-up for an odd method", func(c *config) { c.StepUp.Operations[0].Methods = []string{"post"} }, rules.ErrMethod, "step_up.operations[0].methods[0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := goodConfig()
			tt.spoil(&c)
			s, err := rules.New(c)
			all, ok := errors.AsType[*rules.FaultsError](err)
			if s != nil || !ok || !errors.Is(err, tt.err) {
				t.Fatalf("New: %v, want %v", err, tt.err)
			}
			if len(all.Faults) != 1 || all.Faults[0].Path != tt.path || all.Faults[0].Text == "" || !strings.Contains(err.Error(), tt.path) {
				t.Errorf("faults %+v, want one at %s", all.Faults, tt.path)
			}
		})
	}
}

func TestNewAccepts(t *testing.T) {
	t.Parallel()
	refuse := []rules.Mode{rules.Refuse}
	for name, change := range map[string]func(*rules.Config){
		"a bit of everything":   func(*rules.Config) {},
		"nothing":               func(c *rules.Config) { *c = rules.Config{} },
		"refusing all but some": func(c *rules.Config) { c.Rules[1] = rules.Rule{Name: "rest", Allow: refuse} },
		"refusing some":         func(c *rules.Config) { c.Rules = []rules.Rule{{Name: "bob", Users: []string{"bob"}, Allow: refuse}} },
		"refusing all from outside": func(c *rules.Config) {
			c.Rules = []rules.Rule{{Name: "a", Networks: nets("10.0.0.0/8"), Allow: refuse}}
		},
		"refusing what is not typed": func(c *rules.Config) {
			c.Rules[1].Allow = []rules.Mode{rules.Refuse, rules.Code}
			c.Rules[1].Clients = nil
		},
		"refusing some clients": func(c *rules.Config) {
			c.Rules[1].Allow = []rules.Mode{rules.Prompt, rules.Refuse}
			c.Rules[1].Clients = []rules.ClientRule{{UserAgent: "curl/*", Mode: rules.Refuse}}
		},
		"private networks": func(c *rules.Config) {
			c.Exemptions[0].Networks = nets("10.0.0.0/8", "192.168.0.0/16", "fc00::/7", "fe80::/10", "2001:db8::/32")
		},
	} {
		c := goodConfig()
		change(&c)
		if _, err := rules.New(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// All faults come at once.
func TestAllFaults(t *testing.T) {
	t.Parallel()
	_, err := rules.New(rules.Config{Rules: []rules.Rule{{}}, Exemptions: []rules.Exemption{{}}})
	for _, want := range []error{
		rules.ErrNoName, rules.ErrNoMode, rules.ErrNoUsers, rules.ErrNoNetworks, rules.ErrNoOwner, rules.ErrNoExpiry,
	} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not in %v", want, err)
		}
	}
}

// The order of faults is the same each time.
func TestFaultsInOrder(t *testing.T) {
	t.Parallel()
	c := rules.Config{Groups: map[string][]string{"": nil, "*": nil, "a\n": nil, "b\x00": nil}}
	_, err := rules.New(c)
	for range 20 {
		if _, again := rules.New(c); again.Error() != err.Error() {
			t.Fatalf("%v, then %v", err, again)
		}
	}
	all, ok := errors.AsType[*rules.FaultsError](err)
	if !ok || !slices.IsSortedFunc(all.Faults, func(a, b rules.Fault) int { return strings.Compare(a.Path, b.Path) }) {
		t.Errorf("faults %v", err)
	}
}
