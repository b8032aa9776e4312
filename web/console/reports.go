package console

import (
	"context"
	"iter"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/rules"
	"mfaserver/internal/stats"
	"mfaserver/internal/token"
	"mfaserver/mfa"
)

// Reports are the rooms behind the pages that show what goes on. Where one is
// nil, its pages are not there.
type Reports struct {
	Figures Figures
	Trail   Trail
	// Verification may be nil while Trail is there.
	Verification  Verification
	Tokens        Tokens
	Exemptions    Exemptions
	Waiting       Waiting
	Organizations Organizations
	Health        Health
}

// Figures are what is counted; [stats.Stats] counts.
type Figures interface {
	Logins(step time.Duration, count int) []stats.Slot
	Latency(count int) []stats.Latency
	People() []stats.People
	// Since is from when on logins are counted.
	Since() time.Time
}

// Trail finds records; [audit.Reader] does.
type Trail interface {
	Search(ctx context.Context, f audit.Filter) iter.Seq2[audit.Entry, error]
	Story(ctx context.Context, transaction string) (audit.Story, error)
}

// Round says when something was looked at that is looked at in the background.
type Round struct {
	// Running: it is being looked at now. Ended and Took are those of the last
	// time; zero before the first one.
	Running bool
	Ended   time.Time
	Took    time.Duration
}

// Verified is what the last verification of the audit trail found.
type Verified struct {
	Round

	Report audit.Report
	// Err is about reading alone: then there is no report.
	Err error
}

// Verification verifies the audit trail in the background.
type Verification interface {
	Verified() Verified
	// Verify begins another one, unless one is running.
	Verify()
}

// Tokens are the service tokens; [token.Tokens] keeps them.
type Tokens interface {
	List(ctx context.Context) ([]token.Token, error)
	Get(ctx context.Context, id string) (token.Token, error)
	// Revoke ends a token, and the sessions it opened.
	Revoke(ctx context.Context, id, by, reason string) (token.Token, error)
}

// Exemptions are those of the configuration; [rules.Set] has them.
type Exemptions interface {
	Exemptions() []rules.Exemption
}

// Waiting lists the logins that wait for their second call, and cancels one;
// [mfa.Flow] does both.
type Waiting interface {
	Waiting(ctx context.Context, after mfa.Key, limit int) ([]mfa.Waiting, error)
	Cancel(ctx context.Context, k mfa.Key, by, reason string, c mfa.Client) error
}

// Organization is a Duo account as it was seen last.
type Organization struct {
	Name string
	// AccountID is that of a child account; empty for an account with keys of
	// its own.
	AccountID string
	// Administered and Authenticates: there are credentials for the Admin API,
	// for the Auth API. Synchronised: a directory is configured.
	Administered, Authenticates, Synchronised bool
	// Problem says why it could not be asked; empty when it answered. Took is
	// how long it took to.
	Problem string
	Took    time.Duration
	// Users, Administrators, Applications and Credits are Duo's counts.
	Users, Administrators, Applications, Credits int
}

// Unclaimed is a child account at Duo that is not in the configuration.
type Unclaimed struct{ Name, AccountID string }

// Organizations asks Duo about its accounts in the background.
type Organizations interface {
	Organizations() (all []Organization, unclaimed []Unclaimed, at Round)
	// Refresh asks again, unless it is being asked.
	Refresh()
}

// Level is how bad a finding is.
type Level string

// The levels.
const (
	LevelOK   Level = "ok"
	LevelWarn Level = "warning"
	LevelFail Level = "failure"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Area is the part of the installation it belongs to, one of [Areas];
	// Subject is what it is about.
	Area    string
	Subject string
	Level   Level
	// Text says how it is; Advice what to do about it, empty when all is well.
	Text, Advice string
}

// The areas of findings.
const (
	AreaDuo         = "duo"
	AreaStore       = "store"
	AreaTrail       = "trail"
	AreaUpstream    = "upstream"
	AreaClock       = "clock"
	AreaCertificate = "certificate"
	AreaOther       = "other"
)

// Areas are all of them, in the order of the page.
func Areas() []string {
	return []string{AreaDuo, AreaStore, AreaTrail, AreaUpstream, AreaClock, AreaCertificate, AreaOther}
}

// Health looks at everything that a sign-in needs, in the background.
type Health interface {
	Findings() (all []Finding, at Round)
	// Check looks again, unless it is looking.
	Check()
}
