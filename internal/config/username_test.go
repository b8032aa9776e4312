package config_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mfaserver/internal/config"
)

// mapped is a configuration with duo.username and a map file.
func mapped(t *testing.T, username, file string) (*config.Config, error) {
	t.Helper()
	folder := t.TempDir()
	if file != "" {
		writeFile(t, filepath.Join(folder, "map.yaml"), file)
		username += ", map_file: map.yaml"
	}
	data := "public_urls: [\"https://mirth.example.org\"]\nduo:\n  " + universal + "\n  username: {" + username + "}\n"
	c, err := config.Parse([]byte(data), filepath.Join(folder, "c.yaml"))
	if c != nil && err == nil && file != "" && !strings.Contains(c.Redacted(), "map_file: "+folder) {
		t.Errorf("the map file is not in %s", c.Redacted())
	}
	return c, err
}

// Threat T005: Duo's name follows from the canonical one, and no two users
// share one.
func TestDuoUsername(t *testing.T) {
	t.Parallel()
	const (
		strip = "strip_domain: [clinic.example, CLINIC]"
		both  = strip + ", lower: true"
		file  = "# engine: Duo\nalice: Alice.Smith\n\"1234\": bob\nAdmin: admin\n"
	)
	none, twice := config.ErrNoDuoUsername, config.ErrAmbiguous
	tests := []struct {
		name, username, file string
		// in pairs: canonical name and Duo's, asked in this order.
		names []string
		// errs are by canonical name.
		errs map[string]error
	}{
		{"as it is", "lower: false", "", []string{"Alice@clinic.example", "Alice@clinic.example", "alice", "alice", "Alice", "Alice"}, nil},
		{"lower", "lower: true", "", []string{"Alice", "alice", "BOB", "bob", "Alice", "alice"}, nil},
		{"lower, two in one", "lower: true", "", []string{"Alice", "alice", "alice", "", "ALICE", "", "Alice", "alice"}, map[string]error{"alice": twice, "ALICE": twice}},
		{"domains", strip, "", []string{
			"alice@clinic.example", "alice", `clinic\bob`, "bob", "eve@other.example", "eve@other.example", `OTHER\eve`, `OTHER\eve`,
			"carl@Clinic.Example", "carl", "a@b@clinic.example", "a@b",
		}, nil},
		{"domains, two in one", strip, "", []string{
			"alice@clinic.example", "alice", "alice", "", `CLINIC\alice`, "", "ALICE", "",
		}, map[string]error{"alice": twice, `CLINIC\alice`: twice, "ALICE": twice}},
		{"nothing left", strip, "", []string{"@clinic.example", "", `CLINIC\`, "", "@CLINIC.example", "", "", ""}, map[string]error{
			"@clinic.example": none, `CLINIC\`: none, "@CLINIC.example": none, "": none,
		}},
		{"a file", "lower: false", file, []string{"alice", "Alice.Smith", "1234", "bob", "Admin", "admin", "carl", "carl"}, nil},
		{"a file goes first", both, file, []string{"alice", "Alice.Smith", "Eve@CLINIC.example", "eve"}, nil},
		{"names of a file belong to it", both, file, []string{
			"bob", "", "BOB@clinic.example", "", "alice.smith", "", "admin", "", "Admin", "admin", "alice@clinic.example", "alice",
		}, map[string]error{"bob": twice, "BOB@clinic.example": twice, "alice.smith": twice, "admin": twice}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := mapped(t, tt.username, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(tt.names); i += 2 {
				got, err := c.DuoUsername(tt.names[i])
				if want := tt.errs[tt.names[i]]; got != tt.names[i+1] || !errors.Is(err, want) {
					t.Errorf("DuoUsername(%q) = %q, %v, want %q, %v", tt.names[i], got, err, tt.names[i+1], want)
				}
			}
		})
	}
}

func TestDuoUsernameWithoutSettings(t *testing.T) {
	t.Parallel()
	c := parse(t, good)
	for _, name := range []string{"alice", "Alice", "alice@clinic.example"} {
		if got, err := c.DuoUsername(name); got != name || err != nil {
			t.Errorf("DuoUsername(%q) = %q, %v", name, got, err)
		}
	}
}

// Threat T005: of many users whose names become one at the same time, one gets
// it.
func TestDuoUsernameAtOnce(t *testing.T) {
	t.Parallel()
	c, err := mapped(t, "lower: true", "")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"alice", "Alice", "aLice", "alIce", "aliCe", "alicE", "ALICE"}
	refused := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { _, refused[i] = c.DuoUsername(name) })
	}
	wg.Wait()
	good := 0
	for _, err := range refused {
		if err == nil {
			good++
		} else if !errors.Is(err, config.ErrAmbiguous) {
			t.Error(err)
		}
	}
	if good != 1 {
		t.Errorf("%d users have the name", good)
	}
}

func TestMapFileFaults(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"alice: smith\nbob: Smith\n":   {`map.yaml:2: "Smith" is given to the name in line 1 already`},
		"alice: a\nalice: b\n":         {"map.yaml:2: alice: given twice, first in line 1"},
		"alice: 12\nbob:\n":            {"map.yaml:1: alice: must be text; put it in quotes", "map.yaml:2: bob: has no value"},
		"alice: \" a\"\n\"b \": b\n":   {"map.yaml:1: ", "map.yaml:2: "},
		"12: alice\n":                  {"map.yaml:1: keys are plain words"},
		"- alice\n":                    {"map.yaml:1: write settings as `key: value`"},
		"# nobody\n":                   {"map.yaml:1: the file is empty; write `engine's name: Duo's name` lines"},
		"alice: [\n":                   {"map.yaml:1: not YAML"},
		"alice: \"a\\nb\"\nbob: [b]\n": {"map.yaml:1: alice: holds a line break", "map.yaml:2: bob: must be text"},
	} {
		c, err := mapped(t, "lower: true", file)
		faults, ok := errors.AsType[*config.FaultsError](err)
		if c != nil || !ok || len(faults.Faults) != len(want) {
			t.Errorf("%q: %v, want %d faults", file, err, len(want))
			continue
		}
		for i, f := range faults.Faults {
			if f.Key != "duo.username.map_file" || f.Line != 4 || !strings.Contains(f.Text, want[i]) {
				t.Errorf("%q: %+v, want %s", file, f, want[i])
			}
		}
	}
}

// Threat T166: whoever can write the map file can become anybody.
func TestMapFileModes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "map.yaml")
	writeFile(t, path, "alice: smith\n")
	data := fmt.Sprintf("public_urls: [\"https://mirth.example.org\"]\nduo:\n  %s\n  username: {map_file: %s}\n", universal, path)
	chmod(t, path, 0o644)
	if _, err := config.Parse([]byte(data), "c.yaml"); err != nil {
		t.Errorf("0644: %v", err)
	}
	chmod(t, path, 0o664)
	if _, err := config.Parse([]byte(data), "c.yaml"); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("0664: %v", err)
	}
}
