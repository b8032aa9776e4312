package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
	"mfaserver/session"
)

// ErrConfig means that the configuration is refused.
var ErrConfig = errors.New("gateway: configuration refused")

// Cookies opens what a session carries for the engine.
type Cookies interface {
	// Cookie is the bare value of the engine's JSESSIONID. It asks nobody, so
	// an error is for good: the session is useless.
	Cookie(username string, carry []byte) (secret.Secret, error)
}

// Sessions ends sessions, and tells when they end; [session.Manager] is one.
type Sessions interface {
	// Watch returns a channel that is closed when the session is over.
	Watch(ctx context.Context, key session.Key) (ended <-chan struct{}, stop func())
	// Revoke ends one session; [session.ErrNotFound] when it is gone already.
	Revoke(ctx context.Context, key session.Key, reason string) (session.Session, error)
}

// Access says what a session may do.
type Access interface {
	// Permit returns a [*DeniedError] for what the session may not do. Any
	// other error means that nobody can tell, and nothing is forwarded. The
	// body of r must not be read. It calls asks before it waits for a person.
	Permit(ctx context.Context, s session.Session, r *http.Request, asks func()) error
}

// Engine answers what everybody may ask, without anything of a client in the
// question; [mfaserver/internal/mirth/engine.Client] is one.
type Engine interface {
	Version(ctx context.Context) (string, error)
	Status(ctx context.Context) (mirth.Int, error)
	// OpenAPI is the engine's description of its API, a JSON object.
	OpenAPI(ctx context.Context) ([]byte, error)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Public says what clients without a session may see beside the version, the
// status and the description of the API.
type Public struct {
	// HideVersion answers 404 for the engine's version. The engine's own
	// desktop client asks it before the login and does not start without.
	HideVersion bool
	// Launcher serves the desktop client's launcher: /webstart.jnlp and what
	// it names.
	Launcher bool
	// Explorer serves the API explorer at /api/ and what its page names.
	Explorer bool
}

// Limits of what crosses.
type Limits struct {
	// MaxRequest is the largest request body in bytes; 0 means 256 MiB.
	MaxRequest int64
	// Idle is how long a body may stand still, in either direction; 0 means a
	// minute. It does not run while the engine thinks about a request that it
	// has whole: the transport bounds that.
	Idle time.Duration
}

// Config shapes a [Gateway].
type Config struct {
	// Target is the engine's address: scheme, host and port, no path.
	Target *url.URL
	// Transport reaches the engine and nobody else. It must not send anything
	// twice, not follow redirects and not inflate answers;
	// [mfaserver/internal/mirth/engine.Client.Transport] is one.
	Transport http.RoundTripper
	// Engine is asked for what is public.
	Engine Engine
	// Client says from where a request came, as far as that can be trusted.
	Client func(*http.Request) netip.Addr
	// RequestID is the correlation id of a request; nil means none.
	RequestID func(context.Context) string
	Cookies   Cookies
	Sessions  Sessions
	// Access is asked about every request; nil permits all.
	Access Access
	// Stale is told when the engine no longer knows the session of a principal
	// without a cookie of ours (a service token); required only for those.
	Stale func(context.Context, session.Session)
	// Public says what is shown without a session.
	Public Public
	// PublicURLs are our own addresses, for the launcher; at least one when
	// there is a launcher.
	PublicURLs []string
	// Follows is the gateway whose place this one takes while the server runs, in
	// front of the same engine: the cookies that the engine gave sessions
	// meanwhile stay known. nil at a start.
	Follows *Gateway
	// RequestHeaders and ResponseHeaders cross besides those that always do,
	// for the engine's extensions. Those that never may are refused.
	RequestHeaders  []string
	ResponseHeaders []string
	Limits          Limits
	Recorder        Recorder
	Logger          *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

const (
	defaultMaxRequest = 256 << 20
	defaultIdle       = time.Minute
)

// withDefaults returns a checked copy.
func (c Config) withDefaults() (Config, error) {
	if c.Limits.MaxRequest == 0 {
		c.Limits.MaxRequest = defaultMaxRequest
	}
	if c.Limits.Idle == 0 {
		c.Limits.Idle = defaultIdle
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.RequestID == nil {
		c.RequestID = func(context.Context) string { return "" }
	}
	c.PublicURLs = slices.Clone(c.PublicURLs)
	errs := c.missing()
	errs = append(errs, c.checkTarget(), c.checkTransport(), c.checkPublic(), c.checkHeaders())
	if c.Limits.MaxRequest < 0 || c.Limits.Idle < 0 {
		errs = append(errs, errors.New("negative limit"))
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

func (c *Config) missing() []error {
	var errs []error
	for _, dep := range []struct {
		name    string
		missing bool
	}{
		{"transport", c.Transport == nil},
		{"engine", c.Engine == nil},
		{"client address", c.Client == nil},
		{"cookies", c.Cookies == nil},
		{"sessions", c.Sessions == nil},
		{"recorder", c.Recorder == nil},
		{"logger", c.Logger == nil},
	} {
		if dep.missing {
			errs = append(errs, errors.New("no "+dep.name))
		}
	}
	return errs
}

func (c *Config) checkTarget() error {
	t := c.Target
	if t == nil || t.Host == "" || t.Scheme != "https" && t.Scheme != "http" {
		return errors.New("no target of the form https://host:port")
	}
	if t.User != nil || strings.Trim(t.Path, "/") != "" || t.RawQuery != "" || t.Fragment != "" {
		return errors.New("a target of more than scheme, host and port")
	}
	return nil
}

// checkTransport looks at what it can look into: other round trippers have to
// know for themselves.
func (c *Config) checkTransport() error {
	t, ok := c.Transport.(*http.Transport)
	if !ok {
		return nil
	}
	if !t.DisableCompression {
		return errors.New("a transport that inflates answers")
	}
	if t.Proxy != nil {
		return errors.New("a transport that uses a proxy")
	}
	return nil
}

func (c *Config) checkPublic() error {
	if c.Public.Launcher && len(c.PublicURLs) == 0 {
		return errors.New("a launcher without a public URL")
	}
	for i, u := range c.PublicURLs {
		n, err := mirth.NormalizeServerURL(u)
		if err != nil {
			return fmt.Errorf("public URL %d: %w", i+1, err)
		}
		c.PublicURLs[i] = n
	}
	return nil
}

// checkHeaders refuses headers that must never cross.
func (c *Config) checkHeaders() error {
	for _, name := range slices.Concat(c.RequestHeaders, c.ResponseHeaders) {
		if !mayCross(name) {
			return fmt.Errorf("header %q may not cross", name)
		}
	}
	return nil
}
