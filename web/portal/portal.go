package portal

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/internal/selfservice"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
	"mfaserver/web/signin"
	"mfaserver/web/text"
)

// ErrConfig means that the [Config] or the [Deps] are refused.
var ErrConfig = errors.New("portal: configuration refused")

// Config says how the portal presents itself.
type Config struct {
	// PublicURLs are the base URLs of the server, https and without a path; at
	// least one. Redirect URIs are made from them alone.
	PublicURLs []string
	// Client says who sent a request, as far as that can be trusted;
	// [mfaserver/web.Clients] makes such a function.
	Client func(*http.Request) mfa.Client
	// Administrators, AllowEnrolment and EnrolmentContact are as in
	// [mfaserver/web.Config].
	Administrators   []string
	AllowEnrolment   func(u primary.User, at time.Time) bool
	EnrolmentContact string
	// NoSelfService keeps people from adding devices here.
	NoSelfService bool
	// Logger is required. Now is the clock; nil means the real one.
	Logger *slog.Logger
	Now    func() time.Time
}

// Console is the administration console as the portal knows it.
type Console interface {
	// Visible reports whether there is a console for whoever sent the request,
	// by his address alone.
	Visible(r *http.Request) bool
	// Open opens the session of the console for a sign-in that has just given
	// this browser a session of the pages, and writes its cookie. It reports
	// whether it did: who may not enter gets none, and no error either.
	Open(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant, page session.Session) (bool, error)
}

// Devices answers people about their own devices; [selfservice.Desk] is one.
type Devices interface {
	Offered() bool
	Account(ctx context.Context, username string) (*selfservice.Account, error)
	Add(ctx context.Context, r selfservice.Request) (*selfservice.Added, error)
}

// Additions tells of devices that people added here.
type Additions interface {
	// DevicesAdded gives the newest records of them since then, newest first.
	DevicesAdded(ctx context.Context, username string, since time.Time, most int) ([]audit.Entry, error)
}

// Sessions makes, finds and ends sessions; [session.Manager] is one.
type Sessions interface {
	Start(ctx context.Context, w http.ResponseWriter, r *http.Request, s session.Session) (session.Session, error)
	LoadPage(r *http.Request) (session.Session, error)
	EndPage(ctx context.Context, w http.ResponseWriter, r *http.Request) (session.Session, error)
	// List gives the live sessions of a user, of all kinds; Revoke ends one.
	List(ctx context.Context, username string) ([]session.Session, error)
	Revoke(ctx context.Context, k session.Key, reason string) (session.Session, error)
	// Abandon ends a session whose cookie never reached the client.
	Abandon(ctx context.Context, k session.Key) error
}

// Codes issues sign-in codes; [token.Codes] is one.
type Codes interface {
	// Issue makes a code. The carry of the proof is the code's from then on;
	// after an error it is still the caller's.
	Issue(ctx context.Context, p token.Proof) (code secret.Secret, expires time.Time, err error)
}

// Rules say who may use sign-in codes; [rules.Set] is one.
type Rules interface {
	Decide(r rules.Request) rules.Decision
}

// LoginNotes is told of complete logins.
type LoginNotes interface {
	NoteLogin(ctx context.Context, username string, source netip.Addr) error
}

// Releaser ends what a login carries when nothing comes of it.
type Releaser interface {
	Release(ctx context.Context, username string, carry []byte)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Deps are the rooms behind the portal. All are required but Directory,
// Accounts, Rules, Releaser, Devices, Console and Additions.
type Deps struct {
	Authenticator primary.Authenticator
	// Directory tells for the trail whether a refused name is one of ours; nil
	// before an engine's directory.
	Directory signin.Directory
	Login     prompt.LoginFlow
	Sessions  Sessions
	Codes     Codes
	Notes     LoginNotes
	Recorder  Recorder
	// Accounts is asked once more when the session is there; nil where nobody
	// here has accounts.
	Accounts mfa.Accounts
	// Rules are those of [mfaserver/web.Deps].
	Rules Rules
	// Releaser is nil where nothing is carried.
	Releaser Releaser
	// Devices is nil where Duo cannot be asked about people.
	Devices Devices
	// Console is nil where there is none, Additions where nobody can tell.
	Console   Console
	Additions Additions
}

//go:embed pages/*.html
var pageFiles embed.FS

// Portal serves the pages. It is an [http.Handler] for everything at
// [mfaserver/web.PortalPath] and below, and safe for concurrent use. What it is
// asked has passed the request policy of the server.
type Portal struct {
	cfg       Config
	deps      Deps
	log       *slog.Logger
	passwords *signin.Checker
	prompt    *prompt.Prompt
	forms     *browser.Forms
	pages     *browser.Pages
	routes    map[string]map[string]route
	text      text.Portal
	factors   map[string]string
}

// New checks the configuration; errors match [ErrConfig].
func New(c Config, d Deps) (*Portal, error) {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if d.Rules == nil {
		d.Rules = &rules.Set{}
	}
	if err := errors.Join(check(&c), checkDeps(d)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	p := &Portal{
		cfg: c, deps: d, log: c.Logger, forms: browser.NewForms(browser.FormsConfig{PublicURLs: c.PublicURLs}), routes: routes(),
		text: text.English.Portal,
	}
	p.factors = factorWords(p)
	var err error
	if p.pages, err = browser.NewPages(pageFiles, "pages/*.html"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	p.passwords, err = signin.New(signin.Config{
		Authenticator: d.Authenticator, Directory: d.Directory, Recorder: d.Recorder, Release: p.release,
		Administrators: c.Administrators, AllowEnrolment: c.AllowEnrolment, Logger: c.Logger, Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	p.prompt, err = prompt.New(prompt.Config{
		PublicURLs: c.PublicURLs, Client: c.Client, Login: d.Login, Recorder: d.Recorder, Release: p.release, Logger: c.Logger, Now: c.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return p, nil
}

func check(c *Config) error {
	var errs []error
	if len(c.PublicURLs) == 0 {
		errs = append(errs, errors.New("no public URL"))
	}
	urls := make([]string, 0, len(c.PublicURLs))
	for i, u := range c.PublicURLs {
		n, err := mirth.NormalizeServerURL(u)
		if err != nil {
			errs = append(errs, fmt.Errorf("public URL %d: %w", i+1, err))
		}
		urls = append(urls, n)
	}
	c.PublicURLs = urls
	if c.Client == nil {
		errs = append(errs, errors.New("no client address"))
	}
	if c.Logger == nil {
		errs = append(errs, errors.New("no logger"))
	}
	return errors.Join(errs...)
}

func checkDeps(d Deps) error {
	var errs []error
	for _, dep := range []struct {
		name    string
		missing bool
	}{
		{"authenticator", d.Authenticator == nil},
		{"login flow", d.Login == nil},
		{"sessions", d.Sessions == nil},
		{"sign-in codes", d.Codes == nil},
		{"login notes", d.Notes == nil},
		{"recorder", d.Recorder == nil},
	} {
		if dep.missing {
			errs = append(errs, errors.New("no "+dep.name))
		}
	}
	return errors.Join(errs...)
}
