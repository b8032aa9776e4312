package browsertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/audits"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
)

// grave are the findings of the browser that no page may have; the others are
// hints.
var grave = []audits.InspectorIssueCode{
	audits.InspectorIssueCodeContentSecurityPolicyIssue,
	audits.InspectorIssueCodeMixedContentIssue,
	audits.InspectorIssueCodeBlockedByResponseIssue,
	audits.InspectorIssueCodeCorsIssue,
	audits.InspectorIssueCodeQuirksModeIssue,
}

// note hears every event of the tab.
func (b *Tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdpruntime.EventConsoleAPICalled:
		b.console = append(b.console, "console."+string(e.Type))
	case *cdpruntime.EventExceptionThrown:
		b.console = append(b.console, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		hint := e.Entry.Level == cdplog.EntryLevelInfo || e.Entry.Level == cdplog.EntryLevelVerbose
		if !hint && !b.refusal(e.Entry) {
			b.console = append(b.console, e.Entry.Text)
		}
	case *audits.EventIssueAdded:
		if slices.Contains(grave, e.Issue.Code) {
			b.console = append(b.console, string(e.Issue.Code))
		}
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
		if e.Type == network.ResourceTypeDocument {
			b.pages[e.Request.URL] = true
		}
	}
}

// refusal reports whether an entry says no more than that the page itself came
// with a status of 4xx, as it should where somebody is refused.
func (b *Tab) refusal(e *cdplog.Entry) bool {
	return e.Source == cdplog.EntrySourceNetwork && b.pages[e.URL] &&
		strings.HasPrefix(e.Text, "Failed to load resource: the server responded with a status of 4")
}

// Problems are what was written to the console, scripts and pages that the
// browser refused among it, and the requests that went elsewhere than to the
// origins, since the tab was opened.
func (b *Tab) Problems(origins ...string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for _, line := range b.console {
		found = append(found, fmt.Sprintf("console: %q", line))
	}
	for _, u := range b.requests {
		if !strings.HasPrefix(u, "data:") && !underAny(u, origins) { // data: asks nobody
			found = append(found, "request to "+u)
		}
	}
	if len(b.requests) == 0 {
		found = append(found, "no request was seen")
	}
	return found
}

// Check fails the test when there are [Tab.Problems].
func (b *Tab) Check(origins ...string) {
	b.t.Helper()
	for _, problem := range b.Problems(origins...) {
		b.t.Error(problem)
	}
}

func underAny(u string, origins []string) bool {
	for _, origin := range origins {
		if strings.HasPrefix(u, origin+"/") {
			return true
		}
	}
	return false
}
