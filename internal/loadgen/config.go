package loadgen

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

// ErrConfig is matched by every error of [New].
var ErrConfig = errors.New("loadgen: cannot be used")

// Bounds of a run.
const (
	// MaxClients is how many logins can be under way at a time.
	MaxClients = 4096
	// MaxDuration is how long a run can last.
	MaxDuration = 24 * time.Hour
	// MaxRate is the highest rate, in logins a second.
	MaxRate = 100_000
)

// User is somebody who logs in.
type User struct {
	Name     string
	Password secret.Secret
}

// Config says who logs in where, how often and for how long.
type Config struct {
	// Server is https://host[:port], one of the server's public URLs.
	Server string
	// CA signed the certificates of the server and of the simulator; nil means
	// the system's roots.
	CA *x509.CertPool
	// Users log in in turns; at least one. More than one login of a user may be
	// under way at a time.
	Users []User
	// Clients is how many logins are under way at most; 0 means 1.
	Clients int
	// Rate is how many logins begin in a second; 0 means as many as the
	// clients manage. When all clients are busy, a login begins late, and the
	// time that it waited counts.
	Rate float64
	// Duration is how long logins begin; 0 means until Logins is reached.
	Duration time.Duration
	// Logins is how many begin at most; 0 means as many as Duration allows.
	Logins int
	// KeepSessions leaves the logout out.
	KeepSessions bool
	// UserAgent is what the clients call themselves.
	UserAgent string
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// check brings c into its one form.
func (c *Config) check() error {
	var errs []error
	server, err := mirth.NormalizeServerURL(c.Server)
	if err != nil {
		errs = append(errs, errors.New("the server's URL: write https://host or https://host:port"))
	}
	c.Server = server
	if c.Clients == 0 {
		c.Clients = 1
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	for _, rule := range []struct {
		broken bool
		text   string
	}{
		{len(c.Users) == 0, "nobody logs in"},
		{c.Clients < 1 || c.Clients > MaxClients, fmt.Sprintf("clients: 1 to %d", MaxClients)},
		{math.IsNaN(c.Rate) || c.Rate < 0 || c.Rate > MaxRate, fmt.Sprintf("rate: 0 to %d logins a second", MaxRate)},
		{c.Duration < 0 || c.Duration > MaxDuration, fmt.Sprintf("duration: up to %v", MaxDuration)},
		{c.Logins < 0, "logins: 0 or more"},
		{c.Duration == 0 && c.Logins == 0, "neither a duration nor a number of logins"},
	} {
		if rule.broken {
			errs = append(errs, errors.New(rule.text))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return nil
}
