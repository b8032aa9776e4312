package prompt

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web/browser"
)

// ErrConfig means that the [Config] is incomplete.
var ErrConfig = errors.New("prompt: configuration refused")

// Cookies of the prompt. Their names begin with __Host-, so that no other host
// can set them (RFC 6265bis section 4.1.3.2). SameSite is Lax: the browser comes
// back from Duo, which is another site.
const (
	// CookieBinding ties Duo's answer to the browser that asked. It opens
	// nothing.
	CookieBinding = "__Host-mfa_binding"
	// cookieNext remembers where an asking page wanted to go.
	cookieNext = "__Host-mfa_next"
)

// Budget bounds what one half of a prompt asks of Duo and the stores, whatever
// the browser does.
const Budget = 12 * time.Second

// LoginFlow is the login itself; [mfa.Flow] is one.
type LoginFlow interface {
	Begin(ctx context.Context, r mfa.BeginRequest) (mfa.Begun, error)
	View(ctx context.Context, state string, c mfa.Client) (mfa.View, error)
	Redeem(ctx context.Context, r mfa.RedeemRequest) (*mfa.Grant, error)
	Deny(ctx context.Context, state string, c mfa.Client) error
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what a [Prompt] needs. All is required but Release.
type Config struct {
	// PublicURLs are the base URLs of the server, normalised, at least one.
	// Redirect URIs are made from them alone.
	PublicURLs []string
	// Client says who sent a request, as far as that can be trusted.
	Client   func(*http.Request) mfa.Client
	Login    LoginFlow
	Recorder Recorder
	// Release ends what a login carries when nothing comes of it.
	Release func(ctx context.Context, username string, carry []byte)
	Logger  *slog.Logger
	Now     func() time.Time
}

//go:embed pages/*.html
var pageFiles embed.FS

// Prompt sends browsers to Duo and takes them back. It is safe for concurrent
// use; several may serve different paths with the same cookies.
type Prompt struct {
	cfg   Config
	pages *browser.Pages
}

// New returns a Prompt, or [ErrConfig].
func New(c Config) (*Prompt, error) {
	if len(c.PublicURLs) == 0 || c.Client == nil || c.Login == nil || c.Recorder == nil || c.Logger == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: public URLs, client, login flow, recorder, logger and clock are needed", ErrConfig)
	}
	if c.Release == nil {
		c.Release = func(context.Context, string, []byte) {}
	}
	c.PublicURLs = slices.Clone(c.PublicURLs)
	pages, err := browser.NewPages(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &Prompt{cfg: c, pages: pages}, nil
}

// Client is who sent r; its binding is that of the prompt's cookie.
func (p *Prompt) Client(r *http.Request) mfa.Client {
	c := p.cfg.Client(r)
	c.Binding = browser.CookieValue(r, CookieBinding)
	return c
}

// Base is the public URL that the browser used, if it is one of ours; else the
// first. Nothing else of the request goes into it (threats T020, T022).
func (p *Prompt) Base(r *http.Request) string {
	i := slices.Index(p.cfg.PublicURLs, "https://"+strings.ToLower(r.Host))
	return p.cfg.PublicURLs[max(0, i)]
}

func (p *Prompt) record(ctx context.Context, c mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = c.Addr, c.UserAgent, c.RequestID
	if err := p.cfg.Recorder.Record(ctx, e); err != nil {
		return fmt.Errorf("%w: %w", mfa.ErrUnavailable, err)
	}
	return nil
}
