// Package access says what a signed-in client may do at the engine behind the
// gateway. The engine has no roles: whoever is in may do everything. So
// read-only users and sessions, and fresh approvals for dangerous operations,
// are judged here, for every request. Whether a service token or an exemption
// covers the request is known before: whoever found the session asked.
package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"mfaserver/internal/rules"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// ErrConfig means that a [Config] makes no sense.
var ErrConfig = errors.New("access: configuration refused")

// The reasons of a [gateway.DeniedError].
const (
	// NotAPI: the path is no part of the engine's API.
	NotAPI = "not_api"
	// ReadOnly: the request changes something.
	ReadOnly = "read_only"
	// StepUp: the operation needs a fresh approval that this kind of session
	// cannot give.
	StepUp = "step_up"
	// StepUpRefused: the approval was asked for and not given.
	StepUpRefused = "step_up_refused"
)

// Rules is what the configuration says; [rules.Set] is one.
type Rules interface {
	ReadOnly(username string) bool
	StepUpFor(method, path string) (time.Duration, bool)
}

// Approver asks for a fresh approval; [mfa.Flow] is one.
type Approver interface {
	Approve(ctx context.Context, r mfa.ApproveRequest) (time.Time, error)
}

// Config is what a [Guard] needs; all is required but Follows and Now.
type Config struct {
	Rules    Rules
	Approver Approver
	// Client says who sent a request, as far as that can be trusted.
	Client func(*http.Request) mfa.Client
	Logger *slog.Logger
	// Follows is the guard whose place this one takes while the server runs: the
	// approvals that sessions were given, and what is known of the engine's
	// reading requests, stay. nil at a start.
	Follows *Guard
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Guard judges requests. It is safe for concurrent use.
type Guard struct {
	cfg       Config
	reading   atomic.Pointer[rules.Reading]
	approvals *approvals
}

var _ gateway.Access = (*Guard)(nil)

// New returns a Guard that knows the reading requests of common engines;
// [ErrConfig].
func New(c Config) (*Guard, error) {
	if c.Rules == nil || c.Approver == nil || c.Client == nil || c.Logger == nil {
		return nil, fmt.Errorf("%w: rules, approver, client and logger are needed", ErrConfig)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	g := &Guard{cfg: c, approvals: newApprovals()}
	g.SetReading(rules.DefaultReading())
	if before := c.Follows; before != nil {
		g.approvals = before.approvals
		g.SetReading(*before.reading.Load())
		g.cfg.Follows = nil // it can go
	}
	return g, nil
}

// SetReading replaces what is known of the engine's reading requests.
func (g *Guard) SetReading(r rules.Reading) { g.reading.Store(&r) }

// Permit implements [gateway.Access]: nil, a [*gateway.DeniedError], or an
// error that means that it cannot be told, which permits nothing either. It
// may wait for a person to answer a push, and calls asks before it does.
func (g *Guard) Permit(ctx context.Context, s session.Session, r *http.Request, asks func()) error {
	path, ok := rules.APIPath(r.URL.EscapedPath())
	if !ok {
		return &gateway.DeniedError{Reason: NotAPI}
	}
	readOnly := s.ReadOnly || g.cfg.Rules.ReadOnly(s.Username)
	if readOnly && !g.reading.Load().Reads(r.Method, path) {
		return &gateway.DeniedError{Reason: ReadOnly}
	}
	return g.stepUp(ctx, s, r, path, asks)
}
