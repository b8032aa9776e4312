package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/token"
	"mfaserver/mfa"
)

// ErrConfig means that the [Config] is incomplete.
var ErrConfig = errors.New("signin: configuration refused")

// ReasonOurs is the reason where a token or a code of ours was given as the
// password.
const ReasonOurs primary.Reason = "token_or_code"

// Directory looks accounts up. Errors: [primary.ErrUserUnknown]; anything else
// means that it cannot be asked.
type Directory interface {
	Get(ctx context.Context, username string) (primary.User, error)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what a [Checker] needs. Authenticator, Recorder, Logger and Now
// are required.
type Config struct {
	Authenticator primary.Authenticator
	// Directory tells for the trail whether a refused name is one of ours;
	// nil where nobody here knows.
	Directory Directory
	Recorder  Recorder
	// Release ends what an accepted password carries when nothing comes of
	// it; nil where nothing is carried.
	Release func(ctx context.Context, username string, carry []byte)
	// Administrators are canonical usernames that have the administrator's
	// role besides those of the directory.
	Administrators []string
	// AllowEnrolment says whether a prompt for the user may enrol a device;
	// nil means never.
	AllowEnrolment func(u primary.User, at time.Time) bool
	Logger         *slog.Logger
	Now            func() time.Time
}

// Checker checks passwords. It is safe for concurrent use.
type Checker struct {
	cfg            Config
	administrators map[string]bool
}

// New returns a Checker, or [ErrConfig].
func New(c Config) (*Checker, error) {
	if c.Authenticator == nil || c.Recorder == nil || c.Logger == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: authenticator, recorder, logger and clock are needed", ErrConfig)
	}
	checker := &Checker{cfg: c, administrators: make(map[string]bool, len(c.Administrators))}
	for _, name := range c.Administrators {
		checker.administrators[name] = true
	}
	return checker, nil
}

// Attempt is a name and a password as they were typed.
type Attempt struct {
	Username string
	Password secret.Secret
	Client   mfa.Client
}

// Accepted is a right password: all that the second factor needs to know but
// the redirect URI. Its carry is the caller's, to hand on or to release.
type Accepted = mfa.BeginRequest

// Check checks a password. No directory of any kind is asked about an empty
// name or password (threat T001), nor about anything that has a token or a code
// of ours in it. Errors are those of
// [primary.Authenticator]; [primary.ErrUnavailable] also when the outcome could
// not be recorded.
func (c *Checker) Check(ctx context.Context, a Attempt) (Accepted, error) {
	switch {
	case a.Username == "" || a.Password.IsZero():
		return Accepted{}, c.Refuse(ctx, a, &primary.RefusedError{Reason: primary.ReasonEmptyPassword})
	case ours(a.Password):
		return Accepted{}, c.Refuse(ctx, a, &primary.RefusedError{Reason: ReasonOurs})
	}
	checked := c.cfg.Now()
	result, err := c.cfg.Authenticator.Authenticate(ctx, primary.Attempt{
		Username: a.Username, Password: a.Password, Source: a.Client.Addr,
	})
	if err != nil {
		return Accepted{}, c.Refuse(ctx, a, err)
	}
	if err := c.recordAccepted(ctx, a.Client, result.User); err != nil {
		c.release(ctx, result.User.Username, result.Carry)
		return Accepted{}, unavailable(err)
	}
	u := result.User
	return Accepted{
		Username: u.Username, Typed: a.Username, UserID: u.ID,
		Administrator:  u.Role == primary.RoleAdmin || c.administrators[u.Username],
		Primary:        primaryWord(result.Status),
		Message:        result.Message,
		CheckedAt:      checked,
		AllowEnrolment: c.cfg.AllowEnrolment != nil && c.cfg.AllowEnrolment(u, c.cfg.Now()),
		Carry:          result.Carry,
		Client:         a.Client,
	}, nil
}

// ours reports whether a password is a token or a code of ours, or ends in one
// behind a comma.
func ours(password secret.Secret) bool {
	text := password.Reveal()
	_, whole := token.KindOf(text)
	_, behind := token.KindOf(text[strings.LastIndexByte(text, ',')+1:])
	return whole || behind
}

// Refuse records why a password was not accepted, and returns cause, or
// [primary.ErrUnavailable] when that could not be recorded.
func (c *Checker) Refuse(ctx context.Context, a Attempt, cause error) error {
	e := audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused, Reason: reason(cause)}
	switch {
	case errors.Is(cause, primary.ErrPasswordExpired):
		e.Name = audit.PrimaryExpired
	case errors.Is(cause, primary.ErrThrottled):
		e.Name = audit.PrimaryThrottled
	case !errors.Is(cause, primary.ErrRefused):
		e.Name, e.Outcome = audit.PrimaryError, audit.Failed
	}
	e.Username, e.UnknownUsername = c.name(ctx, a.Username)
	if err := c.record(ctx, a.Client, e); err != nil {
		return unavailable(err)
	}
	return cause
}

// name tells a name that the directory knows from one that it does not: people
// type passwords into the username field. It is the same question for every
// name, so that the time tells nothing.
func (c *Checker) name(ctx context.Context, typed string) (known, unknown string) {
	if c.cfg.Directory == nil {
		return "", typed
	}
	u, err := c.cfg.Directory.Get(ctx, typed)
	if err != nil {
		return "", typed
	}
	return u.Username, ""
}

// recordAccepted notes a right password, and that a one-time one is now spent
// (threat T015).
func (c *Checker) recordAccepted(ctx context.Context, client mfa.Client, u primary.User) error {
	e := audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: u.Username}
	if err := c.record(ctx, client, e); err != nil || !u.Bootstrap {
		return err
	}
	e.Name = audit.BootstrapUsed
	return c.record(ctx, client, e)
}

func (c *Checker) record(ctx context.Context, client mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = client.Addr, client.UserAgent, client.RequestID
	if err := c.cfg.Recorder.Record(ctx, e); err != nil {
		c.cfg.Logger.ErrorContext(ctx, "audit record failed",
			slog.String("request_id", client.RequestID), slog.String("event", string(e.Name)))
		return err
	}
	return nil
}

func (c *Checker) release(ctx context.Context, username string, carry []byte) {
	if c.cfg.Release != nil && len(carry) > 0 {
		c.cfg.Release(ctx, username, carry)
	}
}

// reason is why, for the audit trail alone.
func reason(cause error) string {
	if e, ok := errors.AsType[*primary.RefusedError](cause); ok {
		return string(e.Reason)
	}
	if e, ok := errors.AsType[*primary.ThrottledError](cause); ok {
		return e.Scope
	}
	return ""
}

// primaryWord is Mirth's word for how the password was accepted.
func primaryWord(status primary.Status) mfa.PrimaryStatus {
	if status == primary.StatusGracePeriod {
		return mfa.PrimaryStatus(mirth.StatusGracePeriod)
	}
	return mfa.PrimaryStatus(mirth.StatusSuccess)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", primary.ErrUnavailable, err) }
