package checkup

import (
	"fmt"
	"strings"
	"time"
)

// Exemption is who needs no second factor, from where and until when.
type Exemption struct {
	Name string
	// Users and Networks are those of the rule.
	Users, Networks []string
	// Owner answers for it, and Reason says why it is there.
	Owner, Reason string
	// Until is when it ends.
	Until time.Time
}

// exemptionNotice is how long before the end a warning comes.
const exemptionNotice = 14 * 24 * time.Hour

// Exemptions lists what lets people in with a password alone (threat T014).
func Exemptions(all []Exemption, now time.Time) []Finding {
	findings := make([]Finding, 0, len(all))
	for _, e := range all {
		findings = append(findings, e.finding(now))
	}
	return findings
}

func (e Exemption) finding(now time.Time) Finding {
	f := Finding{Subject: "exemptions." + e.Name, Level: OK}
	until := e.Until.UTC().Format(time.RFC3339)
	who := fmt.Sprintf("%s, from %s, with a password alone", strings.Join(e.Users, ", "), strings.Join(e.Networks, ", "))
	switch left := e.Until.Sub(now); {
	case e.Owner == "" || e.Until.IsZero():
		return failure(f.Subject, who+"; it has no owner or no end", "Name owner and until, or take the exemption out.")
	case left <= 0:
		f.Level, f.Advice = Warn, "Take it out, or ask "+e.Owner+" whether it is still needed and give it a new end."
		f.Text = fmt.Sprintf("over since %s, and lets nobody in: %s; owner %s (%s)", until, who, e.Owner, e.Reason)
	case left < exemptionNotice:
		f.Level, f.Advice = Warn, "Ask "+e.Owner+" how the users will sign in then."
		f.Text = fmt.Sprintf("%s, only until %s; owner %s (%s)", who, until, e.Owner, e.Reason)
	default:
		f.Text = fmt.Sprintf("%s, until %s; owner %s (%s)", who, until, e.Owner, e.Reason)
	}
	return f
}
