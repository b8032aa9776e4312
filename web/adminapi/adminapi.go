// Package adminapi is the administrators' JSON: the help desk's operations on
// Duo over HTTP, below [Base]. It decides who may call, reads requests
// strictly, and words answers; what an operation does, and what policy says of
// it, is behind it.
//
// Who is not in the networks for administrators finds nothing here. Everybody
// else needs X-Requested-With, a session that a second factor was given for,
// and the administrator's role now, not only when he signed in.
package adminapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
)

// Base is the path that all operations are below.
const Base = "/api/extensions/mfa/admin/v1"

// ErrConfig means that the configuration is refused.
var ErrConfig = errors.New("adminapi: configuration refused")

// Sessions finds the session of a request; [session.Manager] is one. Errors
// are those of package session.
type Sessions interface {
	Load(r *http.Request) (session.Session, error)
}

// Roles says who is an administrator at this moment.
type Roles interface {
	// Administrator reports whether the account exists, is enabled and has
	// the administrator's role. An error means that nobody knows.
	Administrator(ctx context.Context, username string) (bool, error)
}

// Operations carries operations out; [adminops.Service] is one.
type Operations interface {
	// Known are the operations there are.
	Known() []adminops.Operation
	// Do carries one out. [adminops.Explain] reads its error.
	Do(ctx context.Context, c adminops.Call) (adminops.Result, error)
}

// Recorder is the audit trail. Here it is told of refusals; of what is done,
// the operations tell it.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what an [API] is made of. All fields are required.
type Config struct {
	// Networks are those from which the API can be seen.
	Networks []netip.Prefix
	// Client says who sent a request, see [mfa.Client].
	Client     func(*http.Request) mfa.Client
	Sessions   Sessions
	Roles      Roles
	Operations Operations
	Recorder   Recorder
	Logger     *slog.Logger
	Now        func() time.Time
}

// API serves the operations. It is safe for concurrent use.
type API struct {
	cfg     Config
	log     *slog.Logger
	routes  []route
	openAPI []byte
	refused *audit.Repeats
}

// New checks that everything is there, and that there is a route for every
// operation and an operation for every route. Errors match [ErrConfig].
func New(c Config) (*API, error) {
	if c.Client == nil || c.Sessions == nil || c.Roles == nil || c.Operations == nil || c.Recorder == nil || c.Logger == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: a field is missing", ErrConfig)
	}
	routes, err := join(table(), c.Operations.Known())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &API{cfg: c, log: c.Logger, routes: routes, openAPI: openAPIDocument, refused: audit.NewRepeats(c.Now)}, nil
}
