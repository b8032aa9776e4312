package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// target is one server in use, with the connections to it.
type target struct {
	addr   string
	client *redis.Client
}

// quiet keeps the client library from writing to standard error: what it would
// say comes back as errors.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// dial makes the client of an address. It connects when it is used.
func dial(c *Config, addr string) *target {
	quiet()
	opt := &redis.Options{
		Network: network(addr), Addr: addr, Username: c.Username, Password: c.Password.Reveal(),
		Protocol:              2, // what Redis and Valkey share in all versions
		MaxRetries:            -1,
		DialerRetries:         1,
		DialTimeout:           dialTimeout,
		ReadTimeout:           c.Timeout,
		WriteTimeout:          c.Timeout,
		PoolTimeout:           c.Timeout,
		ContextTimeoutEnabled: true,
		PoolSize:              c.PoolSize,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	if c.TLS != nil && network(addr) == "tcp" {
		opt.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialTLS(ctx, c, network, addr)
		}
	}
	return &target{addr: addr, client: redis.NewClient(opt)}
}

// dialTLS connects and verifies the server by the authorities of now.
func dialTLS(ctx context.Context, c *Config, network, addr string) (net.Conn, error) {
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}, Config: tlsFor(c.TLS, addr)}
	d.Config.RootCAs = c.trust.Load()
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("redis: dial: %w", err)
	}
	return conn, nil
}

// keepAlive is how often an idle connection is probed.
const keepAlive = 5 * time.Minute

// tlsFor fills in what a configuration of many addresses leaves open.
func tlsFor(c *tls.Config, addr string) *tls.Config {
	c = c.Clone()
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	if c.ServerName == "" {
		// The address was checked when the store was opened.
		c.ServerName, _, _ = net.SplitHostPort(addr)
	}
	return c
}

func (t *target) close() { _ = t.client.Close() }

// pipeline sends all commands at once on one connection, and returns the first
// failure of the connection. Replies that are errors are left in the commands.
func (t *target) pipeline(ctx context.Context, cmds ...redis.Cmder) error {
	p := t.client.Pipeline()
	for _, c := range cmds {
		if err := p.Process(ctx, c); err != nil {
			return err
		}
	}
	// The error is that of the first command that failed, replies included, or
	// of the connection, also when the server has refused the password.
	_, err := p.Exec(ctx)
	if _, reply := errors.AsType[redis.Error](err); reply && slices.ContainsFunc(cmds, failed) {
		return nil
	}
	return err
}

func failed(c redis.Cmder) bool { return c.Err() != nil }
