package config

import (
	"cmp"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/secret"
)

// Store says where logins and sessions are kept. Without Redis it is a file in
// the data folder.
type Store struct {
	// Redis is shared by several nodes.
	Redis *Redis
}

// Redis is a Redis or Valkey server with its replicas.
type Redis struct {
	// Addresses are host:port, or paths of Unix sockets: the primary and those
	// that may become it.
	Addresses []string
	// Replicas must have a claim or a revocation before it is acknowledged.
	Replicas int
	// TLS is used; CAFile holds the authority of the servers, empty: the
	// system's.
	TLS    bool
	CAFile string
	// Username and Password are those of the ACL user.
	Username string
	Password secret.Secret
	// Prefix begins every key and channel.
	Prefix string
	// MinVersion is the oldest server that is used.
	MinVersion string
}

// defaultRedisPrefix is [mfaserver/internal/store/redis.DefaultPrefix].
const defaultRedisPrefix = "mfaserver:"

var redisPrefix = regexp.MustCompile(`^[A-Za-z0-9:]{1,64}$`)

// defaultRedisVersion is [mfaserver/internal/store/redis.DefaultMinVersion].
const defaultRedisVersion = "6.2.0"

var redisVersion = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){1,2}$`)

// store reads where things are kept.
func (r *reader) store(s *section) Store {
	redis := s.sub("redis")
	defer s.done()
	if s.set && !s.broken && !redis.set {
		r.fault(s.line, s.path, "names no store; write `store: {redis: {addresses: [...]}}`, or delete it for a file in data_dir")
	}
	if !redis.set {
		redis.done()
		return Store{}
	}
	return Store{Redis: r.redis(redis)}
}

func (r *reader) redis(s *section) *Redis {
	defer s.done()
	c := &Redis{}
	if !s.redisURL(c) {
		c.Addresses = s.redisAddresses()
	}
	c.Replicas, _ = s.integer("replicas", 0, 0, 8)
	if least := len(c.Addresses) / 2; c.Replicas < least {
		line := max(r.lines[s.at("replicas")], s.line)
		r.fault(line, s.at("replicas"), "must be at least %d with %d addresses, so that of two primaries only one is believed", least, len(c.Addresses))
	}
	if on, e := s.boolean("tls"); e.value != nil {
		c.TLS = on
	}
	if c.CAFile = s.authority(); c.CAFile != "" && !c.TLS {
		r.fault(r.lines[s.at("ca_file")], s.at("ca_file"), "is of no use without tls: true")
	}
	if name, _ := s.text("", "username"); name != "" {
		c.Username = name
	}
	c.Password, _ = s.secretOf(s.anySecret, "password")
	c.Prefix = s.matching("prefix", defaultRedisPrefix, redisPrefix, "letters, digits and colons")
	c.MinVersion = s.matching("min_version", defaultRedisVersion, redisVersion, "a version such as 7.2.11")
	if !c.TLS && slices.ContainsFunc(c.Addresses, remote) {
		r.fault(s.line, s.at("tls"), "is off, and a server is on another machine; set tls: true")
	}
	return c
}

// redisURL takes redis://host:port, or rediss:// for TLS: a single server in
// one word.
func (s *section) redisURL(c *Redis) bool {
	got, e := s.text("", "url")
	if e.value == nil {
		return false
	}
	u, err := url.Parse(got)
	switch {
	case err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		s.r.fault(e.line, s.at("url"), "is not the address of a Redis server; write redis://host:port, or rediss:// for TLS")
		return true
	case u.User != nil:
		if _, has := u.User.Password(); has {
			s.r.fault(e.line, s.at("url"), "has a password in it; put that into a file of mode 0600 and name it as password_file")
			return true
		}
		c.Username = u.User.Username()
	}
	c.Addresses = []string{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "6379"))}
	c.TLS = u.Scheme == "rediss"
	return true
}

func (s *section) redisAddresses() []string {
	var out []string
	_, ok := s.texts("addresses", func(path string, line int, text string) {
		host, port, err := net.SplitHostPort(text)
		switch {
		case strings.HasPrefix(text, "/"):
		case err != nil || host == "" || port == "" || strings.ContainsAny(text, "/@ "):
			s.r.fault(line, path, "%s is not an address; write host:port, or the path of a socket", quote(text))
			return
		}
		if slices.Contains(out, text) {
			s.r.fault(line, path, "is in the list twice; delete one")
			return
		}
		out = append(out, text)
	})
	if !ok || len(out) == 0 {
		s.missing("addresses", "list host:port of the server, and of the replicas that may take its place")
	}
	return out
}

// remote reports whether an address is on another machine.
func remote(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !loopbackHost(host)
}

// anySecret takes a secret of any form.
func (s *section) anySecret(text string, e entry) secret.Secret {
	if text == "" || strings.ContainsFunc(text, unicode.IsControl) {
		s.r.fault(e.line, s.at(e.key), "the secret is empty or has control characters in it")
		return secret.Secret{}
	}
	return secret.New(text)
}

func (r *Redis) redacted() yaml.MapSlice {
	m := yaml.MapSlice{{Key: "addresses", Value: list(r.Addresses)}, {Key: "replicas", Value: r.Replicas}, {Key: "tls", Value: r.TLS}}
	m = addText(m, "ca_file", r.CAFile)
	m = addText(m, "username", r.Username)
	if !r.Password.IsZero() {
		m = append(m, yaml.MapItem{Key: "password", Value: mark(r.Password)})
	}
	return append(m, yaml.MapItem{Key: "prefix", Value: r.Prefix}, yaml.MapItem{Key: "min_version", Value: r.MinVersion})
}
