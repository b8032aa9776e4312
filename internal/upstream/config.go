package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

// Errors of the package.
var (
	// ErrConfig: the [Config] makes no sense.
	ErrConfig = errors.New("upstream: configuration refused")
	// ErrCarry: a carry is not one that this package sealed for that user.
	ErrCarry = errors.New("upstream: carry refused")
	// ErrGone: the session at the engine is over, or is being ended, or
	// somebody holds it already.
	ErrGone = errors.New("upstream: the session at the engine is gone")
	// ErrDrift: the session at the engine is another user's by now.
	ErrDrift = errors.New("upstream: the session at the engine changed its user")
	// ErrUnavailable: engine or ledger gave no usable answer.
	ErrUnavailable = errors.New("upstream: unavailable")
	// ErrLeft: Close stopped before every session was ended. Those left are in
	// the ledger.
	ErrLeft = errors.New("upstream: sessions left at the engine")
)

// Engine is what this package asks of the engine; [engine.Client] is one.
type Engine interface {
	// Login opens a session, or fails with [engine.ErrRefused] as a
	// [*engine.RefusedError]; any other error says nothing about the password.
	Login(ctx context.Context, username string, password secret.Secret) (engine.Login, error)
	// CurrentUser says whose a session is; [engine.ErrNoSession].
	CurrentUser(ctx context.Context, cookie secret.Secret) (mirth.User, error)
	// Logout ends a session; one that is over already is no error.
	Logout(ctx context.Context, cookie secret.Secret) error
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Defaults of [Config].
const (
	DefaultMaxFailures = 3
	DefaultWorkers     = 4
	DefaultLogoutWait  = 15 * time.Second
	DefaultRefusalTime = time.Second
)

// Config is what an [Upstream] needs. Engine, Ledger, Sealer, Limiter and
// Recorder are required.
type Config struct {
	Engine Engine
	Ledger Ledger
	// Sealer seals carries and entries; its key lies outside every store.
	Sealer *seal.Sealer
	// Limiter counts wrong passwords; [LoginLimits] is a configuration for it.
	Limiter throttle.Counters
	// MaxFailures is the limit for an account that Limiter has: no more
	// passwords of one account than this are at the engine at once, so that a
	// volley gets no further than guesses one by one. 0 means
	// [DefaultMaxFailures].
	MaxFailures int
	Recorder    Recorder
	// Node names this server among those that share a ledger: each recovers
	// what it opened itself.
	Node string
	// Workers is how many logouts run at once; 0 means [DefaultWorkers].
	Workers int
	// LogoutWait bounds one logout at the engine; 0 means [DefaultLogoutWait].
	LogoutWait time.Duration
	// RefusalTime is how long refusals take at first, until it is known how
	// long the engine takes for a password (threat T006): engines refuse an
	// unknown user hundreds of times faster than a wrong password. 0 means
	// [DefaultRefusalTime]; negative hides nothing, for tests.
	RefusalTime time.Duration
	Logger      *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// LoginLimits is the configuration of a limiter for logins at an engine:
// maxFailures wrong passwords in 15 minutes for an account (0 means
// [DefaultMaxFailures]), then one more each further 15 minutes, so that nobody
// locks real accounts through us; thirty for a source, three hundred in all,
// then growing delays, all multiplied by factor (0 means 1). A source that
// completed a login of an account in the last 30 days has a count of its own
// for it (threat T008): engines that lock accounts should do so at twice
// maxFailures or later.
func LoginLimits(maxFailures, factor int) throttle.Config {
	const window = 15 * time.Minute
	if maxFailures == 0 {
		maxFailures = DefaultMaxFailures
	}
	return throttle.Config{
		Account:  throttle.Rule{Limit: maxFailures, Window: window, Delay: window, MaxDelay: window},
		Source:   throttle.Rule{Limit: 30, Window: window},
		Global:   throttle.Rule{Limit: 300, Window: window, Delay: time.Second, MaxDelay: 4 * time.Second},
		KnownFor: 30 * 24 * time.Hour,
		Factor:   factor,
	}
}

func (c Config) withDefaults() (Config, error) {
	if c.MaxFailures == 0 {
		c.MaxFailures = DefaultMaxFailures
	}
	if c.Workers == 0 {
		c.Workers = DefaultWorkers
	}
	if c.LogoutWait == 0 {
		c.LogoutWait = DefaultLogoutWait
	}
	if c.RefusalTime == 0 {
		c.RefusalTime = DefaultRefusalTime
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	switch {
	case c.Engine == nil, c.Ledger == nil, c.Sealer == nil, c.Limiter == nil, c.Recorder == nil:
		return c, fmt.Errorf("%w: engine, ledger, sealer, limiter and recorder are required", ErrConfig)
	case c.MaxFailures < 0, c.Workers < 0, c.LogoutWait < 0:
		return c, fmt.Errorf("%w: negative limit", ErrConfig)
	}
	return c, nil
}
