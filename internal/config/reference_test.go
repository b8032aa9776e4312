package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// docs/configuration.md is what the program says of its keys.
func TestReferenceIsTheDocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "configuration.md")
	if *update {
		if err := os.WriteFile(path, []byte(config.Reference()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), config.Reference()); diff != "" {
		t.Errorf("run go test ./internal/config -update: docs/configuration.md differs (-document +program):\n%s", diff)
	}
}

// Every key has a meaning, and stands in the example.
func TestSettings(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join("..", "..", "testdata", "config", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := config.Settings()
	if len(all) < 150 {
		t.Fatalf("%d keys are listed", len(all))
	}
	seen := make(map[string]bool)
	for _, s := range all {
		if seen[s.Path] {
			t.Errorf("%s is listed twice", s.Path)
		}
		seen[s.Path] = true
		if s.Meaning == "" && s.Takes != "keys of its own" {
			t.Errorf("%s has no meaning", s.Path)
		}
		last := s.Path[strings.LastIndexByte(s.Path, '.')+1:]
		if last != "NAME" && !strings.HasSuffix(last, "_env") && !strings.Contains(string(example), last) {
			t.Errorf("%s is not in testdata/config/example.yaml", s.Path)
		}
	}
	for _, path := range []string{"listen", "store.redis.prefix", "rules[].clients[].mode", "organizations[].admin.secret_key_file"} {
		if !seen[path] {
			t.Errorf("%s is not listed", path)
		}
	}
}

// A default that the reference tells is the one that holds.
func TestDefaultsAreTold(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"listen": ":8443", "session.idle": "30m", "gateway.max_request": "256MiB", "duo.failmode": "secure", "login.total": "50000",
		"enrolment.self_service": "true", "session.duo_check": "", "store.redis.prefix": "mfaserver:",
	}
	got := make(map[string]string)
	for _, s := range config.Settings() {
		if _, ok := want[s.Path]; ok {
			got[s.Path] = s.Default
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}
