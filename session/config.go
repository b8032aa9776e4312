package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"mfaserver/internal/audit"
)

// Defaults of [Config].
const (
	DefaultIdle       = 30 * time.Minute
	DefaultAbsolute   = 12 * time.Hour
	DefaultPerUser    = 20
	DefaultCookieName = "JSESSIONID"
	DefaultCookiePath = "/api"
	DefaultPageCookie = "__Host-mfa"

	DefaultConsoleCookie   = "__Host-mfa_console"
	DefaultConsoleIdle     = 15 * time.Minute
	DefaultConsoleAbsolute = 8 * time.Hour
)

// FailOpenLimit is how long a session lives at most that was given without a
// second factor.
const FailOpenLimit = time.Hour

// ErrConfig is a [Config] that cannot be used.
var ErrConfig = errors.New("session: invalid configuration")

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what a [Manager] needs. Store and Recorder are required; the zero
// value of everything else stands for the default.
type Config struct {
	Store    Store
	Recorder Recorder
	// Idle ends a session without activity, Absolute ends any session.
	Idle     time.Duration
	Absolute time.Duration
	// ConsoleIdle and ConsoleAbsolute are those of the console's sessions.
	ConsoleIdle     time.Duration
	ConsoleAbsolute time.Duration
	// PerUser is how many sessions of one kind a user may have; one more
	// ends the oldest.
	PerUser int
	// CookieName and CookiePath are those of the API's cookie. PageCookie and
	// ConsoleCookie are the pages' and the console's; their names begin with
	// __Host-, so browsers hold them to Path=/, Secure and this very host (RFC
	// 6265bis section 4.1.3.2).
	CookieName    string
	CookiePath    string
	PageCookie    string
	ConsoleCookie string
	// Passive tells requests that are no activity of a person: a client's
	// polling. They are served but keep no session alive. nil: none are.
	Passive func(*http.Request) bool
	// TouchEvery is how far the last activity on record may lag behind the
	// real one, and so how much earlier than Idle a session may end; never
	// later. Default: a sixtieth of Idle, at most a fifteenth of ConsoleIdle, at
	// least a second.
	TouchEvery time.Duration
	// Follows is the Manager whose place this one takes while the server runs,
	// over the same store: its clock goes on, as do the bounds on what wrong
	// cookies can record, and an end that either of them sees cuts what both
	// serve (see [Manager.Watch]). NotBefore and Now are then its. nil at a start.
	Follows *Manager
	// OnMove is what happens when a session is used from elsewhere.
	OnMove OnMove
	// NotBefore is the latest time known from before the start, such as that
	// of the newest record of the store or the trail. The Manager's clock
	// never reads less, so that a clock set back while the server was down
	// revives nothing.
	NotBefore time.Time
	// OnEnd is called once for each session that ends here, after it is gone
	// from the store, for instance to log out upstream. It must not block. It
	// is not called for a session whose Start failed.
	OnEnd func(ctx context.Context, s Session)
	// Source is a request's client address as far as it can be trusted, for
	// the audit trail. Default: the connection's peer.
	Source func(*http.Request) netip.Addr
	Now    func() time.Time
}

// cookie is one of the three cookies.
type cookie struct {
	name string
	// kinds are those of the sessions that it names.
	kinds []Kind
	// options are what gorilla/sessions writes into Set-Cookie. MaxAge is 0:
	// for any other value it writes Expires too, and the Java client drops a
	// cookie that has one.
	options sessions.Options
}

// New returns a Manager; [ErrConfig] tells what is wrong with c.
func New(c Config) (*Manager, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	m := &Manager{
		cfg:     c,
		api:     newCookie(c.CookieName, c.CookiePath, KindAPI, KindToken),
		pages:   newCookie(c.PageCookie, "/", KindPage),
		console: newCookie(c.ConsoleCookie, "/", KindConsole),
		clock:   newClock(c.Now, c.NotBefore),
		refused: newRefusals(),
		watched: new(watchers),
		moved:   new(places),
	}
	if before := c.Follows; before != nil {
		m.clock, m.refused, m.watched, m.moved = before.clock, before.refused, before.watched, before.moved
		m.cfg.Follows = nil // it can go
	}
	return m, nil
}

func newCookie(name, path string, kinds ...Kind) cookie {
	return cookie{name: name, kinds: kinds, options: sessions.Options{
		Path: path, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}}
}

func (c Config) withDefaults() Config {
	orDuration(&c.Idle, DefaultIdle)
	orDuration(&c.Absolute, DefaultAbsolute)
	orDuration(&c.ConsoleIdle, DefaultConsoleIdle)
	orDuration(&c.ConsoleAbsolute, max(DefaultConsoleAbsolute, c.ConsoleIdle))
	orDuration(&c.TouchEvery, max(time.Second, min(c.Idle/60, c.ConsoleIdle/15)))
	if c.PerUser == 0 {
		c.PerUser = DefaultPerUser
	}
	orString(&c.CookieName, DefaultCookieName)
	orString(&c.CookiePath, DefaultCookiePath)
	orString(&c.PageCookie, DefaultPageCookie)
	orString(&c.ConsoleCookie, DefaultConsoleCookie)
	if c.Source == nil {
		c.Source = peer
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return c
}

func orDuration(d *time.Duration, otherwise time.Duration) {
	if *d == 0 {
		*d = otherwise
	}
}

func orString(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}

func (c Config) validate() error {
	for _, rule := range []struct {
		broken bool
		text   string
	}{
		{c.Store == nil, "a store is needed"},
		{c.Recorder == nil, "a recorder is needed"},
		{c.Idle < 0, "the idle limit is negative"},
		{c.Absolute < c.Idle, "the absolute limit is shorter than the idle one"},
		{c.ConsoleIdle < 0, "the console's idle limit is negative"},
		{c.ConsoleAbsolute < c.ConsoleIdle, "the console's absolute limit is shorter than the idle one"},
		{c.TouchEvery >= c.ConsoleIdle, "activity would be recorded too rarely for the console's idle limit"},
		{c.TouchEvery < 0 || c.TouchEvery >= c.Idle, "activity would be recorded too rarely for the idle limit"},
		{!slices.Contains([]OnMove{MoveIgnored, MoveRecorded, MoveConfirmed, MoveEnded}, c.OnMove), "there is no such consequence of another address"},
		{c.PerUser < 0, "the number of sessions of a user is negative"},
		{!isToken(c.CookieName), "the cookie name is not a token"},
		{!isToken(c.PageCookie) || !strings.HasPrefix(c.PageCookie, "__Host-"), "the page cookie's name lacks __Host-"},
		{!isToken(c.ConsoleCookie) || !strings.HasPrefix(c.ConsoleCookie, "__Host-"), "the console cookie's name lacks __Host-"},
		{c.CookieName == c.PageCookie || c.CookieName == c.ConsoleCookie || c.PageCookie == c.ConsoleCookie, "two cookies have one name"},
		{!strings.HasPrefix(c.CookiePath, "/"), "the cookie path does not begin with a slash"},
	} {
		if rule.broken {
			return fmt.Errorf("%w: %s", ErrConfig, rule.text)
		}
	}
	return nil
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
