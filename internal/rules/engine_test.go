package rules_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/rules"
)

// What is known by heart of an engine's reading POSTs, what its document says,
// and what its operations are called, go together.
func TestReadingOfAnEngine(t *testing.T) {
	t.Parallel()
	engine := mirthtest.NewServer(mirthtest.Config{})
	t.Cleanup(engine.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, engine.URL+"/api/openapi.json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "test")
	res, err := engine.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	doc, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	reading, err := rules.ReadingOperations(doc)
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(doc, &api); err != nil {
		t.Fatal(err)
	}
	posts, reads := 0, 0
	for path, operations := range api.Paths {
		if operations["post"] == nil {
			continue
		}
		posts++
		last := path[strings.LastIndexByte(path, '/')+1:]
		want := (strings.HasPrefix(last, "_get") || last == "_search") && !strings.HasPrefix(path, "/connectors/")
		concrete := strings.NewReplacer("{", "", "}", "").Replace(path)
		if got := reading.Reads(http.MethodPost, concrete); got != want {
			t.Errorf("POST %s reads: %t", path, got)
		}
		if want {
			reads++
		}
		if rules.DefaultReading().Reads(http.MethodPost, concrete) && !want {
			t.Errorf("POST %s reads by heart", path)
		}
	}
	if posts < 20 || reads < 8 || reads == posts {
		t.Errorf("%d of %d POSTs read", reads, posts)
	}
	for _, known := range rules.DefaultReading().Operations() {
		if !slices.Contains(reading.Operations(), known) {
			t.Logf("the fake engine has no POST %s", known)
		}
	}
}
