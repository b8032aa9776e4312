package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
)

// Bounds and defaults of [Config].
const (
	// DefaultPrefix begins every key and channel.
	DefaultPrefix = "mfaserver:"
	// MaxTimeout bounds every call.
	MaxTimeout = 2 * time.Second
	// DefaultMinVersion is the first server that has all the commands in use.
	DefaultMinVersion = "6.2.0"
	// DefaultMaxSkew is how far this node's clock may be from the server's.
	DefaultMaxSkew = time.Minute
)

// Config says which servers, and the key the records are sealed with.
type Config struct {
	// Addrs are host:port, or paths of Unix sockets: the primary and those
	// that may become it. Whichever says that it is the primary is used; a
	// promotion is followed without a restart.
	Addrs []string
	// Replicas is how many replicas must have a write before it is
	// acknowledged, and must be connected at all. At least half of the other
	// addresses (rounded up), so that of two primaries only one is ever
	// believed. With fewer than all of them whoever promotes a replica must
	// pick one that is not behind, as Sentinel does.
	Replicas int
	// TLS is required unless every address is on this machine or Plaintext is
	// set. An empty ServerName means the host of the address.
	TLS       *tls.Config
	Plaintext bool
	// Username and Password are those of the ACL user, see [ACL]; without a
	// username the password is that of the default user.
	Username string
	Password secret.Secret
	// Prefix begins every key and channel; default [DefaultPrefix]. Letters,
	// digits and colons.
	Prefix string
	// Timeout bounds every call; default and most [MaxTimeout].
	Timeout time.Duration
	// PoolSize is the most connections to the server; 0 means 32.
	PoolSize int
	// MinVersion of the server, as Redis or Valkey counts its own; default
	// [DefaultMinVersion]. Raise it to shut out servers with known holes.
	MinVersion string
	// MaxSkew is how far Now may be from the server's clock before this node
	// refuses to work; default [DefaultMaxSkew], negative: not looked at.
	MaxSkew time.Duration
	// Sealer seals. All nodes need the same key. After a rotation it must
	// know the previous key for as long as sessions last; directory, service
	// tokens and break-glass codes are sealed anew when the store opens.
	Sealer *seal.Sealer
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the wall clock; default the real one.
	Now func() time.Time

	// trust are the authorities of now, see [Store.Trust]; nil inside: the
	// system's.
	trust *atomic.Pointer[x509.CertPool]
}

// ErrConfig says that the configuration makes no sense, and what to do.
var ErrConfig = errors.New("redis: configuration refused")

// complete checks c and fills in the defaults.
func (c Config) complete() (Config, error) {
	if c.Sealer == nil {
		return c, fmt.Errorf("%w: a sealer is needed", ErrConfig)
	}
	return c.completeRest()
}

// completeRest is complete without a look at the sealer.
func (c Config) completeRest() (Config, error) {
	if err := c.completeAddrs(); err != nil {
		return c, err
	}
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
	}
	if strings.Trim(c.Prefix, prefixAlphabet) != "" || len(c.Prefix) > 64 {
		return c, fmt.Errorf("%w: prefix %q is not of letters, digits and colons", ErrConfig, c.Prefix)
	}
	if c.Timeout == 0 {
		c.Timeout = MaxTimeout
	}
	if c.Timeout < 0 || c.Timeout > MaxTimeout {
		return c, fmt.Errorf("%w: timeout %s is not between 0 and %s", ErrConfig, c.Timeout, MaxTimeout)
	}
	if c.MinVersion == "" {
		c.MinVersion = DefaultMinVersion
	}
	if _, err := parseVersion(c.MinVersion); err != nil {
		return c, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.MaxSkew == 0 {
		c.MaxSkew = DefaultMaxSkew
	}
	if c.PoolSize == 0 {
		c.PoolSize = 32
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return c, nil
}

const prefixAlphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:"

func (c Config) completeAddrs() error {
	if len(c.Addrs) == 0 {
		return fmt.Errorf("%w: an address is needed", ErrConfig)
	}
	if most := 8; len(c.Addrs) > most || c.Replicas < 0 || c.Replicas > most {
		return fmt.Errorf("%w: more than %d addresses or replicas", ErrConfig, most)
	}
	if least := len(c.Addrs) / 2; c.Replicas < least {
		return fmt.Errorf("%w: %d addresses need replicas of at least %d", ErrConfig, len(c.Addrs), least)
	}
	for _, addr := range c.Addrs {
		if network(addr) == "tcp" {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return fmt.Errorf("%w: address %q is not host:port", ErrConfig, addr)
			}
			if c.TLS == nil && !c.Plaintext && !local(host) {
				return fmt.Errorf("%w: %s needs TLS", ErrConfig, addr)
			}
		}
	}
	return nil
}

// network is that of an address: paths are Unix sockets.
func network(addr string) string {
	if strings.HasPrefix(addr, "/") {
		return "unix"
	}
	return "tcp"
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
