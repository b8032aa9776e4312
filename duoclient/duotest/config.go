package duotest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Errors of configuration.
var (
	// ErrMode: no such [Mode].
	ErrMode = errors.New("duotest: unknown mode")
	// ErrConfig: a [Config] that makes no sense.
	ErrConfig = errors.New("duotest: configuration refused")
)

// Mode is who answers the prompt.
type Mode string

// The modes. The zero Mode is [Ask].
const (
	// Ask shows the prompt page to a person.
	Ask Mode = "ask"
	// Approve redirects to the application with a code at once.
	Approve Mode = "approve"
	// Deny redirects with error=access_denied at once.
	Deny Mode = "deny"
	// Timeout waits [Config.AutoTimeout] and redirects with
	// error=access_denied.
	Timeout Mode = "timeout"
)

// ParseMode reads a mode's name; anything else gives [ErrMode].
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Ask, Approve, Deny, Timeout:
		return m, nil
	default:
		return "", fmt.Errorf("%w: %q (ask, approve, deny or timeout)", ErrMode, s)
	}
}

// EnrollPolicy is what the prompt does with people who have no device
// (the integration's enroll_policy).
type EnrollPolicy string

// The policies. The zero EnrollPolicy is [PolicyEnroll].
const (
	// PolicyEnroll lets them add a phone: event_type enrollment.
	PolicyEnroll EnrollPolicy = "enroll"
	// PolicyAllow lets them pass: reason allow_unenrolled_user.
	PolicyAllow EnrollPolicy = "allow"
	// PolicyDeny refuses them.
	PolicyDeny EnrollPolicy = "deny"
)

// Config is what a simulator starts with. The zero Config is usable.
type Config struct {
	// Listen is a TCP address; "127.0.0.1:0" when empty.
	Listen string
	// Hosts are the names and IP addresses in the certificate; localhost,
	// 127.0.0.1 and ::1 when empty.
	Hosts []string
	// Now is the simulator's clock; time.Now when nil. TLS uses certificates
	// that are valid by this clock and by the machine's.
	Now func() time.Time
	// After waits, as time.After does, for [AutoTimeout] and for the slow
	// [Faults]; time.After when nil.
	After func(time.Duration) <-chan time.Time
	// Auto answers the prompt; [Ask] when empty. See [Server.SetAuto].
	Auto Mode
	// AutoTimeout is how long mode [Timeout] waits; 60 s when zero, as a Duo
	// Push does.
	AutoTimeout time.Duration
	// Credentials are the keys of the built-in integrations; empty ones are
	// made up.
	Credentials Credentials
	// CA signs the server's certificate; made up when nil.
	CA *CA
	// Logger hears what happened at the prompt, never keys or codes; silent
	// when nil.
	Logger *slog.Logger
	// Users exist from the start. Nil means one: test1 with one smartphone.
	// An empty slice means none.
	Users []User
	// Children are child accounts that exist from the start; see
	// [Server.AddAccount].
	Children []Child
	// Application is the name of the Universal Prompt integration on the
	// page and in auth_context; "Web SDK" when empty.
	Application string
	// EnrollPolicy is for people without a device; [PolicyEnroll] when empty.
	EnrollPolicy EnrollPolicy
	// VerifiedPush is how many digits a verified push has, 3 to 6. The
	// prompt page shows them, and callers of the Auth API that can do so get
	// an offer. 0: none.
	VerifiedPush int
	// RememberDays is for how long the prompt page offers to remember a
	// browser (trusted_device_days of the Universal Prompt integrations), at
	// most 60. 0: not at all.
	RememberDays int
	// LockoutThreshold failures in a row lock a user out; 10 when zero,
	// never when negative.
	LockoutThreshold int
}

func (c Config) withDefaults() (Config, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if len(c.Hosts) == 0 {
		c.Hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Auto == "" {
		c.Auto = Ask
	}
	if c.AutoTimeout == 0 {
		c.AutoTimeout = time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Users == nil {
		c.Users = []User{{Name: "test1", Phones: []Phone{Smartphone("+17345550100")}}}
	}
	if c.Application == "" {
		c.Application = "Web SDK"
	}
	if c.EnrollPolicy == "" {
		c.EnrollPolicy = PolicyEnroll
	}
	if c.LockoutThreshold == 0 {
		c.LockoutThreshold = 10
	}
	return c, c.validate()
}

func (c Config) validate() error {
	if _, err := ParseMode(string(c.Auto)); err != nil {
		return err
	}
	switch c.EnrollPolicy {
	case PolicyEnroll, PolicyAllow, PolicyDeny:
	default:
		return fmt.Errorf("%w: enroll policy %q", ErrConfig, c.EnrollPolicy)
	}
	if c.VerifiedPush != 0 && (c.VerifiedPush < 3 || c.VerifiedPush > 6) {
		return fmt.Errorf("%w: a verified push of %d digits", ErrConfig, c.VerifiedPush)
	}
	if c.RememberDays < 0 || c.RememberDays > maxTrustedDays {
		return fmt.Errorf("%w: browsers remembered for %d days", ErrConfig, c.RememberDays)
	}
	if c.AutoTimeout < 0 {
		return fmt.Errorf("%w: negative AutoTimeout", ErrConfig)
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("%w: listen address: %w", ErrConfig, err)
	}
	return nil
}
