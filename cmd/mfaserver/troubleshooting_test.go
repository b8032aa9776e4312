package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/audit"
)

// eventCell is an event of the audit trail in a table of a document.
var eventCell = regexp.MustCompile("`([a-z_]+\\.[a-z_]+)`")

// clientSentence is what a client is told, at the beginning of a row.
var clientSentence = regexp.MustCompile(`(?m)^\| ([A-Z][^|]*?)(?: \.\.\.)? \| (?:401|429|503)`)

// docs/troubleshooting.md names events that exist, and sentences that clients
// are told.
func TestTroubleshootingIsAboutThisProgram(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/troubleshooting.md"]
	settings := map[string]bool{"login.lifetime": true, "enrolment.inline": true, "admin.networks": true, "duo.username": true, "duo.allow_reasons": true, "duo.ca": true}
	events := 0
	for _, found := range eventCell.FindAllStringSubmatch(text, -1) {
		if settings[found[1]] {
			continue
		}
		events++
		if !audit.Known(audit.Name(found[1])) {
			t.Errorf("there is no event %s", found[1])
		}
	}
	words, err := os.ReadFile(filepath.Join("..", "..", "web", "text.go"))
	if err != nil {
		t.Fatal(err)
	}
	sentences := clientSentence.FindAllStringSubmatch(text, -1)
	for _, found := range sentences {
		if !strings.Contains(string(words), found[1]) {
			t.Errorf("no client is told %q", found[1])
		}
	}
	if events < 25 || len(sentences) < 8 {
		t.Errorf("%d events and %d sentences were looked at", events, len(sentences))
	}
}
