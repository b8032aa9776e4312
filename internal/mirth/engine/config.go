package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultTimeout is for a whole call; an engine hashes a password in a
	// third of a second.
	defaultTimeout = 10 * time.Second
	// defaultConcurrent logins keep two cores busy for three seconds.
	defaultConcurrent = 8
	// callsPerLogin is how many other calls may be under way for each login.
	callsPerLogin = 8
)

// Config says where the engine is and how to know it.
type Config struct {
	// URL is https://host[:port] without a path.
	URL string
	// CA signed the engine's certificate; nil means the system's roots.
	CA *x509.CertPool
	// PinSHA256 are SHA-256 fingerprints of certificates, in hexadecimal with
	// or without colons. The engine must show one of them; several make a
	// change of certificates possible. Without CA the fingerprint alone
	// decides, as it has to for the certificate that engines sign themselves;
	// with CA both must hold.
	PinSHA256 []string
	// Insecure takes any certificate. For demonstrations alone.
	Insecure bool
	// AllowHTTP permits an http URL, to a loopback address only.
	AllowHTTP bool
	// Timeout is for a whole call, 10 s when zero. Bodies that may be long
	// ([Client.OpenAPI], [Client.Get]) get a minute.
	Timeout time.Duration
	// MaxConcurrent is how many logins may be under way, 8 when zero; other
	// calls may be eight times as many. A call beyond that waits for its turn.
	MaxConcurrent int
}

// withDefaults checks c and reads its URL.
func (c Config) withDefaults() (Config, *url.URL, error) {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxConcurrent == 0 {
		c.MaxConcurrent = defaultConcurrent
	}
	if c.Timeout < 0 || c.MaxConcurrent < 0 {
		return c, nil, fmt.Errorf("%w: Timeout and MaxConcurrent must not be negative", ErrConfig)
	}
	if c.Insecure && (c.CA != nil || len(c.PinSHA256) > 0) {
		return c, nil, fmt.Errorf("%w: Insecure leaves nothing for CA and PinSHA256 to check", ErrConfig)
	}
	base, err := parseBase(c.URL)
	if err != nil {
		return c, nil, err
	}
	if base.Scheme == "http" {
		if !c.AllowHTTP {
			return c, nil, fmt.Errorf("%w: URL must begin with https://", ErrConfig)
		}
		if !loopbackName(base.Hostname()) {
			return c, nil, fmt.Errorf("%w: http is for a loopback address only", ErrConfig)
		}
	}
	return c, base, nil
}

// parseBase reads scheme, host and port; there must be nothing else.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: URL cannot be read", ErrConfig) // the text may hold a password
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: URL must begin with https://", ErrConfig)
	case u.User != nil:
		return nil, fmt.Errorf("%w: URL must not hold a user name", ErrConfig)
	case u.Hostname() == "" || strings.HasSuffix(u.Host, ":"):
		return nil, fmt.Errorf("%w: URL must name host and port", ErrConfig)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, fmt.Errorf("%w: URL must name a host in ASCII", ErrConfig)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, strings.Contains(text, "#"):
		return nil, fmt.Errorf("%w: URL must end after host and port", ErrConfig)
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("%w: URL has no such port", ErrConfig)
		}
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// loopbackName reports whether host may stand in an http URL. What a name
// stands for is checked once more when it is dialled.
func loopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// tlsConfig verifies the engine as configured.
func (c Config) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.CA}
	pins, err := parsePins(c.PinSHA256)
	if err != nil {
		return nil, err
	}
	if c.Insecure {
		config.InsecureSkipVerify = true // the caller asked for it, for a demonstration
		return config, nil
	}
	if len(pins) == 0 {
		return config, nil
	}
	if c.CA == nil {
		config.InsecureSkipVerify = true // the fingerprint decides, just below
	}
	// Unlike VerifyPeerCertificate this also runs when a session is resumed.
	config.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || !pins[sha256.Sum256(s.PeerCertificates[0].Raw)] {
			return errPin
		}
		return nil
	}
	return config, nil
}

func parsePins(texts []string) (map[[sha256.Size]byte]bool, error) {
	pins := make(map[[sha256.Size]byte]bool, len(texts))
	for _, t := range texts {
		raw, err := hex.DecodeString(strings.ReplaceAll(t, ":", ""))
		if err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("%w: a SHA-256 fingerprint has 64 hexadecimal digits", ErrConfig)
		}
		pins[[sha256.Size]byte(raw)] = true
	}
	return pins, nil
}
