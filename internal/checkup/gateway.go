package checkup

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
)

// Engine is the engine behind a gateway; [engine.Client] is one.
type Engine interface {
	// Base is scheme, host and port.
	Base() *url.URL
	Version(ctx context.Context) (string, error)
	Login(ctx context.Context, username string, password secret.Secret) (engine.Login, error)
	Logout(ctx context.Context, cookie secret.Secret) error
}

// GatewayConfig says what of a gateway is looked at and how.
type GatewayConfig struct {
	// Engine is asked for its version, and once whether it takes admin/admin.
	Engine Engine
	// AllowOutdated is primary.upstream.allow_outdated: an old engine is then
	// a warning.
	AllowOutdated bool
	// PublicURLs are where clients find this server.
	PublicURLs []string
	// Certificate is this server's own, see [OwnCertificate]; nil when it is
	// not known. What answers with it is no engine.
	Certificate *x509.Certificate
	// Quiet leaves out what the engine or others would count or notice, so that
	// it can be run every few minutes: the login of admin, and the knocks at
	// other addresses.
	Quiet bool
	// Timeout bounds everything; 0: half a minute.
	Timeout time.Duration
	// Progress is as in [Config].
	Progress func(Finding)
	// Dial connects to other addresses than the engine's; nil: [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Lookup gives the addresses of a name; nil: [net.Resolver].
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Interfaces gives this machine's addresses; nil: [net.InterfaceAddrs].
	Interfaces func() ([]netip.Addr, error)
	// Now defaults to the real clock.
	Now func() time.Time
}

const (
	gatewayTimeout = 30 * time.Second
	// knockTime is for one other address. What drops packets costs all of it.
	knockTime = 3 * time.Second

	upstreamSubject = "primary.upstream"
)

// Gateway looks at an engine behind a gateway: whether it answers, is new
// enough, still takes the password it came with, and can be reached past the
// gateway. It changes nothing, but each run is one login of admin with a password that should be
// wrong, which the engine counts.
func Gateway(ctx context.Context, c GatewayConfig) Report {
	c = c.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	g := &gateway{
		GatewayConfig: c,
		run:           &run{now: c.Now, progress: c.Progress, places: make(chan struct{}, defaultConcurrency)},
	}
	version, ok := g.reach(ctx)
	if ok {
		g.note(g.version(version))
	}
	if ok && !c.Quiet {
		g.note(g.defaultPassword(ctx))
		g.elsewhere(ctx, version)
	}
	return Report{Findings: g.findings}
}

func (c GatewayConfig) withDefaults() GatewayConfig {
	c.Timeout = cmp.Or(c.Timeout, gatewayTimeout)
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Lookup == nil {
		c.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if c.Interfaces == nil {
		c.Interfaces = interfaces
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return c
}

// gateway is one look at a gateway.
type gateway struct {
	GatewayConfig
	*run
}

// reach asks the engine for its version, and reports whether it answers.
func (g *gateway) reach(ctx context.Context) (version string, ok bool) {
	at := g.Engine.Base().Host
	version, err := g.Engine.Version(ctx)
	switch {
	case err == nil:
		g.note(Finding{Subject: upstreamSubject, Level: OK, Text: "the engine answers at " + at + ", version " + version})
		return version, true
	case errors.Is(err, engine.ErrUntrusted):
		g.note(failure(upstreamSubject, fmt.Sprintf("the engine at %s is not trusted: %v", at, err),
			"Put the engine's certificate or its authority's into ca_file, or its SHA-256 into pin_sha256 of primary.upstream."))
	case errors.Is(err, engine.ErrMalformed):
		g.note(failure(upstreamSubject, fmt.Sprintf("%s answers otherwise than an engine: %v", at, err),
			"Compare url of primary.upstream with the engine's own https.host and https.port."))
	default:
		g.note(failure(upstreamSubject, fmt.Sprintf("the engine at %s cannot be reached: %v", at, err),
			"Start the engine, or correct url of primary.upstream; allow this machine to reach it."))
	}
	return "", false
}

// version judges an engine's version (threat T145).
func (g *gateway) version(text string) Finding {
	const subject = "engine version"
	const update = "Update the engine to 4.4.1 or newer: older ones run commands that anybody sends them (CVE-2023-43208)."
	order, err := mirth.CompareVersions(text, mirth.OldestSafe)
	switch {
	case err != nil:
		return failure(subject, fmt.Sprintf("%q is no version", text), "Look what answers at "+g.Engine.Base().Host+" in the engine's place.")
	case order >= 0:
		return Finding{Subject: subject, Level: OK, Text: text + " is not older than " + mirth.OldestSafe}
	case g.AllowOutdated:
		return Finding{
			Subject: subject, Level: Warn, Text: text + " is older than 4.4.1, and primary.upstream.allow_outdated lets it be", Advice: update,
		}
	default:
		return failure(subject, text+" is older than 4.4.1, and the gateway refuses it", update)
	}
}

// defaultPassword tries the account that engines come with (threat T015).
func (g *gateway) defaultPassword(ctx context.Context) Finding {
	const subject = "engine account admin"
	const change = "Change the password of admin in the engine now: whoever reaches the engine has it."
	login, err := g.Engine.Login(ctx, "admin", secret.New("admin"))
	refused, _ := errors.AsType[*engine.RefusedError](err)
	switch {
	case err == nil:
		// The engine ends a session by itself if this fails.
		_ = g.Engine.Logout(ctx, login.Cookie)
		return failure(subject, "the engine still takes the password it came with, admin", change)
	case refused != nil && refused.Status == mirth.StatusFailExpired:
		return failure(subject, "the password that the engine came with, admin, has expired but is still the one", change)
	case refused != nil && refused.Status == mirth.StatusFailLockedOut:
		return Finding{
			Subject: subject, Level: Warn, Text: "locked, so whether the engine still takes the password it came with is not known",
			Advice: "Run the check again when the account is unlocked.",
		}
	case refused != nil:
		return Finding{Subject: subject, Level: OK, Text: "the engine does not take the password it came with"}
	case errors.Is(err, engine.ErrOwnMFA):
		return failure(subject, "the engine takes the password it came with, and then asks for a second factor of its own",
			change+" Then take the engine's own second factor out: behind a gateway it can be given by nobody.")
	default:
		return Finding{
			Subject: subject, Level: Warn, Text: fmt.Sprintf("not checked: %v", err), Advice: "Run the check again.",
		}
	}
}
