// Package web is the HTTP side of the server: the engine's login API and the
// page that Duo sends the browser back to. It decides nothing about a login
// itself; it reads requests strictly, asks the rooms behind it, and words the
// answer the way the engine does.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/mux"

	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/signin"
)

// ErrConfig means that the configuration is refused.
var ErrConfig = errors.New("web: configuration refused")

// Config says how the server presents itself.
type Config struct {
	// PublicURLs are the base URLs that clients may use, https and without a
	// path; at least one. Redirect URIs and the commands on the callback
	// page are made from them alone (threats T020, T022).
	PublicURLs []string
	// AllowLoopbackRedirect lets a client name http://127.0.0.1:PORT or
	// http://[::1]:PORT instead: the redirect URI of its login then leads to a
	// program on the user's own machine (RFC 8252 sections 7.3 and 8.3).
	AllowLoopbackRedirect bool
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

// Deps are the rooms behind the server, and those beside it. The first group is
// required; Directory is not where there is a Gateway.
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

	// Rules say who logs in how; nil means the two calls with the prompt, or a
	// sign-in code.
	Rules Rules
	// Proofs is needed by rules that allow a login in one call.
	Proofs Proofs
	// Tokens accepts service tokens; nil: there are none.
	Tokens Tokens
	// Codes accepts sign-in codes; nil: there are none. Accounts is asked once
	// more before a code opens a session, and needed with it.
	Codes    Codes
	Accounts mfa.Accounts
	// Upstream owns what logins carry; nil where nothing is carried. Carries
	// is asked before a sign-in code opens a session; nil trusts it.
	Upstream Upstream
	Carries  mfa.Carries
	// Gateway serves all that is not ours, for an engine behind us; it needs
	// Upstream, and with Tokens also TokenCarries.
	Gateway      Gateway
	TokenCarries TokenCarries
	// Health answers at /healthz and /readyz; nil: nobody does.
	Health http.Handler
	// Rooms stand beside the login API; none is needed.
	Rooms []Room
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	cfg       Config
	deps      Deps
	log       *slog.Logger
	passwords *signin.Checker
	router    *mux.Router
	fixed     map[string]http.Handler // of the router, those at fixed paths below /api
	endpoints []endpoint
	files     http.Handler // what is outside of the API
	openAPI   []byte
	pages     *browser.Pages
	panics    atomic.Uint64
}

// New checks the configuration and builds the routes. Errors match [ErrConfig].
func New(c Config, d Deps) (*Server, error) {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if err := errors.Join(checkConfig(&c), checkDeps(d)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	p, err := browser.NewPages(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("%w: pages: %w", ErrConfig, err)
	}
	api, err := openAPIDocument()
	if err != nil {
		return nil, fmt.Errorf("%w: openapi: %w", ErrConfig, err)
	}
	if d.Rules == nil {
		d.Rules = &rules.Set{}
	}
	s := &Server{cfg: c, deps: d, log: c.Logger, openAPI: api, pages: p, files: http.HandlerFunc(notFound)}
	if s.passwords, err = s.checker(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if d.Gateway != nil {
		s.files = d.Gateway.Files()
	}
	s.endpoints = s.table()
	s.fixed = make(map[string]http.Handler)
	s.router = s.routes()
	return s, nil
}

func (s *Server) checker() (*signin.Checker, error) {
	c := signin.Config{
		Authenticator: s.deps.Authenticator, Recorder: s.deps.Recorder, Release: s.release,
		Administrators: s.cfg.Administrators, AllowEnrolment: s.cfg.AllowEnrolment, Logger: s.log, Now: s.cfg.Now,
	}
	if s.deps.Directory != nil {
		c.Directory = s.deps.Directory
	}
	return signin.New(c)
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
		{"directory", d.Directory == nil && d.Gateway == nil},
		{"login flow", d.Login == nil},
		{"prompts", d.Prompts == nil},
		{"sessions", d.Sessions == nil},
		{"session keeper", d.SessionKeeper == nil},
		{"login notes", d.Notes == nil},
		{"limiter of second calls", d.SecondCalls == nil},
		{"recorder", d.Recorder == nil},
		{"proofs for the rules", d.Rules != nil && d.Proofs == nil},
		{"accounts for the sign-in codes", d.Codes != nil && d.Accounts == nil},
		{"upstream for the gateway", d.Gateway != nil && d.Upstream == nil},
		{"carries for the tokens", d.Gateway != nil && d.Tokens != nil && d.TokenCarries == nil},
	} {
		if dep.missing {
			errs = append(errs, errors.New("no "+dep.name))
		}
	}
	for _, room := range d.Rooms {
		if room.Handler == nil || !roomPath(room.Path) {
			errs = append(errs, errors.New("a room without handler, or at a path where none may be"))
		}
	}
	return errors.Join(errs...)
}

// roomPath reports whether a room may be at path.
func roomPath(path string) bool {
	if path == PortalPath {
		return true
	}
	return (strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, PortalPath+"/")) && canonicalPath(path) && !strings.HasSuffix(path, "/")
}
