package web

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
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

// Limiter counts bad second calls per source (threat T074); [throttle.Counters]
// with a rule for sources are one.
type Limiter interface {
	// Check returns a [*throttle.Error] while the subject has to wait; any
	// other error means that nobody can say.
	Check(ctx context.Context, s throttle.Subject) error
	// Fail counts one bad second call.
	Fail(ctx context.Context, s throttle.Subject) error
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// PortalPath is where the pages for people are.
const PortalPath = "/mfa"

// Room is a part of the site with rules of its own. What it is asked has
// passed the request policy and carries the headers of every answer.
type Room struct {
	// Path is the prefix, without a slash at its end: below /api, or
	// [PortalPath], or below it.
	Path    string
	Handler http.Handler
}

// Rules say how a login goes on, and what an exempt session covers;
// [rules.Set] is one.
type Rules interface {
	Decide(r rules.Request) rules.Decision
	Covers(name, username, method, path string, addr netip.Addr, at time.Time) bool
}

// Proofs ends a login within one call; [mfa.Flow] is one. The carry of the
// request is the flow's from there on.
type Proofs interface {
	Prove(ctx context.Context, r mfa.BeginRequest, p mfa.Proof) (*mfa.Grant, error)
	BreakGlass(ctx context.Context, r mfa.BeginRequest, code string) (*mfa.Grant, error)
	Exempt(ctx context.Context, r mfa.BeginRequest, exemption string) (*mfa.Grant, error)
}

// Tokens checks service tokens and records their use; [token.Tokens] is one.
// Refusals match [token.ErrRefused]; any other error means that it is not
// known.
type Tokens interface {
	// Check looks at a value that was presented, CheckID at the token behind a
	// session.
	Check(ctx context.Context, value string, addr netip.Addr) (token.Token, error)
	CheckID(ctx context.Context, id string, addr netip.Addr) (token.Token, error)
}

// Codes spends sign-in codes of the portal; [token.Codes] is one. Refusals
// match [token.ErrRefused].
type Codes interface {
	Redeem(ctx context.Context, username, code string, addr netip.Addr) (token.Proof, error)
}

// Upstream owns the sessions at the engine that logins carry.
type Upstream interface {
	// Adopt says that a session of ours holds the carry now. After an error it
	// is still the caller's to release.
	Adopt(ctx context.Context, username string, carry []byte) error
	// Release ends it. It does not block for long, and may be repeated.
	Release(ctx context.Context, username string, carry []byte)
}

// TokenCarries keeps the engine's session of each service token.
type TokenCarries interface {
	Carry(ctx context.Context, id, username string) ([]byte, error)
}

// Gateway passes requests on to the engine behind us;
// [mfaserver/web/gateway.Gateway] is one.
type Gateway interface {
	// Serve forwards r for a session that was found for it just now.
	Serve(w http.ResponseWriter, r *http.Request, s session.Session)
	// Version, Status and OpenAPI answer what everybody may ask.
	Version(w http.ResponseWriter, r *http.Request)
	Status(w http.ResponseWriter, r *http.Request)
	OpenAPI(w http.ResponseWriter, r *http.Request)
	// PublicFile reports whether Files answers a path below /api, decoded.
	PublicFile(path string) bool
	// Files answers what is public outside of the API, and 404 for all else.
	Files() http.Handler
}
