// Package web is the HTTP side of the server: the engine's login API and the
// page that Duo sends the browser back to. It decides nothing about a login
// itself; it reads requests strictly, asks the rooms behind it, and words the
// answer the way the engine does.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
)

// ErrConfig means that the configuration is refused.
var ErrConfig = errors.New("web: configuration refused")

// Config says how the server presents itself.
type Config struct {
	// PublicURLs are the base URLs that clients may use, https and without a
	// path; at least one. Redirect URIs and the commands on the callback
	// page are made from them alone (threats T020, T022).
	PublicURLs []string
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// ServerVersion is the engine version the server claims, for example
	// 4.5.2; required. It stands in the redirect URI of a login under /api.
	ServerVersion string
	// ClientPluginClass is named in the challenge when it is not empty.
	ClientPluginClass string
	// Administrators are canonical usernames that have the administrator's
	// role besides those of the directory.
	Administrators []string
	// AllowEnrolment says whether a prompt for the user may enrol a device;
	// nil means never.
	AllowEnrolment func(u primary.User, at time.Time) bool
	// EnrolmentContact is whom a user has to ask who is not enrolled and may
	// not enrol during the login, for example "the help desk (ext. 1234)";
	// empty means an administrator.
	EnrolmentContact string
	// CurlCAFile is named with --cacert in the curl command of the callback
	// page; empty where clients trust the certificate anyway.
	CurlCAFile string
	// Now is the clock; nil means the real one.
	Now func() time.Time
	// Logger receives what operators must know; required.
	Logger *slog.Logger
}

// Deps are the rooms behind the server, and those beside it. All are required
// but Rooms.
type Deps struct {
	Authenticator primary.Authenticator
	Directory     Directory
	Login         LoginFlow
	Prompts       Prompts
	Sessions      Sessions
	SessionKeeper SessionKeeper
	Notes         LoginNotes
	SecondCalls   Limiter
	Recorder      Recorder
	// Rooms stand beside the login API; none is needed.
	Rooms []Room
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	cfg            Config
	deps           Deps
	log            *slog.Logger
	router         *mux.Router
	endpoints      []endpoint
	administrators map[string]bool
	openAPI        []byte
	pages          *pages
	panics         atomic.Uint64
}

// New checks the configuration and builds the routes. Errors match [ErrConfig].
func New(c Config, d Deps) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if err := errors.Join(checkConfig(&c), checkDeps(d)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	p, err := loadPages()
	if err != nil {
		return nil, fmt.Errorf("%w: pages: %w", ErrConfig, err)
	}
	api, err := openAPIDocument()
	if err != nil {
		return nil, fmt.Errorf("%w: openapi: %w", ErrConfig, err)
	}
	s := &Server{cfg: c, deps: d, log: c.Logger, administrators: map[string]bool{}, openAPI: api, pages: p}
	for _, name := range c.Administrators {
		s.administrators[name] = true
	}
	s.endpoints = s.table()
	s.router = s.routes()
	return s, nil
}

// checkConfig also brings the public URLs into their one form.
func checkConfig(c *Config) error {
	var errs []error
	if len(c.PublicURLs) == 0 {
		errs = append(errs, errors.New("no public URL"))
	}
	c.PublicURLs = slices.Clone(c.PublicURLs)
	for i, u := range c.PublicURLs {
		n, err := mirth.NormalizeServerURL(u)
		if err != nil {
			errs = append(errs, fmt.Errorf("public URL %d: %w", i+1, err))
			continue
		}
		c.PublicURLs[i] = n
	}
	if !versionPattern.MatchString(c.ServerVersion) {
		errs = append(errs, errors.New("server version is not of the form 4.5.2"))
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
		{"directory", d.Directory == nil},
		{"login flow", d.Login == nil},
		{"prompts", d.Prompts == nil},
		{"sessions", d.Sessions == nil},
		{"session keeper", d.SessionKeeper == nil},
		{"login notes", d.Notes == nil},
		{"limiter of second calls", d.SecondCalls == nil},
		{"recorder", d.Recorder == nil},
	} {
		if dep.missing {
			errs = append(errs, errors.New("no "+dep.name))
		}
	}
	for _, room := range d.Rooms {
		if room.Handler == nil || !strings.HasPrefix(room.Path, "/api/") || !canonicalPath(room.Path) || strings.HasSuffix(room.Path, "/") {
			errs = append(errs, errors.New("a room without handler, or at a path that is none below /api"))
		}
	}
	return errors.Join(errs...)
}
