package duoclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"mfaserver/internal/secret"
)

const (
	clientIDLength     = 20
	clientSecretLength = 40
	defaultConcurrent  = 100
)

// UniversalConfig is a Duo application of type Web SDK, as Duo's admin panel
// prints it, and the way to it. It prints without the proxy's password.
type UniversalConfig struct {
	// ClientID is 20 letters and digits.
	ClientID string
	// ClientSecret is 40 letters and digits; its bytes are the key.
	ClientSecret secret.Secret
	// PreviousSecret is another secret of the application, with which prompts
	// were signed that are not over yet: only they may still be redeemed with
	// it (see [ExchangeRequest.Secret]). Zero: there is none.
	PreviousSecret secret.Secret
	// APIHost is api-XXXXXXXX.duosecurity.com or .duofederal.com, in lower
	// case, with no scheme, port or path.
	APIHost string
	// CA says who may vouch for APIHost; zero: Duo's roots.
	CA CA
	// Simulator lifts the rule on APIHost, allows host:port, and allows
	// private addresses. CA must then be given, so that a simulator can never
	// be put in Duo's place by the host name alone.
	Simulator bool
	// HTTPProxy is the outbound proxy, http://[user:password@]host:port; TLS
	// and the roots are the same through it. Empty: none. The environment is
	// not read.
	HTTPProxy secret.Secret
	// MaxConcurrent bounds the calls under way; 0 means 100. More wait two
	// seconds at most.
	MaxConcurrent int
}

var (
	duoHost       = regexp.MustCompile(`^api-[0-9a-z]{4,16}\.(duosecurity\.com|duofederal\.com)$`)
	simulatorHost = regexp.MustCompile(`^([0-9a-z]([0-9a-z.-]{0,250}[0-9a-z])?|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?$`)
	alphanumeric  = regexp.MustCompile(`^[0-9A-Za-z]+$`)
)

// validate reports all faults at once; none of them shows the secret.
func (c UniversalConfig) validate() error {
	var faults []error
	bad := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if len(c.ClientID) != clientIDLength || !alphanumeric.MatchString(c.ClientID) {
		bad("client ID must be %d letters and digits", clientIDLength)
	}
	if s := c.ClientSecret.Reveal(); len(s) != clientSecretLength || !alphanumeric.MatchString(s) {
		bad("client secret must be %d letters and digits, it has %d characters", clientSecretLength, len(s))
	}
	if s := c.PreviousSecret.Reveal(); s != "" && (len(s) != clientSecretLength || !alphanumeric.MatchString(s)) {
		bad("previous client secret must be %d letters and digits, it has %d characters", clientSecretLength, len(s))
	}
	return errors.Join(append(faults, checkWay(c.APIHost, c.CA, c.Simulator, c.HTTPProxy, c.MaxConcurrent)...)...)
}

// checkWay reports the faults of what leads to Duo.
func checkWay(host string, ca CA, simulator bool, proxy secret.Secret, concurrent int) []error {
	var faults []error
	bad := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	switch {
	case simulator && !simulatorHost.MatchString(host):
		bad("API host %q is not host or host:port", host)
	case simulator && ca.IsZero():
		bad("a simulator needs a CA of its own")
	case !simulator && !duoHost.MatchString(host):
		bad("API host %q is not of the form api-XXXXXXXX.duosecurity.com", host)
	}
	if _, err := parseProxy(proxy); err != nil {
		faults = append(faults, err)
	}
	if concurrent < 0 {
		bad("at most %d concurrent calls makes no sense", concurrent)
	}
	return faults
}

// proxyURL is nil when no proxy is configured. Its error never shows the URL,
// which may hold a password.
func (c UniversalConfig) proxyURL() (*url.URL, error) { return parseProxy(c.HTTPProxy) }

func parseProxy(proxy secret.Secret) (*url.URL, error) {
	if proxy.IsZero() {
		return nil, nil //nolint:nilnil // no proxy is no fault
	}
	u, err := url.Parse(proxy.Reveal())
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: HTTP proxy must be http://[user:password@]host:port", ErrConfig)
	}
	return u, nil
}

// printable is the configuration as it may be shown.
func (c UniversalConfig) printable() map[string]string {
	return map[string]string{
		"client_id":       c.ClientID,
		"client_secret":   c.ClientSecret.String(),
		"previous_secret": c.PreviousSecret.String(),
		"api_host":        c.APIHost,
		"simulator":       strconv.FormatBool(c.Simulator),
		"http_proxy":      printableProxy(c.HTTPProxy),
		"max_concurrent":  strconv.Itoa(c.MaxConcurrent),
	}
}

// printableProxy is the proxy without its user.
func printableProxy(proxy secret.Secret) string {
	u, err := parseProxy(proxy)
	switch {
	case err != nil:
		return "[REDACTED]"
	case u == nil:
		return ""
	default:
		return "http://" + u.Host
	}
}

// Format implements [fmt.Formatter]: every verb prints the configuration
// without its secrets.
func (c UniversalConfig) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%v", c.printable())
}

// LogValue implements [slog.LogValuer].
func (c UniversalConfig) LogValue() slog.Value { return slog.AnyValue(c.printable()) }

// MarshalJSON implements [json.Marshaler].
func (c UniversalConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.printable()) }
