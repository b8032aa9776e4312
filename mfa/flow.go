// Package mfa is the login flow: Begin makes a transaction and a Duo prompt
// for a user whose password was right, Redeem turns Duo's code into the right
// to open a session, Deny ends a transaction. Clients that make one call come
// in by Prove, which waits for the user's answer, by BreakGlass or by Exempt;
// Approve asks the user of a session anew. It knows no HTTP and no wire format.
package mfa

import (
	"context"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// SecondFactor is what the flow needs of Duo; [duoclient.Universal] is one.
type SecondFactor interface {
	HealthCheck(ctx context.Context) (duoclient.Health, error)
	AuthURL(r duoclient.AuthRequest) (string, error)
	// SecretID names the client secret that AuthURL signs with.
	SecretID() duoclient.SecretID
	Exchange(ctx context.Context, r duoclient.ExchangeRequest) (*duoclient.Identity, error)
}

// Accounts tells whether an account is still what it was at the first call.
type Accounts interface {
	// Unchanged reports whether the account exists, is enabled, and its
	// password did not change after since.
	Unchanged(ctx context.Context, username string, since time.Time) (bool, error)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Releaser ends what a carry holds (logs the upstream session out) when a
// transaction dies without a session. It must not block for long, and ending
// what has ended already is no error: after a failing store it may be called
// twice.
type Releaser interface {
	Release(ctx context.Context, username string, c Carry)
}

// BeginRequest is an accepted password.
type BeginRequest struct {
	// Username is canonical, Typed what was typed.
	Username      string
	Typed         string
	UserID        int
	Administrator bool
	Primary       PrimaryStatus
	Message       string
	RedirectURI   string
	// CheckedAt is when the check of the password began: a password changed
	// after it ends this login. Zero is the time of Begin.
	CheckedAt time.Time
	// AllowEnrolment accepts a prompt that enrols the user. Where
	// [Config.Enrolment] is there, only for a user who is not enrolled.
	AllowEnrolment bool
	// NeverOpen keeps this login closed while Duo is down, whatever the
	// failmode: nobody comes to the pages without a second factor.
	NeverOpen bool
	// Carry belongs to the flow from here on: it ends in a [Grant] or is
	// released, also when the login fails.
	Carry  Carry
	Client Client
}

// Begun is the outcome of Begin: exactly one field is set.
type Begun struct {
	Challenge *Challenge
	// Grant is set only when failing open.
	Grant *Grant
}

// Challenge is what the client needs for the second factor.
type Challenge struct {
	AuthURL     string
	RedirectURI string
	Primary     PrimaryStatus
	// Binding is the value for the binding cookie.
	Binding   string
	ExpiresAt time.Time
	// Transaction is the handle for logs.
	Transaction string
}

// RedeemRequest is the second call. Everything in it is the client's word: it
// is compared, never used.
type RedeemRequest struct {
	FormUsername string
	// HeaderUsername holds the readings of the header's username (as UTF-8
	// and as Latin-1); one must match.
	HeaderUsername []string
	Primary        PrimaryStatus
	Code           string
	State          string
	RedirectURI    string
	Client         Client
}

// Grant is the right to open one session.
type Grant struct {
	Username      string
	UserID        int
	Administrator bool
	Primary       PrimaryStatus
	Message       string
	Carry         Carry
	Transaction   string
	Factor        string
	Reason        string
	Device        string
	TxID          string
	// At is when the login ended well. ApprovedAt is when the user proved a
	// second factor; zero when he did not: failing open, exempt, or let in by
	// Duo without being asked (see [Policy.AllowReasons]).
	At         time.Time
	ApprovedAt time.Time
	// CheckedAt is when the check of the password began. The account is to be
	// looked at once more, with [Accounts.Unchanged] since then, when the
	// session is there and before anybody has it: what ends a user's sessions
	// may have come in between.
	CheckedAt time.Time
	// FailOpen: no second factor was proved; the session is read-only and
	// ends within the hour.
	FailOpen bool
	// Exemption is the name of the exemption that let the user in without a
	// second factor; empty for every other grant.
	Exemption string
}

// View is what the callback page may show of a transaction.
type View struct {
	Username    string
	Primary     PrimaryStatus
	RedirectURI string
	StartedAt   time.Time
	ExpiresAt   time.Time
	Addr        string
	UserAgent   string
	Phase       Phase
	// SameClient reports that cookie or address is that of the first call.
	SameClient bool
}
