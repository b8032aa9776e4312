package duoclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"

	"mfaserver/internal/secret"
)

// APIConfig is a Duo application of type Auth API, Admin API or Accounts API,
// as Duo's admin panel prints it, and the way to it. It prints without the
// secret key and the proxy's password.
type APIConfig struct {
	// IntegrationKey is 20 letters and digits.
	IntegrationKey string
	// SecretKey is 40 letters and digits; its bytes are the key.
	SecretKey secret.Secret
	// APIHost is api-XXXXXXXX.duosecurity.com or .duofederal.com, in lower
	// case, with no scheme, port or path. It is signed as it stands here.
	APIHost string
	// AccountID names the child account that an Admin API client speaks for
	// with the keys of an Accounts API application; APIHost is then the
	// child's. It is a signed parameter of every call. Empty: the keys' own
	// account.
	AccountID string
	// CA says who may vouch for APIHost; zero: Duo's roots.
	CA CA
	// Simulator lifts the rule on APIHost, allows host:port, and allows
	// private addresses. CA must then be given.
	Simulator bool
	// HTTPProxy is the outbound proxy, http://[user:password@]host:port.
	// Empty: none. The environment is not read.
	HTTPProxy secret.Secret
	// MaxConcurrent bounds the requests under way; 0 means 100. More wait two
	// seconds at most.
	MaxConcurrent int
	// Signature is the signature's version; zero: [SignatureV5].
	Signature SignatureVersion
}

// objectKey is the form of Duo's keys: users, phones, integrations, accounts.
var objectKey = regexp.MustCompile(`^[0-9A-Za-z]{20}$`)

func (c APIConfig) validate() error {
	var faults []error
	bad := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	if !objectKey.MatchString(c.IntegrationKey) {
		bad("integration key must be 20 letters and digits")
	}
	if s := c.SecretKey.Reveal(); len(s) != clientSecretLength || !alphanumeric.MatchString(s) {
		bad("secret key must be %d letters and digits, it has %d characters", clientSecretLength, len(s))
	}
	if c.AccountID != "" && !objectKey.MatchString(c.AccountID) {
		bad("account ID must be 20 letters and digits")
	}
	if c.Signature != 0 && c.Signature != SignatureV2 && c.Signature != SignatureV5 {
		bad("signature version must be 2 or 5, not %d", c.Signature)
	}
	return errors.Join(append(faults, checkWay(c.APIHost, c.CA, c.Simulator, c.HTTPProxy, c.MaxConcurrent)...)...)
}

func (c APIConfig) proxyURL() (*url.URL, error) { return parseProxy(c.HTTPProxy) }

// printable is the configuration as it may be shown.
func (c APIConfig) printable() map[string]string {
	return map[string]string{
		"integration_key": c.IntegrationKey,
		"secret_key":      c.SecretKey.String(),
		"api_host":        c.APIHost,
		"account_id":      c.AccountID,
		"simulator":       strconv.FormatBool(c.Simulator),
		"http_proxy":      printableProxy(c.HTTPProxy),
		"max_concurrent":  strconv.Itoa(c.MaxConcurrent),
		"signature":       strconv.Itoa(int(c.Signature)),
	}
}

// Format implements [fmt.Formatter]: every verb prints the configuration
// without its secrets.
func (c APIConfig) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "%v", c.printable()) }

// LogValue implements [slog.LogValuer].
func (c APIConfig) LogValue() slog.Value { return slog.AnyValue(c.printable()) }

// MarshalJSON implements [json.Marshaler].
func (c APIConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.printable()) }
