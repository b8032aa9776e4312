package walks_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// downloads has the browser keep what it downloads in a folder, which it
// returns.
func (v *visitor) downloads() string {
	v.t.Helper()
	dir := v.t.TempDir()
	p := browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(v.Context).BrowserContextID, // windows share nothing
	}
	if _, err := chromedp.Call(v.Context, browser.SetDownloadBehavior, p); err != nil {
		v.t.Fatal(err)
	}
	return dir
}

// downloaded waits for the one file whose name ends so, and returns it.
func (v *visitor) downloaded(dir, end string) string {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), startTimeout)
	defer cancel()
	for {
		found, err := filepath.Glob(filepath.Join(dir, "*"+end))
		if err != nil {
			v.t.Fatal(err)
		}
		if len(found) == 1 {
			data, err := os.ReadFile(found[0])
			if err != nil {
				v.t.Fatal(err)
			}
			return string(data)
		}
		select {
		case <-ctx.Done():
			v.t.Fatalf("nothing that ends in %s was downloaded", end)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// takeTrail exports the trail of somebody as a table and as lines of JSON.
func takeTrail(t *testing.T, h *house, v *visitor) {
	name := v.either("ines.novak", "kavya.park")
	h.visitor(t, v.d).signIn(name)
	dir := v.downloads()
	v.administer()
	v.Visit(v.d.server + "/mfa/admin/audit")
	v.Type("#user", name)
	v.Follow("#apply")
	v.Follow("#export")
	v.audit("console-audit-export")
	v.press("#download")
	rows, err := csv.NewReader(strings.NewReader(v.downloaded(dir, ".csv"))).ReadAll()
	if err != nil || len(rows) < 3 || !strings.Contains(strings.Join(rows[1], " "), name) {
		t.Errorf("the table = %q, %v, want a head and the records of %s", rows, err, name)
	}
	v.press("#jsonl")
	v.press("#download")
	lines := 0
	for line := range strings.Lines(v.downloaded(dir, ".jsonl")) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["user"] != name {
			t.Errorf("a line is %s, %v, want a record of %s", line, err, name)
		}
		lines++
	}
	if lines < len(rows)-1 {
		t.Errorf("%d lines, and a table of %d rows", lines, len(rows)-1)
	}
}
