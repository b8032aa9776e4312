package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/config"
	"mfaserver/internal/rules"
)

const (
	authAPI = "auth: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: " + clientSecret + ", host: api-12345678.duosecurity.com}"
	pin     = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// goodGateway is a configuration with the Auth API and more.
func goodGateway(more string) string {
	return "public_urls: [\"https://mirth.example.org\"]\nduo:\n  " + universal + "\n  " + authAPI + "\n" + more
}

func parse(t *testing.T, data string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(data), "/etc/mfaserver/c.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return c
}

func TestEverySettingOfAGateway(t *testing.T) {
	t.Parallel()
	c := parse(t, goodGateway(`
primary: {upstream: {url: "HTTPS://Engine.example.org:443", pin_sha256: ["`+strings.ToUpper(pin)+`"], max_failures: 5, allow_outdated: true}}
gateway: {launcher: true, api_explorer: true, hide_version: true, max_request: 1GiB, idle: 2m}
session: {duo_check: 10m}
administrators: [alice]
groups: {staff: [rosa, rolf], leavers: []}
rules:
  - name: staff
    users: [anna]
    groups: [staff, leavers]
    networks: [10.0.0.0/8, "2001:db8::1"]
    allow: [prompt, push, passcode, code]
    clients: [{user_agent: "*(Mirth Server Connection)", mode: push}, {header: X-One-Call, user_agent: "curl/*", mode: push}]
  - {name: rest, groups: ["*"], allow: [refuse, code]}
exemptions:
  - {name: backup, users: [svc], networks: [10.1.2.3], owner: alice, reason: no token yet, until: 2030-12-31, paths: ["/channels/**"], methods: [GET]}
read_only: {users: [viewer], groups: [leavers]}
step_up: {max_age: 5m, operations: [{methods: [POST], paths: [/users]}, {paths: ["/extensions/**"]}]}
`))
	want := &config.Config{
		Primary: config.Primary{Upstream: &config.Upstream{
			URL: "https://engine.example.org", PinSHA256: []string{pin}, MaxFailures: 5, AllowOutdated: true,
		}},
		Gateway: config.Gateway{Launcher: true, APIExplorer: true, HideVersion: true, MaxRequest: 1 << 30, Idle: 2 * time.Minute},
		Groups:  map[string][]string{"staff": {"rosa", "rolf"}, "leavers": {}},
		Rules: []rules.Rule{
			{
				Name: "staff", Users: []string{"anna"}, Groups: []string{"staff", "leavers"},
				Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
				Allow:    []rules.Mode{rules.Prompt, rules.Push, rules.Passcode, rules.Code},
				Clients: []rules.ClientRule{
					{UserAgent: "*(Mirth Server Connection)", Mode: rules.Push},
					{UserAgent: "curl/*", Header: "X-One-Call", Mode: rules.Push},
				},
			},
			{Name: "rest", Groups: []string{"*"}, Allow: []rules.Mode{rules.Refuse, rules.Code}},
		},
		Exemptions: []rules.Exemption{{
			Name: "backup", Users: []string{"svc"}, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}, Owner: "alice",
			Reason: "no token yet", Until: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), Paths: []string{"/channels/**"}, Methods: []string{"GET"},
		}},
		ReadOnly: rules.ReadOnly{Users: []string{"viewer"}, Groups: []string{"leavers"}},
		StepUp: rules.StepUp{MaxAge: 5 * time.Minute, Operations: []rules.Operation{
			{Methods: []string{"POST"}, Paths: []string{"/users"}}, {Paths: []string{"/extensions/**"}},
		}},
	}
	same := cmp.Options{sameConfig, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(config.Config{},
		"Listen", "PublicURLs", "DataDir", "KeysDir", "ServerVersion", "Administrators", "Duo", "HelpDesk", "Tokens", "Login", "Session", "Admin",
		"Connections", "Log", "LimitsFactor")}
	if diff := cmp.Diff(want, c, same); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again := parse(t, strings.ReplaceAll(c.Redacted(), "[REDACTED]", clientSecret))
	if diff := cmp.Diff(c, again, sameConfig, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("printed, -want +got:\n%s", diff)
	}
	if c.Session.DuoCheck != 10*time.Minute {
		t.Errorf("duo_check = %v, want 10m", c.Session.DuoCheck)
	}
	set := c.RuleSet()
	if d := set.Decide(rules.Request{Username: "eve"}); d.Rule != "rest" || d.Mode != rules.Refuse {
		t.Errorf("RuleSet decides %+v", d)
	}
	if !set.ReadOnly("Viewer") || set.ReadOnly("anna") {
		t.Error("RuleSet knows other read-only users")
	}
}

func TestUpstreamDefaults(t *testing.T) {
	t.Parallel()
	c := parse(t, goodGateway("primary: {upstream: {url: \"http://127.0.0.1:9080\", allow_http: true}}\nstep_up: {}\n"))
	want := config.Primary{Upstream: &config.Upstream{URL: "http://127.0.0.1:9080", AllowHTTP: true, MaxFailures: 3}}
	if diff := cmp.Diff(want, c.Primary); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// Threat T150: step-up is off unless it is there, and then has a list.
	if c.StepUp.MaxAge != 15*time.Minute || len(c.StepUp.Operations) == 0 {
		t.Errorf("step-up %+v", c.StepUp)
	}
	if _, needed := c.RuleSet().StepUpFor("POST", "/users"); !needed {
		t.Error("new users need no fresh approval")
	}
	off := parse(t, goodGateway("primary: {upstream: {url: \"https://127.0.0.1:9443\"}}\n"))
	if _, needed := off.RuleSet().StepUpFor("POST", "/users"); needed || len(off.StepUp.Operations) > 0 {
		t.Error("step-up is on by itself")
	}
}

// Threat T154: an engine by an authority of its own, in all spellings of
// address that are safe and none that is not.
func TestUpstreamURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://127.0.0.1:8444": "https://127.0.0.1:8444", "https://[::1]:9443/": "https://[::1]:9443",
		"https://Engine.Example.ORG:443": "https://engine.example.org", "https://engine": "https://engine",
		"https://127.0.0.1:8443": "", "https://localhost:8443": "", "https://[::1]:8443": "", "https://127.8.8.8:8443": "",
		"https://mirth.example.org": "", "https://engine.example.org:8443": "https://engine.example.org:8443",
		"https://engine/api": "", "https://engine?x": "", "https://engine#x": "", "https://": "", "ftp://engine": "", "engine": "",
		"http://127.0.0.1:9080": "", "https://user@engine": "", "https://engine:0": "", "https://engine:99999": "",
	} {
		c, err := config.Parse([]byte(goodGateway("primary: {upstream: {url: \""+url+"\"}}\n")), "c.yaml")
		switch {
		case want == "" && (err == nil || !strings.Contains(err.Error(), ": primary.upstream.url: ")):
			t.Errorf("%s: %v, want a fault of it", url, err)
		case want != "" && (err != nil || c.Primary.Upstream.URL != want):
			t.Errorf("%s: %v", url, err)
		}
	}
}

// uncommented is the example with its commented settings in force.
func uncommented(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	begins := []string{"  # upstream:", "# gateway:", "# step_up:", "exemptions: []"}
	var out []string
	inside := false
	for line := range strings.Lines(string(data)) {
		inside = inside && line != "\n" || slices.Contains(begins, strings.TrimSuffix(line, "\n"))
		switch {
		case line == "  local: {}\n":
			continue
		case line == "exemptions: []\n":
			line = "exemptions:\n"
		case inside:
			line = strings.Replace(line, "# ", "", 1)
		}
		out = append(out, line)
	}
	return strings.Replace(strings.Join(out, ""), "    # map_file:", "    map_file:", 1)
}

func TestExampleOfAGateway(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, _ := keyPair(t)
	for name, data := range map[string]string{
		"example.yaml": uncommented(t), "duo_client_secret": clientSecret, "duo_auth_secret": clientSecret,
		"engine-ca.crt": cert, "duo-usernames.yaml": "alice: alice.smith\n",
	} {
		writeFile(t, filepath.Join(folder, name), data)
	}
	c, err := config.Load(filepath.Join(folder, "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if u := c.Primary.Upstream; u == nil || u.URL != "https://127.0.0.1:9443" || u.CAFile != filepath.Join(folder, "engine-ca.crt") || u.MaxFailures != 3 {
		t.Errorf("upstream %+v", u)
	}
	if c.Gateway != (config.Gateway{MaxRequest: 256 << 20, Idle: time.Minute}) {
		t.Errorf("gateway %+v", c.Gateway)
	}
	if c.Tokens.MaxLife != 365*24*time.Hour || len(c.Exemptions) != 1 || len(c.StepUp.Operations) != 2 || len(c.Rules) != 1 {
		t.Errorf("%+v", c)
	}
	if name, err := c.DuoUsername("alice"); name != "alice.smith" || err != nil {
		t.Errorf("DuoUsername = %q, %v", name, err)
	}
	administrator := rules.Request{
		Username: "rosa", Addr: netip.MustParseAddr("10.20.1.1"), UserAgent: "Jersey/2.22.1 (Mirth Server Connection)",
	}
	if d := c.RuleSet().Decide(administrator); d.Mode != rules.Push {
		t.Errorf("the Administrator gets %+v", d)
	}
}
