package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/people"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
)

// Base is the path of the console; its pages are below.
const Base = "/mfa/admin"

// Paths outside the table.
const (
	pathHome = Base + "/"
	// pathSignIn is the portal's form; its sign-in leads back here.
	pathSignIn = "/mfa/?next=console"
)

// ErrConfig means that the [Config] or the [Deps] are refused.
var ErrConfig = errors.New("console: configuration refused")

// Config says who may see the console.
type Config struct {
	// PublicURLs are the base URLs of the server, https and without a path.
	PublicURLs []string
	// Networks are those from which the console can be seen.
	Networks []netip.Prefix
	// Client says who sent a request, as far as that can be trusted.
	Client func(*http.Request) mfa.Client
	// Hidden answers who is to find nothing: the handler of the paths around
	// the console.
	Hidden http.Handler
	// Logger is required. Now is the clock; nil means the real one.
	Logger *slog.Logger
	Now    func() time.Time
}

// Sessions are those of the pages; [session.Manager] is one.
type Sessions interface {
	LoadPage(r *http.Request) (session.Session, error)
	LoadConsole(r *http.Request) (session.Session, error)
	Start(ctx context.Context, w http.ResponseWriter, r *http.Request, s session.Session) (session.Session, error)
	// EndPage ends the session of the pages, and that of the console with it.
	EndPage(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Session, error)
	Abandon(ctx context.Context, k session.Key) error
}

// Roles says who is an administrator at this moment.
type Roles interface {
	// Administrator reports whether the account exists, is enabled and has
	// the administrator's role. An error means that nobody knows.
	Administrator(ctx context.Context, username string) (bool, error)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Deps are the rooms behind the console. All of the frame's are required.
type Deps struct {
	Sessions Sessions
	Roles    Roles
	Login    prompt.LoginFlow
	Recorder Recorder
	// People, Devices, SessionList and Records are for the pages of users and
	// sessions.
	People      *people.People
	Devices     Devices
	SessionList SessionList
	Records     Records

	Reports
}

//go:embed pages/*.html
var pageFiles embed.FS

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	cfg      Config
	deps     Deps
	log      *slog.Logger
	pages    *browser.Pages
	forms    *browser.Forms
	looks    *audit.Repeats
	prompt   *prompt.Prompt
	sections []section
	routes   []route
}

// New checks that everything is there; [ErrConfig].
func New(c Config, d Deps) (*Console, error) {
	if len(c.PublicURLs) == 0 || c.Client == nil || c.Hidden == nil || c.Logger == nil {
		return nil, fmt.Errorf("%w: public URLs, client, handler of what is hidden and logger are needed", ErrConfig)
	}
	if d.Sessions == nil || d.Roles == nil || d.Login == nil || d.Recorder == nil {
		return nil, fmt.Errorf("%w: sessions, roles, login flow and recorder are needed", ErrConfig)
	}
	if d.People == nil || d.Devices == nil || d.SessionList == nil || d.Records == nil {
		return nil, fmt.Errorf("%w: people, devices, list of sessions and records are needed", ErrConfig)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	c.PublicURLs, c.Networks = slices.Clone(c.PublicURLs), slices.Clone(c.Networks)
	asks, err := prompt.New(prompt.Config{
		PublicURLs: c.PublicURLs, Client: c.Client, Login: d.Login, Recorder: d.Recorder, Logger: c.Logger, Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	pages, err := browser.NewPages(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	console := &Console{cfg: c, deps: d, log: c.Logger, pages: pages, prompt: asks, looks: audit.NewRepeats(c.Now)}
	console.forms = browser.NewForms(browser.FormsConfig{PublicURLs: c.PublicURLs})
	console.sections = console.table()
	for i, s := range console.sections {
		for _, r := range s.routes {
			r.section = i
			console.routes = append(console.routes, r)
		}
	}
	return console, checkRoutes(console.routes)
}
