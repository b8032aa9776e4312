// Package config reads the configuration file: strict YAML in which every key
// is known, every value has its type, and settings that contradict one
// another or weaken the login by accident are refused. All faults are told at
// once, each with its line and what to do about it.
package config

import (
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
)

// Config is a configuration that was found good. Paths are absolute or
// relative to the working directory: relative ones in the file are taken from
// the file's folder. It is not changed after loading and so safe for
// concurrent use.
type Config struct {
	// Listen is the address to listen on, host:port.
	Listen string
	// PublicURLs are the URLs under which clients reach the server, as
	// [mirth.NormalizeServerURL] spells them; at least one.
	PublicURLs []string
	// AllowLoopbackRedirect lets a login name a port of the client's own
	// machine as the place that Duo sends the browser back to, as the terminal
	// login does (RFC 8252 section 7.3).
	AllowLoopbackRedirect bool
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	Connections    Connections
	TLS            TLS
	// DataDir holds store, keys, audit trail and control socket.
	DataDir string
	// KeysDir holds the keys that seal what is stored. Nodes that share a store
	// need the same keys.
	KeysDir string
	Store   Store
	// ServerVersion is the engine version the server claims to be.
	ServerVersion string
	// ClientPluginClass is named in a DuoLoginStatus; empty leaves it out.
	ClientPluginClass string
	Primary           Primary
	// Administrators are canonical usernames that administer beside those
	// whose role says so.
	Administrators []string
	Duo            Duo
	// Organizations are the further Duo accounts that are looked after here,
	// beside the one of Duo, whose name is [DefaultOrganization].
	Organizations []Organization
	HelpDesk      HelpDesk
	// Gateway is how the engine is shown to clients; it matters only with
	// [Primary.Upstream].
	Gateway Gateway
	// Rules, Exemptions, Groups, ReadOnly and StepUp say who has to prove
	// what; [Config.RuleSet] applies them.
	Rules      []rules.Rule
	Exemptions []rules.Exemption
	Groups     map[string][]string
	ReadOnly   rules.ReadOnly
	StepUp     rules.StepUp
	Tokens     Tokens
	Login      Login
	Session    Session
	Enrolment  Enrolment
	Admin      Admin
	Audit      Audit
	Alerts     Alerts
	Metrics    Metrics
	Log        Log
	// DrainDelay is how long a server that is told to stop goes on serving
	// while it says that it is not ready, so that a load balancer can turn
	// away from it.
	DrainDelay time.Duration
	// LimitsFactor multiplies every limit on counts; 1 in production.
	LimitsFactor int

	environment map[string]secret.Secret // what secrets were read from
	digest      string
	ruleSet     *rules.Set
	duoNames    *duoNames
}

// RuleSet is what Rules, Exemptions, Groups, ReadOnly and StepUp amount to.
func (c *Config) RuleSet() *rules.Set { return c.ruleSet }

// SecretEnvironment returns the names of the environment variables that
// secrets were read from, so that they can be unset.
func (c *Config) SecretEnvironment() []string { return slices.Sorted(maps.Keys(c.environment)) }

// Digest is the SHA-256 of the file that the configuration came from, in
// hexadecimal digits. Files and variables that the file names are not part of it.
func (c *Config) Digest() string { return c.digest }

// TLS names certificate and key in PEM. Both are empty when the server is to
// make its own.
type TLS struct{ CertFile, KeyFile string }

// Primary says who checks passwords; exactly one field is set.
type Primary struct {
	// Local is the directory in the server's own store.
	Local *Local
	// Upstream is an engine, whose own login checks passwords. The server is
	// a gateway in front of it.
	Upstream *Upstream
}

// Local is the local directory. It has no settings.
type Local struct{}

// Upstream is the engine behind a gateway.
type Upstream struct {
	// URL is https://host:port, or http:// with AllowHTTP.
	URL string
	// CAFile holds the certificates to trust, in PEM; PinSHA256 the SHA-256
	// of certificates to accept instead, in lower-case hexadecimal digits.
	// With neither the system's certificates are trusted.
	CAFile    string
	PinSHA256 []string
	// AllowHTTP lets URL be http:// on this machine.
	AllowHTTP bool
	// MaxFailures wrong passwords within [Login.FailureWindow] are passed on
	// for one account, so that nobody locks it through the gateway.
	MaxFailures int
	// AllowOutdated accepts an engine with known holes.
	AllowOutdated bool
}

// Gateway says what of the engine is shown and how much is carried.
type Gateway struct {
	// Launcher shows the launcher and its client jars, APIExplorer the pages
	// of the API explorer, without a session.
	Launcher, APIExplorer bool
	// HideVersion keeps the engine's version from clients without a session.
	HideVersion bool
	// MaxRequest is the largest body of a request, in bytes.
	MaxRequest int64
	// Idle ends a transfer in which nothing moves.
	Idle time.Duration
}

// Tokens bounds service tokens.
type Tokens struct {
	// MaxLife is the longest that a token may be valid.
	MaxLife time.Duration
}

// DuoUsername says how Duo's name for a user follows from the engine's.
type DuoUsername struct {
	// StripDomain are domains to cut off: name@domain and DOMAIN\name.
	StripDomain []string
	// Lower turns names into lower case.
	Lower bool
	// MapFile is the file that Map came from.
	MapFile string
	// Map holds Duo's names by the engine's; it goes before the other two.
	Map map[string]string
}

// Duo is everything about Duo.
type Duo struct {
	Universal Universal
	// Auth, Admin and Accounts are optional.
	Auth, Admin, Accounts API
	// DirectoryKey names the directory from which single users are
	// synchronised; empty: none.
	DirectoryKey string
	// Username maps the engine's usernames to Duo's.
	Username DuoUsername
	Failmode Failmode
	// IAcceptSingleFactor is the second switch of [FailmodeSafe].
	IAcceptSingleFactor bool
	// Simulator allows a Duo host that is not Duo's, with a CA file.
	Simulator bool
	// CA is [CADuo], [CASystem] or the path of a PEM file.
	CA string
	// HTTPProxy is the URL of an outbound proxy; it may hold a password.
	HTTPProxy secret.Secret
	// AllowReasons and DenyFactors are the outcome policy, in Duo's words.
	AllowReasons, DenyFactors []string
}

// Values of [Duo.CA] that are no paths.
const (
	CADuo    = "duo"
	CASystem = "system"
)

// Universal is the Duo application of the login prompt.
type Universal struct {
	ClientID     string
	ClientSecret secret.Secret
	// PreviousSecret ends the logins that it began, and nothing else; zero when
	// there is none.
	PreviousSecret secret.Secret
	APIHostname    string
}

// API is a Duo application of the Auth, Admin or Accounts API.
type API struct {
	IntegrationKey string
	SecretKey      secret.Secret
	APIHostname    string
}

// Configured reports whether the application is there.
func (a API) Configured() bool { return a.IntegrationKey != "" }

// Failmode is what happens when Duo cannot be reached at the first call.
type Failmode string

// The fail modes. [FailmodeSecure] is the default.
const (
	FailmodeSecure Failmode = "secure"
	FailmodeSafe   Failmode = "safe"
)

// Connections holds the limits of connections (threat T177).
type Connections struct {
	// PerSource is the most of one IPv4 address or IPv6 /64; trusted proxies have
	// no such limit.
	PerSource int
	// Total is the most of all.
	Total int
}

// Login holds the limits of the login.
type Login struct {
	// Lifetime of a pending login; EnrolLifetime of one that enrols.
	Lifetime, EnrolLifetime time.Duration
	// PerClient, PerUser and Total are the most pending logins of one user
	// from one address, of one user, and of all; Reserved of PerUser are kept
	// for addresses that succeeded before.
	PerClient, PerUser, Reserved, Total int
	// RelayPolicy is what happens when prompt and login come from different
	// addresses: off, audit or enforce.
	RelayPolicy string
	// MaxFailures wrong passwords within FailureWindow throttle an account.
	MaxFailures   int
	FailureWindow time.Duration
}

// Session holds the limits of sessions.
type Session struct {
	Idle, Absolute time.Duration
	// PerUser is the most sessions of one user; the oldest one ends.
	PerUser int
	// Passive are patterns of paths whose requests are no activity (see
	// [rules.Paths]).
	Passive []string
	// DuoCheck is how often Duo is asked whether it would still let in the
	// users who have sessions; 0: never.
	DuoCheck time.Duration
	// OnAddressChange is record, confirm or end: what happens when a session is
	// used from elsewhere.
	OnAddressChange string
}

// Enrolment says who may enrol a first device during a login.
type Enrolment struct {
	Inline []InlineRule
	// NoSelfService keeps people from adding devices at the portal.
	NoSelfService bool
	// Contact is whom everybody else has to ask.
	Contact string
}

// Everyone is the group that every user is in.
const Everyone = "*"

// InlineRule lets a group enrol during a login until a time.
type InlineRule struct {
	Group string
	// Until is the first instant at which the rule is over. A date in the
	// file includes that day, in UTC.
	Until time.Time
}

// Allows reports whether a member of groups may enrol inline at that time.
func (e Enrolment) Allows(groups []string, at time.Time) bool {
	return slices.ContainsFunc(e.Inline, func(r InlineRule) bool {
		return at.Before(r.Until) && (r.Group == Everyone || slices.Contains(groups, r.Group))
	})
}

// Admin says from where console and admin JSON are reachable.
type Admin struct{ Networks []netip.Prefix }

// Log is the operator's log.
type Log struct {
	Level slog.Level
	// Format is text or json.
	Format string
}
