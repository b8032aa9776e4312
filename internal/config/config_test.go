package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/config"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
)

const (
	dir          = "../../testdata/config"
	clientSecret = "abcdefghijklmnopqrstuvwxyz0123456789abcd"
	universal    = "universal: {client_id: DIXXXXXXXXXXXXXXXXXX, client_secret: " + clientSecret +
		", api_hostname: api-12345678.duosecurity.com}"
	good = "public_urls: [\"https://mirth.example.org\"]\nduo: {" + universal + "}\n"
)

// sameConfig compares configurations with their secrets.
var sameConfig = cmp.Options{
	cmp.Comparer(func(a, b secret.Secret) bool { return a.Reveal() == b.Reveal() }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.IgnoreUnexported(config.Config{}),
}

// badFiles cuts bad.txtar at its lines `-- name --`.
func badFiles(tb testing.TB) map[string]string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "bad.txtar"))
	if err != nil {
		tb.Fatal(err)
	}
	files := make(map[string]string)
	name := ""
	for line := range strings.Lines(string(data)) {
		title, ok := strings.CutPrefix(line, "-- ")
		title, end := strings.CutSuffix(title, " --\n")
		switch {
		case ok && end:
			name = title
			if _, twice := files[name]; twice {
				tb.Fatalf("two files are called %s", name)
			}
			files[name] = ""
		case name != "":
			files[name] += line
		}
	}
	return files
}

// expectation is a mark in bad.txtar.
type expectation struct {
	line      int
	key, text string
}

// prepare cuts the marks off and completes the file.
func prepare(t *testing.T, data string) (string, []expectation) {
	t.Helper()
	var want []expectation
	bare := strings.Contains(data, "#bare")
	data = strings.ReplaceAll(data, "{UNIVERSAL}", "{"+universal+"}")
	data = strings.ReplaceAll(data, "  UNIVERSAL", "  "+universal)
	for i, line := range strings.Split(data, "\n") {
		for _, mark := range strings.Split(line, "#! ")[1:] {
			key, text, ok := strings.Cut(mark, ": ")
			if !ok {
				t.Fatalf("bad mark %q", mark)
			}
			want = append(want, expectation{i + 1, strings.TrimSuffix(key, ":"), strings.TrimSpace(text)})
		}
	}
	for _, section := range strings.SplitAfter(good, "\n") {
		key, _, _ := strings.Cut(section, ":")
		if section != "" && !bare && !strings.HasPrefix(data, key+":") && !strings.Contains(data, "\n"+key+":") {
			data += section
		}
	}
	return data, want
}

// Threat T170: every fault of every bad file, all at once, with its line.
// Threats T035, T050, T076, T097 and T103 are among the rows.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	files := badFiles(t)
	if len(files) < 60 {
		t.Errorf("only %d bad files", len(files))
	}
	for name, bad := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, want := prepare(t, bad)
			c, err := config.Parse([]byte(data), "conf/bad.yaml")
			if c != nil || !errors.Is(err, config.ErrInvalid) {
				t.Fatalf("Parse = %v, %v, want %v", c, err, config.ErrInvalid)
			}
			compareFaults(t, want, err)
		})
	}
}

func compareFaults(t *testing.T, want []expectation, err error) {
	t.Helper()
	all, ok := errors.AsType[*config.FaultsError](err)
	if !ok {
		t.Fatalf("error is a %T", err)
	}
	left := append([]config.Fault(nil), all.Faults...)
	last := 0
	for _, f := range left {
		if f.Line < last {
			t.Errorf("line %d comes after line %d", f.Line, last)
		}
		last = f.Line
		if told := fmt.Sprintf("conf/bad.yaml:%d: ", f.Line); !strings.Contains(err.Error(), told) {
			t.Errorf("%q is not in %q", told, err)
		}
		if strings.Contains(f.Text, clientSecret[:30]) {
			t.Errorf("a secret is told: %s", f.Text)
		}
	}
	for _, w := range want {
		found := false
		for i, f := range left {
			if f.Line == w.line && f.Key == w.key && strings.Contains(f.Text, w.text) {
				left, found = append(left[:i], left[i+1:]...), true
				break
			}
		}
		if !found {
			t.Errorf("no fault in line %d: %s: %s", w.line, w.key, w.text)
		}
	}
	for _, f := range left {
		t.Errorf("unexpected fault in line %d: %s: %s", f.Line, f.Key, f.Text)
	}
}

// Threat T035: what is a Duo host and what is not.
func TestDuoHosts(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"api-12345678.duosecurity.com": true, "api-abcd.duofederal.com": true, "api-0123456789abcdef.duosecurity.com": true,
		"api-123.duosecurity.com": false, "api-0123456789abcdefg.duosecurity.com": false,
		"API-12345678.duosecurity.com": false, "api-1234567é.duosecurity.com": false, "12345678.duosecurity.com": false,
		"api-12345678.duosecurity.com.": false, "api-12345678.duosecurity.com/": false, "api-12345678.duosecurity.com:443": false,
		"api-12345678.duosecurity.com.evil.example": false, "evil.example/api-12345678.duosecurity.com": false,
		"user@api-12345678.duosecurity.com": false, "https://api-12345678.duosecurity.com": false,
		"api-12345678.duosecurity.org": false, "api-1234-678.duosecurity.com": false, "127.0.0.1": false, "localhost": false,
		`api-12345678.duosecurity.com\n`: false, "api-12345678xduosecurity.com": false,
	}
	for host, want := range tests {
		data := strings.Replace(good, "api-12345678.duosecurity.com", `"`+host+`"`, 1)
		_, err := config.Parse([]byte(data), "c.yaml")
		if (err == nil) != want {
			t.Errorf("%q: %v", host, err)
		}
		if !want && !strings.Contains(fmt.Sprint(err), "duo.universal.api_hostname") {
			t.Errorf("%q: %v does not name the setting", host, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.Parse([]byte(good), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Listen: ":8443", PublicURLs: []string{"https://mirth.example.org"}, DataDir: "/var/lib/mfaserver", KeysDir: "/var/lib/mfaserver/keys",
		ServerVersion: "4.5.2", Primary: config.Primary{Local: &config.Local{}},
		Duo: config.Duo{
			Universal: config.Universal{
				ClientID: "DIXXXXXXXXXXXXXXXXXX", ClientSecret: secret.New(clientSecret),
				APIHostname: "api-12345678.duosecurity.com",
			},
			Failmode: config.FailmodeSecure, CA: config.CADuo,
		},
		HelpDesk: config.HelpDesk{
			OrganizationDefaults: config.OrganizationDefaults{BypassLife: time.Hour, ActivationLife: 24 * time.Hour},
			BypassCodes:          5, BypassPerDay: 10, BypassStatusLife: 8 * time.Hour,
		},
		Login: config.Login{
			Lifetime: 10 * time.Minute, EnrolLifetime: 15 * time.Minute, PerClient: 5, PerUser: 20, Reserved: 5,
			Total: 50_000, RelayPolicy: "audit", MaxFailures: 10, FailureWindow: 15 * time.Minute,
		},
		Gateway: config.Gateway{MaxRequest: 256 << 20, Idle: time.Minute},
		Tokens:  config.Tokens{MaxLife: 365 * 24 * time.Hour},
		Session: config.Session{Idle: 30 * time.Minute, Absolute: 12 * time.Hour, PerUser: 20, Passive: rules.DefaultPassive(), OnAddressChange: "record"},
		Admin: config.Admin{Networks: []netip.Prefix{
			netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
		}},
		Connections: config.Connections{PerSource: 200, Total: 8192},
		Log:         config.Log{Level: slog.LevelInfo, Format: "text"}, LimitsFactor: 1,
	}
	if diff := cmp.Diff(want, got, sameConfig); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// writeFile makes a file of its owner alone.
func writeFile(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// loadExample loads testdata/config/example.yaml, beside the files it names.
func loadExample(t *testing.T) *config.Config {
	t.Helper()
	folder := t.TempDir()
	example, err := os.ReadFile(filepath.Join(dir, "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "example.yaml"), string(example))
	writeFile(t, filepath.Join(folder, "duo_client_secret"), clientSecret+"\n")
	writeFile(t, filepath.Join(folder, "duo_auth_secret"), clientSecret)
	c, err := config.Load(filepath.Join(folder, "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExampleFile(t *testing.T) {
	t.Parallel()
	c := loadExample(t)
	if c.Duo.Universal.ClientSecret.Reveal() != clientSecret || !c.Duo.Auth.Configured() || c.Duo.Admin.Configured() {
		t.Error("applications")
	}
	// What the example shows as a default is the default.
	defaults, err := config.Parse([]byte(good), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults.Login, c.Login); diff != "" {
		t.Errorf("login, -default +example:\n%s", diff)
	}
	if diff := cmp.Diff(defaults.Admin, c.Admin, sameConfig); diff != "" {
		t.Errorf("admin, -default +example:\n%s", diff)
	}
	if diff := cmp.Diff(defaults.HelpDesk, c.HelpDesk); diff != "" {
		t.Errorf("helpdesk, -default +example:\n%s", diff)
	}
	if !cmp.Equal(c.Session, defaults.Session) || c.Log != defaults.Log || c.Listen != defaults.Listen ||
		c.DataDir != defaults.DataDir || c.ServerVersion != defaults.ServerVersion {
		t.Error("the example's values are not the defaults")
	}
}

// Threat T168: no way of printing a configuration shows a secret.
func TestRedacted(t *testing.T) {
	t.Parallel()
	data := strings.Replace(good, "duo: {", "duo: {http_proxy: \"http://proxyuser:pass-word@proxy:1\", ", 1)
	c, err := config.Parse([]byte(data), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	printed := c.Redacted()
	for _, s := range []string{clientSecret, "pass-word", "proxyuser"} {
		if strings.Contains(printed, s) {
			t.Errorf("%q is in\n%s", s, printed)
		}
	}
	if !strings.Contains(printed, "[REDACTED]") || !strings.Contains(printed, "REDACTED@proxy") {
		t.Errorf("no marks in\n%s", printed)
	}
	if all := fmt.Sprintf("%v %+v %#v", c, *c, c); strings.Contains(all, clientSecret) {
		t.Errorf("secret in %s", all)
	}
}

func TestInlineEnrolment(t *testing.T) {
	t.Parallel()
	end := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	e := config.Enrolment{Inline: []config.InlineRule{{Group: "staff", Until: end}}}
	everyone := config.Enrolment{Inline: []config.InlineRule{{Group: config.Everyone, Until: end}}}
	tests := []struct {
		name   string
		e      config.Enrolment
		groups []string
		at     time.Time
		want   bool
	}{
		{"nobody by default", config.Enrolment{}, []string{"staff"}, end.Add(-1), false},
		{"a member", e, []string{"other", "staff"}, end.Add(-1), true},
		{"a member at the end", e, []string{"staff"}, end, false},
		{"no member", e, []string{"other"}, end.Add(-1), false},
		{"everyone", everyone, nil, end.Add(-1), true},
		{"everyone at the end", everyone, nil, end, false},
	}
	for _, tt := range tests {
		if got := tt.e.Allows(tt.groups, tt.at); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, bad := range badFiles(f) {
		f.Add([]byte(bad))
	}
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse(data, "c.yaml")
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse = %v, %v", c, err)
		}
		if err == nil {
			_ = c.Redacted()
			return
		}
		all, ok := errors.AsType[*config.FaultsError](err)
		if !ok || len(all.Faults) == 0 {
			t.Fatalf("no faults in %v", err)
		}
		for _, fault := range all.Faults {
			if fault.Line < 1 || fault.Text == "" {
				t.Errorf("%+v", fault)
			}
		}
	})
}
