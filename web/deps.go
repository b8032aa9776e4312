package web

import (
	"context"
	"net/http"
	"net/netip"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
)

// LoginFlow is the login itself; [mfa.Flow] is one.
type LoginFlow interface {
	Begin(ctx context.Context, r mfa.BeginRequest) (mfa.Begun, error)
	Redeem(ctx context.Context, r mfa.RedeemRequest) (*mfa.Grant, error)
}

// Prompts is what the callback page needs of the flow; [mfa.Flow] is one.
type Prompts interface {
	// View changes nothing.
	View(ctx context.Context, state string, c mfa.Client) (mfa.View, error)
	// Deny ends the transaction for good.
	Deny(ctx context.Context, state string, c mfa.Client) error
}

// Sessions makes, finds and ends sessions; [session.Manager] is one.
type Sessions interface {
	// Start writes the session cookie once the session is durable.
	Start(ctx context.Context, w http.ResponseWriter, r *http.Request, s session.Session) (session.Session, error)
	Load(r *http.Request) (session.Session, error)
	// End deletes the session and clears the cookie. [session.ErrNotRecorded]
	// means that it did.
	End(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Session, error)
}

// SessionKeeper is the rest of [session.Manager].
type SessionKeeper interface {
	// List returns the live sessions of a user.
	List(ctx context.Context, username string) ([]session.Session, error)
	// Abandon ends a session whose cookie never reached the client.
	Abandon(ctx context.Context, k session.Key) error
}

// Directory looks accounts up. Errors: [primary.ErrUserUnknown]; anything else
// means that it cannot be asked.
type Directory interface {
	Get(ctx context.Context, username string) (primary.User, error)
	GetID(ctx context.Context, id int) (primary.User, error)
	List(ctx context.Context) ([]primary.User, error)
}

// LoginNotes is told of complete logins, after the session is there.
type LoginNotes interface {
	// NoteLogin notes that username signed in from source.
	NoteLogin(ctx context.Context, username string, source netip.Addr) error
}

// Limiter counts bad second calls per source (threat T074); [throttle.Limiter]
// with a rule for sources is one.
type Limiter interface {
	// Check returns a [*throttle.Error] while the subject has to wait.
	Check(ctx context.Context, s throttle.Subject) error
	// Fail counts one bad second call.
	Fail(ctx context.Context, s throttle.Subject) error
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Room is a part of the site with rules of its own. What it is asked has
// passed the request policy and carries the headers of every answer.
type Room struct {
	// Path is the prefix, without a slash at its end.
	Path    string
	Handler http.Handler
}
