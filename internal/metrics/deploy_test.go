package metrics_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/metrics"
)

var update = flag.Bool("update", false, "write the table of docs/metrics.md anew")

func root(parts ...string) string { return filepath.Join(append([]string{"..", ".."}, parts...)...) }

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// named are the metrics of this server that an expression names, without what
// Prometheus puts behind a histogram's name.
func named(expression string) []string {
	var names []string
	for _, name := range regexp.MustCompile(`\bmfaserver_[a-z_]+`).FindAllString(expression, -1) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		names = append(names, name)
	}
	return names
}

func known(t *testing.T, where, expression string) {
	t.Helper()
	for _, name := range named(expression) {
		if !slices.ContainsFunc(metrics.Catalogue(), func(m metrics.Metric) bool { return m.Name == name }) {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// Every metric that a rule names exists; every alert says what happened and what
// to do next, has a severity, and fires in the rules' own test.
func TestRules(t *testing.T) {
	t.Parallel()
	var file ruleFile
	if err := yaml.Unmarshal([]byte(read(t, root("deploy", "prometheus", "mfaserver.rules.yml"))), &file); err != nil {
		t.Fatal(err)
	}
	tests, document := read(t, root("deploy", "prometheus", "mfaserver.rules.test.yml")), read(t, root("docs", "metrics.md"))
	count := 0
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			count++
			known(t, r.Alert, r.Expr)
			if s := r.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("%s has the severity %q", r.Alert, s)
			}
			if r.Annotations["summary"] == "" || !strings.HasSuffix(r.Annotations["description"], ".") {
				t.Errorf("%s does not say what to do", r.Alert)
			}
			if !strings.Contains(tests, `{alertname="`+r.Alert+`"}', value: 1`) {
				t.Errorf("no test has %s fire", r.Alert)
			}
			if !strings.Contains(document, "`"+r.Alert+"`") {
				t.Errorf("docs/metrics.md does not list %s", r.Alert)
			}
		}
	}
	if count < 20 {
		t.Errorf("%d rules", count)
	}
	known(t, "mfaserver.rules.test.yml", tests)
}

// Every metric that the board names exists, and every one of the server's own is
// on the board or in a rule.
func TestBoard(t *testing.T) {
	t.Parallel()
	text := read(t, root("deploy", "grafana", "mfaserver.json"))
	var board struct {
		Title  string `json:"title"`
		Panels []struct {
			ID      int    `json:"id"`
			Type    string `json:"type"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]bool)
	for _, p := range board.Panels {
		if seen[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d %q shows nothing, or has another's number", p.ID, p.Title)
		}
		seen[p.ID] = true
		for _, target := range p.Targets {
			known(t, p.Title, target.Expr)
		}
	}
	shown := named(text + read(t, root("deploy", "prometheus", "mfaserver.rules.yml")))
	for _, m := range metrics.Catalogue() {
		if !slices.Contains(shown, m.Name) {
			t.Errorf("%s is neither on the board nor in a rule", m.Name)
		}
	}
}

const (
	tableBegins = "<!-- made from the program: go test ./internal/metrics -update -->\n"
	tableEnds   = "<!-- end -->\n"
)

// docs/metrics.md lists what the program says of its metrics, and no other.
func TestDocument(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	table.WriteString("| metric | kind | labels | what |\n|---|---|---|---|\n")
	for _, m := range metrics.Catalogue() {
		labels := ""
		if len(m.Labels) > 0 {
			labels = "`" + strings.Join(m.Labels, "`, `") + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", m.Name, m.Kind, labels, m.Help)
	}
	path := root("docs", "metrics.md")
	text := read(t, path)
	before, rest, began := strings.Cut(text, tableBegins)
	got, after, ended := strings.Cut(rest, tableEnds)
	if !began || !ended {
		t.Fatal("docs/metrics.md has no place for the table")
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegins+table.String()+tableEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(got, table.String()); diff != "" {
		t.Errorf("run go test ./internal/metrics -update: docs/metrics.md differs (-document +program):\n%s", diff)
	}
	known(t, "docs/metrics.md", before+after)
}

// promtool runs Prometheus' own checks, where they are installed.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no promtool found; install Debian's package prometheus")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolTakesRules(t *testing.T) {
	t.Parallel()
	folder := root("deploy", "prometheus")
	promtool(t, "", "check", "rules", filepath.Join(folder, "mfaserver.rules.yml"))
	promtool(t, "", "check", "config", filepath.Join(folder, "prometheus.yml"))
	promtool(t, "", "test", "rules", filepath.Join(folder, "mfaserver.rules.test.yml"))
}
