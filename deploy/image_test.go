package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Threat T190: the image holds the program alone, which runs as nobody in
// particular and is asked for its health. No image is built here, for that needs a
// daemon: its instructions are read, and what they copy is there.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for line := range strings.SplitSeq(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		got[word] = append(got[word], rest)
	}
	if !slices.Equal(got["FROM"], []string{"scratch"}) {
		t.Errorf("FROM %q, want scratch alone", got["FROM"])
	}
	if !slices.Equal(got["USER"], []string{"65532:65532"}) || len(got["RUN"]) != 0 {
		t.Errorf("USER %q, RUN %q", got["USER"], got["RUN"])
	}
	if len(got["HEALTHCHECK"]) != 1 || !strings.HasSuffix(got["HEALTHCHECK"][0], `CMD ["/usr/bin/mfaserver", "health"]`) {
		t.Errorf("HEALTHCHECK %q", got["HEALTHCHECK"])
	}
	for _, rest := range got["COPY"] {
		from := strings.Fields(rest)[1]
		if strings.HasPrefix(from, "dist/") {
			continue // deploy/build makes it
		}
		if _, err := os.Stat(filepath.Join("..", from)); err != nil {
			t.Errorf("COPY %s: %v", rest, err)
		}
	}
}

// The example has everything that it names, and nothing but the server is open.
func TestCompose(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Services map[string]struct {
			Image     string
			Restart   string
			Ports     []string
			DependsOn []string `yaml:"depends_on"`
			Networks  []string
			Volumes   []struct {
				Type, Source, Target string
				ReadOnly             bool `yaml:"read_only"`
			}
			ReadOnly bool     `yaml:"read_only"`
			CapDrop  []string `yaml:"cap_drop"`
			Security []string `yaml:"security_opt"`
			Tmpfs    []string
			Ulimits  map[string]int
			Grace    string `yaml:"stop_grace_period"`
			Command  []string
		}
		Networks map[string]struct{ Internal bool }
		Volumes  map[string]struct{}
	}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		if !regexp.MustCompile(`^\S+(:[\w.]+)?$`).MatchString(s.Image) {
			t.Errorf("%s: image %q", name, s.Image)
		}
		for _, other := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
		}
		for _, v := range s.Volumes {
			if _, ok := c.Volumes[v.Source]; v.Type == "volume" && !ok {
				t.Errorf("%s: volume %s is not there", name, v.Source)
			}
		}
		for _, n := range s.Networks {
			if network, ok := c.Networks[n]; !ok || name != "mfaserver" && !network.Internal {
				t.Errorf("%s: network %s is not there, or leads outside", name, n)
			}
		}
		if name != "mfaserver" && len(s.Ports) != 0 {
			t.Errorf("%s can be reached beside the server", name)
		}
	}
	ours := c.Services["mfaserver"]
	if !ours.ReadOnly || !slices.Equal(ours.CapDrop, []string{"ALL"}) || !slices.Contains(ours.Security, "no-new-privileges:true") {
		t.Errorf("mfaserver has rights that it does not need: %+v", ours)
	}
}
