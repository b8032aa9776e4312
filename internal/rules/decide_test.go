package rules_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/rules"
)

const javaClient = "Jersey/2.22.1 (Mirth Server Connection)"

func table(t *testing.T) *rules.Set {
	t.Helper()
	return newSet(t, rules.Config{
		Groups: map[string][]string{"radiology": {"rosa", "rolf"}, "leavers": {"lena"}},
		Rules: []rules.Rule{
			{Name: "leavers", Groups: []string{"leavers"}, Allow: []rules.Mode{rules.Refuse}},
			{
				Name: "ward", Users: []string{"anna"}, Groups: []string{"radiology"}, Networks: nets("10.20.0.0/16"),
				Allow: []rules.Mode{rules.Prompt, rules.Push, rules.Passcode, rules.Code},
				Clients: []rules.ClientRule{
					{UserAgent: "*(mirth server connection)", Mode: rules.Push},
					{Header: "X-One-Call", UserAgent: "curl/*", Mode: rules.Push},
				},
			},
			{Name: "rosa away", Users: []string{"rosa"}, Allow: []rules.Mode{rules.Code, rules.Passcode}},
			{Name: "anna away", Users: []string{"anna"}, Allow: []rules.Mode{rules.Prompt}, Clients: []rules.ClientRule{{Header: "X-Any", Mode: rules.Prompt}}},
			{
				Name: "scripts", Users: []string{"carl"}, Allow: []rules.Mode{rules.Refuse, rules.Push},
				Clients: []rules.ClientRule{{UserAgent: "mirthsync*", Mode: rules.Push}},
			},
		},
	})
}

func TestDecide(t *testing.T) {
	t.Parallel()
	s := table(t)
	tests := []struct {
		name           string
		username       string
		addr           netip.Addr
		agent          string
		headers        []string
		rule           string
		mode           rules.Mode
		allows, denies []rules.Mode
	}{
		{"nobody's rule", "eve", home, "", nil, "", rules.Prompt, []rules.Mode{rules.Prompt, rules.Code}, []rules.Mode{rules.Push, rules.Passcode, rules.Refuse, ""}},
		{"nobody's rule by the Java client", "eve", ward, javaClient, []string{"X-One-Call"}, "", rules.Prompt, nil, []rules.Mode{rules.Push}},
		{"no name", "", home, "", nil, "", rules.Prompt, nil, nil},
		{"no address", "rosa", netip.Addr{}, "", nil, "rosa away", rules.Refuse, nil, nil},
		{"refused", "lena", ward, javaClient, nil, "leavers", rules.Refuse, nil, rules.Modes()},
		{"by group", "rolf", ward, "python", nil, "ward", rules.Prompt, []rules.Mode{rules.Prompt, rules.Push, rules.Passcode, rules.Code}, []rules.Mode{rules.Refuse}},
		{"by name", "anna", ward, "", nil, "ward", rules.Prompt, nil, nil},
		{"by the Java client", "rosa", ward, javaClient, nil, "ward", rules.Push, nil, nil},
		{"by half a client rule", "rosa", ward, "curl/8.1", nil, "ward", rules.Prompt, nil, nil},
		{"by the other half", "rosa", ward, "wget", []string{"X-One-Call"}, "ward", rules.Prompt, nil, nil},
		{"by header and client", "rosa", ward, "curl/8.1", []string{"X-One-Call"}, "ward", rules.Push, nil, nil},
		{"IPv4 in IPv6", "rosa", netip.MustParseAddr("::ffff:10.20.7.7"), "", nil, "ward", rules.Prompt, nil, nil},
		{"outside the network", "rolf", home, "", nil, "", rules.Prompt, nil, []rules.Mode{rules.Push}},
		{"next rule outside the network", "rosa", home, javaClient, nil, "rosa away", rules.Refuse, []rules.Mode{rules.Code, rules.Passcode}, []rules.Mode{rules.Prompt, rules.Push}},
		{"name in another case", "Anna", ward, "", nil, "", rules.Prompt, nil, []rules.Mode{rules.Push}},
		{"refuse first", "carl", home, "curl", nil, "scripts", rules.Refuse, []rules.Mode{rules.Push}, []rules.Mode{rules.Refuse, rules.Prompt}},
		{"unless a client asks", "carl", home, "mirthsync 3", nil, "scripts", rules.Push, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := s.Decide(rules.Request{
				Username: tt.username, Addr: tt.addr, UserAgent: tt.agent, At: noon,
				Header: func(name string) bool { return slices.Contains(tt.headers, name) },
			})
			if d.Rule != tt.rule || d.Mode != tt.mode || d.Exemption != "" {
				t.Errorf("Decide = %+v, want %s by %q", d, tt.mode, tt.rule)
			}
			for _, m := range tt.allows {
				if !d.Allows(m) {
					t.Errorf("does not allow %s", m)
				}
			}
			for _, m := range tt.denies {
				if d.Allows(m) {
					t.Errorf("allows %q", m)
				}
			}
		})
	}
}

// Whatever a client sends, it never gets a mode that the rule of its user does
// not allow: a stock client's User-Agent does not turn prompt into push.
func TestClientsChooseAmongAllowed(t *testing.T) {
	t.Parallel()
	s := table(t)
	agents := []string{"", javaClient, "curl/8.1", "mirthsync", "*", "*(Mirth Server Connection)", "x" + javaClient + "x"}
	for _, username := range []string{"anna", "eve", "Anna", "anna ", ""} {
		for _, agent := range agents {
			for _, present := range []bool{false, true} {
				d := s.Decide(rules.Request{
					Username: username, Addr: home, UserAgent: agent, Header: func(string) bool { return present }, At: noon,
				})
				if d.Mode != rules.Prompt || d.Allows(rules.Push) || d.Allows(rules.Passcode) {
					t.Errorf("%q with %q gets %+v", username, agent, d)
				}
			}
		}
	}
}

func TestZeroSet(t *testing.T) {
	t.Parallel()
	var zero rules.Set
	empty := newSet(t, rules.Config{})
	for _, s := range []*rules.Set{&zero, empty} {
		want := rules.Decision{Mode: rules.Prompt, Allowed: []rules.Mode{rules.Prompt, rules.Code}}
		if diff := cmp.Diff(want, s.Decide(rules.Request{Username: "eve", Addr: home, At: noon})); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if _, needed := s.StepUpFor("DELETE", "/users/1"); needed || s.ReadOnly("eve") || len(s.Groups("eve")) > 0 || len(s.Exemptions()) > 0 {
			t.Error("no rules, and yet something holds")
		}
	}
}

// A decision belongs to its caller: changing it changes no rule, and changing
// what a set was made of changes no set.
func TestSetsKeepTheirOwn(t *testing.T) {
	t.Parallel()
	c := rules.Config{
		Rules:      []rules.Rule{{Name: "all", Allow: []rules.Mode{rules.Prompt}}},
		Exemptions: []rules.Exemption{backup()},
	}
	s := newSet(t, c)
	c.Rules[0].Allow[0], c.Exemptions[0].Users[0] = rules.Push, "eve"
	s.Decide(rules.Request{Username: "eve"}).Allowed[0] = rules.Push
	s.Exemptions()[0].Users[0] = "eve"
	if d := s.Decide(rules.Request{Username: "eve", Addr: inside, At: noon}); d.Mode != rules.Prompt || d.Exemption != "" {
		t.Errorf("Decide = %+v", d)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{Groups: map[string][]string{"b": {"alice", "bob"}, "a": {"alice"}, "c": nil}})
	if got := s.Groups("alice"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("Groups = %q", got)
	}
	if got := s.Groups("Alice"); len(got) > 0 {
		t.Errorf("Groups = %q", got)
	}
}

// Names of read-only users are compared without case: a slip in the
// configuration must not give rights.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{
		Groups:   map[string][]string{"night": {"nora"}},
		ReadOnly: rules.ReadOnly{Users: []string{"Viewer", "straße"}, Groups: []string{"night"}},
	})
	for name, want := range map[string]bool{
		"Viewer": true, "viewer": true, "VIEWER": true, "ｖiewer": true, "STRASSE": true, "nora": true, "Nora": true,
		"viewer2": false, "": false, "eve": false,
	} {
		if got := s.ReadOnly(name); got != want {
			t.Errorf("ReadOnly(%q) = %t", name, got)
		}
	}
	everyone := newSet(t, rules.Config{ReadOnly: rules.ReadOnly{Groups: []string{rules.Everyone}}})
	if !everyone.ReadOnly("eve") {
		t.Error("everyone is not eve")
	}
}

// Threat T014: an exemption holds for the very name, from the very network,
// until its day, and for nobody else.
func TestExempt(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{Exemptions: []rules.Exemption{backup()}})
	end := backup().Until
	tests := []struct {
		name, username string
		addr           netip.Addr
		at             time.Time
		want           bool
	}{
		{"right", "svc-backup", inside, noon, true},
		{"IPv4 in IPv6", "svc-backup", netip.MustParseAddr("::ffff:10.1.2.3"), noon, true},
		{"IPv6 with a zone", "svc-backup", netip.MustParseAddr("2001:db8::5%eth0"), noon, true},
		{"another case", "SVC-backup", inside, noon, false},
		{"trailing space", "svc-backup ", inside, noon, false},
		{"full-width", "ｓvc-backup", inside, noon, false},
		{"soft hyphen", "svc-\u00adbackup", inside, noon, false},
		{"no name", "", inside, noon, false},
		{"bypass", "bypass", inside, noon, false},
		{"another network", "svc-backup", home, noon, false},
		{"next address", "svc-backup", inside.Next(), noon, false},
		{"no address", "svc-backup", netip.Addr{}, noon, false},
		{"last moment", "svc-backup", inside, end.Add(-1), true},
		{"over", "svc-backup", inside, end, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, got := s.Exempt(tt.username, tt.addr, tt.at)
			d := s.Decide(rules.Request{Username: tt.username, Addr: tt.addr, At: tt.at})
			covers := s.Covers("backup", tt.username, "DELETE", "/users/1", tt.addr, tt.at)
			if got != tt.want || (d.Exemption == "backup") != tt.want || covers != tt.want || got && e.Name != "backup" {
				t.Errorf("Exempt = %v, %t; Decide = %+v; Covers = %t; want %t", e, got, d, covers, tt.want)
			}
		})
	}
	if s.Covers("another", "svc-backup", "GET", "/users", inside, noon) || s.Covers("", "svc-backup", "GET", "/users", inside, noon) {
		t.Error("an exemption that is not there covers")
	}
	if all := s.Exemptions(); len(all) != 1 || all[0].Expired(noon) || !all[0].Expired(end) {
		t.Errorf("Exemptions() = %v", all)
	}
}

// A rule that refuses is stronger than an exemption.
func TestExemptAndRefused(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{
		Rules:      []rules.Rule{{Name: "gone", Users: []string{"svc-backup"}, Allow: []rules.Mode{rules.Refuse}}},
		Exemptions: []rules.Exemption{backup()},
	})
	if d := s.Decide(rules.Request{Username: "svc-backup", Addr: inside, At: noon}); d.Mode != rules.Refuse || d.Exemption != "" {
		t.Errorf("Decide = %+v", d)
	}
}

// Threat T014: an exempt session does what its exemption says, no more.
func TestCovers(t *testing.T) {
	t.Parallel()
	e := backup()
	e.Paths, e.Methods = []string{"/channels/**", "/server/version"}, []string{"GET"}
	s := newSet(t, rules.Config{Exemptions: []rules.Exemption{e}})
	for request, want := range map[[2]string]bool{
		{"GET", "/channels"}: true, {"GET", "/channels/1/messages"}: true, {"HEAD", "/channels/"}: true, {"OPTIONS", "/channels"}: true,
		{"GET", "/server/version"}: true, {"GET", "/server/version/"}: true, {"GET", "/server"}: false, {"GET", "/server/version/x"}: false,
		{"POST", "/channels"}: false, {"DELETE", "/channels/1"}: false, {"get", "/channels"}: false, {"", "/channels"}: false,
		{"GET", "/Channels"}: false, {"GET", "/channels2"}: false, {"GET", "channels"}: false, {"GET", ""}: false, {"GET", "/"}: false,
		{"GET", "/%63hannels"}: true, {"GET", "/channels%2f1"}: false, {"GET", "/channels/%zz"}: false,
	} {
		if got := s.Covers("backup", "svc-backup", request[0], request[1], inside, noon); got != want {
			t.Errorf("Covers(%s %s) = %t", request[0], request[1], got)
		}
	}
}

// Threat T150: the operations that need a fresh approval, in every spelling.
func TestStepUpFor(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{StepUp: rules.StepUp{MaxAge: 5 * time.Minute, Operations: []rules.Operation{
		{Methods: []string{"PUT", "DELETE"}, Paths: []string{"/users/*"}}, {Paths: []string{"/extensions/**"}},
	}}})
	for request, want := range map[[2]string]bool{
		{"PUT", "/users/1"}: true, {"DELETE", "/users/1/"}: true, {"PUT", "/USERS/1"}: true, {"PUT", "/users/%31"}: true,
		{"PUT", "/users/%zz"}: true, {"PUT", "users/1"}: true, {"GET", "/users/1"}: false, {"PUT", "/users"}: false,
		{"PUT", "/users/1/password"}: false, {"GET", "/extensions"}: true, {"POST", "/Extensions/_install"}: true, {"GET", "/channels"}: false,
	} {
		age, got := s.StepUpFor(request[0], request[1])
		if got != want || got && age != 5*time.Minute {
			t.Errorf("StepUpFor(%s %s) = %s, %t", request[0], request[1], age, got)
		}
	}
}

// Threat T150: what is dangerous everywhere.
func TestDangerousOperations(t *testing.T) {
	t.Parallel()
	s := newSet(t, rules.Config{StepUp: rules.StepUp{MaxAge: rules.DefaultMaxAge, Operations: rules.DangerousOperations()}})
	for request, want := range map[[2]string]bool{
		{"POST", "/users"}: true, {"POST", "/users/"}: true, {"PUT", "/users/7"}: true, {"DELETE", "/users/7"}: true,
		{"PUT", "/users/7/password"}: true, {"POST", "/extensions/_install"}: true, {"POST", "/extensions/_uninstall"}: true,
		{"PUT", "/server/configuration"}: true, {"PUT", "/server/databaseDrivers"}: true, {"PUT", "/server/resources"}: true,
		{"POST", "/server/resources/Default/_reload"}: true, {"PUT", "/server/globalScripts"}: true, {"POST", "/alerts"}: true,
		{"PUT", "/alerts/1"}: true, {"PUT", "/codeTemplates/1"}: true, {"POST", "/codeTemplateLibraries/_bulkUpdate"}: true,
		{"GET", "/users"}: false, {"GET", "/server/configuration"}: false, {"POST", "/users/_checkPassword"}: false,
		{"PUT", "/users/7/preferences"}: false, {"POST", "/alerts/_getAlerts"}: false, {"POST", "/channels/_deploy"}: false,
	} {
		if _, got := s.StepUpFor(request[0], request[1]); got != want {
			t.Errorf("StepUpFor(%s %s) = %t", request[0], request[1], got)
		}
	}
}
