package console

import (
	"net/http"
	"slices"
	"strconv"

	"mfaserver/internal/audit"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// mostFaults is how many faults a page lists.
const mostFaults = 100

// verifyPage says whether the trail is whole.
type verifyPage struct {
	sheet

	T      text.ConsoleAudit
	Facts  browser.Facts
	Faults []string
	// Cut is how many faults are not listed.
	Cut        int
	Checkpoint string
	Running    bool
	Action     string
	Back       string
}

// verifiedBadge is the state of the trail in a word.
func (v *visit) verifiedBadge() browser.Badge {
	w := text.English.Console.Audit
	last := v.console.deps.Verification.Verified()
	switch {
	case last.Ended.IsZero():
		return browser.Badge{Kind: browser.Plain, Text: w.NotVerified}
	case last.Err != nil:
		return browser.Badge{Kind: browser.Bad, Text: w.VerifyFailed}
	case last.Report.Err() != nil:
		return browser.Badge{Kind: browser.Bad, Text: w.Broken}
	default:
		return browser.Badge{Kind: browser.Good, Text: w.Whole}
	}
}

// auditVerified shows the last verification.
func (v *visit) auditVerified() {
	w := text.English.Console.Audit
	last := v.console.deps.Verification.Verified()
	report := &last.Report
	state := v.verifiedBadge()
	page := verifyPage{sheet: titled(w.VerifyTitle), T: w, Running: last.Running, Action: Base + pathVerify, Back: Base + pathAudit}
	if last.Running {
		page.Poll = Base + pathVerify + pathState
	}
	page.Facts = browser.Facts{Label: w.VerifyTitle, List: []browser.Fact{
		{ID: "state", Label: w.State, Badge: &state},
		{Label: w.VerifiedAt, Time: last.Ended},
	}}
	if !last.Ended.IsZero() && last.Err == nil {
		page.Facts.List = append(page.Facts.List,
			browser.Fact{Label: w.Records, Value: strconv.Itoa(report.Records)},
			browser.Fact{Label: w.Files, Value: strconv.Itoa(len(report.Files))},
			browser.Fact{Label: w.Checkpoints, Value: strconv.Itoa(report.Checkpoints)},
			browser.Fact{Label: w.Took, Value: duration(last.Took)},
		)
		for i := range report.Faults[:min(len(report.Faults), mostFaults)] {
			page.Faults = append(page.Faults, report.Faults[i].String())
		}
		page.Cut = len(report.Faults) - len(page.Faults)
		if report.Checkpoints > 0 {
			page.Checkpoint = report.Newest.String()
		}
	}
	v.show(http.StatusOK, "auditverify", &page)
}

// auditVerify begins a verification. That somebody asks for one is recorded.
func (v *visit) auditVerify() {
	actor := v.actor()
	err := v.console.deps.Recorder.Record(v.r.Context(), audit.Event{
		Name: audit.AuditVerified, Outcome: audit.OK, Username: actor.Name, Actor: actor.Name, Source: actor.Source,
		UserAgent: actor.UserAgent, Session: actor.Session, RequestID: actor.RequestID,
	})
	if err != nil {
		v.unavailable(err)
		return
	}
	v.console.deps.Verification.Verify()
	v.done(pathVerify, "audit-verifying")
}

// auditVerifyState tells the script of the page when it is over.
func (v *visit) auditVerifyState() {
	v.polled(v.console.deps.Verification.Verified().Round)
}

// Passive reports whether a page of the console asks for the path by itself: no
// activity of a person (threat T111).
func Passive(path string) bool {
	below, ours := cutBase(path)
	return ours && slices.Contains([]string{pathVerify + pathState, pathHealth + pathState, pathOrganizations + pathState}, below)
}

// pathState ends the paths that pages ask by themselves.
const pathState = "/state"

// polled answers a script that waits for the end of a round.
func (v *visit) polled(at Round) {
	if at.Running {
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	v.w.Header().Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusOK)
}
