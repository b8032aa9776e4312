package alert

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
)

// Rule names what an alert is about.
type Rule string

// The rules.
const (
	// Relay: the prompt was answered from another network than the login came
	// from, or opened where it did not begin (threat T041).
	Relay Rule = "relay"
	// Denied: the user said no, or reported a fraud. Somebody has his password.
	Denied Rule = "denied"
	// Unfinished: a right password, and no second factor after it (ASVS 6.3.5).
	Unfinished Rule = "unfinished"
	// Fatigue: three or more logins of one user that came to nothing.
	Fatigue Rule = "fatigue"
	// Replay: a login that had ended was presented again.
	Replay Rule = "replay"
	// Mismatch: a second call that is not the one that belongs to the first.
	Mismatch Rule = "mismatch"
	// Spraying: wrong passwords for ten or more users from one address.
	Spraying Rule = "spraying"
	// Travel: one user allowed from two countries within three hours.
	Travel Rule = "travel"
	// Bypass: a bypass code or a break-glass code let somebody in.
	Bypass Rule = "bypass"
	// OwnDevice: a user gave himself a device on the strength of a bypass code,
	// or of no second factor.
	OwnDevice Rule = "own_device"
	// FailOpen: somebody was let in without a second factor.
	FailOpen Rule = "fail_open"
	// Weakened: an administrator made somebody's second factor weaker.
	Weakened Rule = "weakened"
	// AfterHours: an administrator at work outside the hours that are set.
	AfterHours Rule = "after_hours"
	// Tampering: records of sessions or of the trail are not as they were
	// written, or the engine shows another user than logged in.
	Tampering Rule = "tampering"
	// Expiring: a certificate ends soon, or has (threats T101, T173).
	Expiring Rule = "expiring"
	// Hanging: a background duty hangs (fault R33).
	Hanging Rule = "hanging"
	// Full: the trail has no room on the disk but its reserve (fault R12).
	Full Rule = "full"
)

// Rules lists all of them.
func Rules() []Rule {
	return []Rule{
		Relay, Denied, Unfinished, Fatigue, Replay, Mismatch, Spraying, Travel, Bypass, OwnDevice, FailOpen, Weakened, AfterHours, Tampering,
		Expiring, Hanging, Full,
	}
}

// Known reports whether there is such a rule.
func Known(r Rule) bool { return slices.Contains(Rules(), r) }

// Text says in a sentence what happened and what to do.
func (r Rule) Text() string {
	return map[Rule]string{
		Relay:      "A sign-in was confirmed from another network than it began in. Ask the user whether it was his.",
		Denied:     "A user refused a sign-in at Duo. If he did not begin it, his password is known to somebody: change it.",
		Unfinished: "A sign-in had the right password and no second factor. If the user did not begin it, change his password.",
		Fatigue:    "Several sign-ins of one user came to nothing in a row. Somebody may be trying to wear him down.",
		Replay:     "A sign-in that had ended was presented again. Its login data may have been stolen.",
		Mismatch:   "The second call of a sign-in did not belong to its first. Somebody may have stolen login data.",
		Spraying:   "One address tried the passwords of many users. Consider blocking it.",
		Travel:     "One user signed in from two countries within a short time. Ask him.",
		Bypass:     "Somebody signed in with a code that replaces the second factor. See that it was the one it was made for.",
		OwnDevice:  "A user added a device after a sign-in without a device of his. See that it was he who did.",
		FailOpen:   "Somebody was let in with the password alone, because Duo could not be reached.",
		Weakened:   "An administrator made a second factor weaker. See that it was asked for.",
		AfterHours: "An administrator was at work outside working hours.",
		Expiring:   "A certificate that this server shows or trusts ends soon, or has ended. Renew it; mfaserver check says which and how.",
		Hanging:    "A background duty hangs: what it does is not done. Look at the log, the disk and the servers it talks to; restart mfaserver if it stays.",
		Full:       "The disk is full: nobody can sign in. Make room where the audit trail lies.",
		Tampering:  "Stored records are not as they were written. Look at the server at once.",
	}[r]
}

// Severity of an alert.
type Severity string

// The severities.
const (
	High   Severity = "high"
	Medium Severity = "medium"
	Low    Severity = "low"
)

// Severity of what the rule finds.
func (r Rule) Severity() Severity {
	switch r {
	case Denied, Fatigue, Relay, Tampering, FailOpen, Spraying, Travel, Full:
		return High
	case Replay, Mismatch, Bypass, OwnDevice, Weakened, Expiring, Hanging:
		return Medium
	default:
		return Low
	}
}

// subject is what a record of no user is about: a certificate or a duty.
func subject(e *audit.Entry) string { return cmp.Or(e.Detail["certificate"], e.Detail["duty"]) }

// direct is the rule of the events that need no counting.
func direct(e *audit.Entry) Rule {
	switch e.Name {
	case audit.CallbackMismatch:
		return Relay
	case audit.MFAIPMismatch:
		// Merely another address than the first call's is the callback's
		// business; another network than Duo saw is not.
		if e.Detail["access_ip"] != "" {
			return Relay
		}
	case audit.UserDenied, audit.PushFraud:
		return Denied
	case audit.MFAReplay:
		return Replay
	case audit.LoginDataUser, audit.LoginDataBinding:
		return Mismatch
	case audit.BreakGlassUsed:
		return Bypass
	case audit.MFAAllowed:
		if e.Detail["factor"] == "bypass_code" {
			return Bypass
		}
	case audit.DeviceAdded:
		if proof := e.Detail["proof"]; proof == "bypass_code" || proof == "inline enrolment" {
			return OwnDevice
		}
	case audit.MFAFailOpen:
		return FailOpen
	case audit.DuoUserStatus, audit.DuoGroupChanged:
		if weakened(e) {
			return Weakened
		}
	case audit.DuoCodesCreated, audit.DuoUserDeleted, audit.DuoPhoneDeleted, audit.DuoSettingsChanged:
		if e.Outcome == audit.OK {
			return Weakened
		}
	case audit.AuditDisturbed, audit.SessionStoreTampered, audit.GatewayDrift:
		return Tampering
	case audit.CertificateExpiring:
		return Expiring
	case audit.DutyHangs:
		return Hanging
	case audit.AuditFull:
		return Full
	default:
	}
	return ""
}

// weakened reports whether a status lets somebody in without a second factor: it
// was set, or could not be taken back when its time was over.
func weakened(e *audit.Entry) bool {
	switch {
	case e.Detail["lapsed"] != "":
		return e.Outcome == audit.Failed
	case e.Name == audit.DuoGroupChanged:
		return e.Outcome == audit.OK && e.Detail["status"] == "bypass"
	default:
		return e.Outcome == audit.OK
	}
}

// unfinished reports whether a login with the right password ended without a
// second factor.
func unfinished(e *audit.Entry) bool {
	switch e.Name {
	case audit.TransactionExpired, audit.UserDenied, audit.MFARefused, audit.PushFraud:
		return true
	default:
		return false
	}
}

// administers reports whether the record is of an administrator at work.
func administers(e *audit.Entry) bool {
	return e.Actor != "" && e.Actor != "system" && strings.HasPrefix(string(e.Name), "duo.")
}

// Hours are those in which administrators work.
type Hours struct {
	// From and To are times of the day, counted from midnight.
	From, To time.Duration
	// Location is nil for UTC. Weekends counts Saturday and Sunday too.
	Location *time.Location
	Weekends bool
}

// IsZero reports whether no hours are set.
func (h Hours) IsZero() bool { return h.From == h.To }

// include reports whether t is within them.
func (h Hours) include(t time.Time) bool {
	location := h.Location
	if location == nil {
		location = time.UTC
	}
	t = t.In(location)
	if day := t.Weekday(); !h.Weekends && (day == time.Saturday || day == time.Sunday) {
		return false
	}
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	return at >= h.From && at < h.To
}
