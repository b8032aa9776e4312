package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/secret"
)

// Redacted returns the settings in force, defaults included, as YAML in the
// shape of the file, without a secret. Put the secrets back and it reads as
// the same configuration.
func (c *Config) Redacted() string {
	m := yaml.MapSlice{
		{Key: "listen", Value: c.Listen},
		{Key: "public_urls", Value: c.PublicURLs},
		{Key: "allow_loopback_redirect", Value: c.AllowLoopbackRedirect},
		{Key: "trusted_proxies", Value: printPrefixes(c.TrustedProxies)},
		{Key: "connections", Value: yaml.MapSlice{{Key: "per_source", Value: c.Connections.PerSource}, {Key: "total", Value: c.Connections.Total}}},
	}
	if c.TLS != (TLS{}) {
		m = append(m, yaml.MapItem{Key: "tls", Value: yaml.MapSlice{
			{Key: "cert_file", Value: c.TLS.CertFile}, {Key: "key_file", Value: c.TLS.KeyFile},
		}})
	}
	m = append(m,
		yaml.MapItem{Key: "data_dir", Value: c.DataDir},
		yaml.MapItem{Key: "keys_dir", Value: c.KeysDir},
		yaml.MapItem{Key: "server_version", Value: c.ServerVersion})
	m = addText(m, "client_plugin_class", c.ClientPluginClass)
	if c.Store.Redis != nil {
		m = append(m, yaml.MapItem{Key: "store", Value: yaml.MapSlice{{Key: "redis", Value: c.Store.Redis.redacted()}}})
	}
	m = append(m, yaml.MapSlice{
		{Key: "primary", Value: c.Primary.printed()},
		{Key: "administrators", Value: list(c.Administrators)},
		{Key: "duo", Value: c.Duo.redacted()},
		{Key: "organizations", Value: printOrganizations(c.Organizations)},
		{Key: "helpdesk", Value: c.HelpDesk.printed()},
	}...)
	if c.Primary.Upstream != nil {
		m = append(m, yaml.MapItem{Key: "gateway", Value: c.Gateway.printed()})
	}
	m = append(m, yaml.MapSlice{
		{Key: "groups", Value: c.Groups},
		{Key: "rules", Value: printRules(c.Rules)},
		{Key: "exemptions", Value: printExemptions(c.Exemptions)},
		{Key: "read_only", Value: addList(addList(yaml.MapSlice{}, "users", c.ReadOnly.Users), "groups", c.ReadOnly.Groups)},
	}...)
	if len(c.StepUp.Operations) > 0 {
		m = append(m, yaml.MapItem{Key: "step_up", Value: printStepUp(c.StepUp)})
	}
	m = append(m, yaml.MapSlice{
		{Key: "tokens", Value: yaml.MapSlice{{Key: "max_life", Value: duration(c.Tokens.MaxLife)}}},
		{Key: "login", Value: c.Login.printed()},
		{Key: "session", Value: c.Session.printed()},
		{Key: "enrolment", Value: c.Enrolment.printed()},
		{Key: "admin", Value: yaml.MapSlice{{Key: "networks", Value: printPrefixes(c.Admin.Networks)}}},
		{Key: "audit", Value: c.Audit.redacted()},
		{Key: "alerts", Value: c.Alerts.redacted()},
	}...)
	if c.Metrics.Listen != "" {
		m = append(m, yaml.MapItem{Key: "metrics", Value: c.Metrics.printed()})
	}
	m = append(m, yaml.MapSlice{
		{Key: "drain_delay", Value: duration(c.DrainDelay)},
		{Key: "log", Value: yaml.MapSlice{
			{Key: "level", Value: strings.ToLower(c.Log.Level.String())}, {Key: "format", Value: c.Log.Format},
		}},
		{Key: "limits_factor", Value: c.LimitsFactor},
	}...)
	out, err := yaml.MarshalWithOptions(m, yaml.IndentSequence(true))
	if err != nil {
		return "# the configuration cannot be printed\n"
	}
	return string(out)
}

func (s Session) printed() yaml.MapSlice {
	m := yaml.MapSlice{
		{Key: "idle", Value: duration(s.Idle)},
		{Key: "absolute", Value: duration(s.Absolute)},
		{Key: "per_user", Value: s.PerUser},
		{Key: "passive", Value: list(s.Passive)},
		{Key: "on_address_change", Value: s.OnAddressChange},
	}
	if s.DuoCheck > 0 {
		m = append(m, yaml.MapItem{Key: "duo_check", Value: duration(s.DuoCheck)})
	}
	return m
}

func (p Primary) printed() yaml.MapSlice {
	if p.Upstream != nil {
		return yaml.MapSlice{{Key: "upstream", Value: p.Upstream.printed()}}
	}
	return yaml.MapSlice{{Key: "local", Value: yaml.MapSlice{}}}
}

func (d Duo) redacted() yaml.MapSlice {
	m := d.Universal.redacted()
	for _, a := range []namedAPI{{"auth", d.Auth}, {"admin", d.Admin}, {"accounts", d.Accounts}} {
		m = append(m, a.redacted()...)
	}
	m = addText(m, "directory_key", d.DirectoryKey)
	if d.Username.used() {
		m = append(m, yaml.MapItem{Key: "username", Value: d.Username.printed()})
	}
	m = append(m, yaml.MapItem{Key: "failmode", Value: string(d.Failmode)})
	if d.IAcceptSingleFactor {
		m = append(m, yaml.MapItem{Key: "i_accept_single_factor", Value: true})
	}
	m = append(m, yaml.MapItem{Key: "simulator", Value: d.Simulator}, yaml.MapItem{Key: "ca", Value: d.CA})
	m = addText(m, "http_proxy", redactURL(d.HTTPProxy.Reveal()))
	return append(m,
		yaml.MapItem{Key: "allow_reasons", Value: list(d.AllowReasons)},
		yaml.MapItem{Key: "deny_factors", Value: list(d.DenyFactors)})
}

func (u Universal) redacted() yaml.MapSlice {
	m := yaml.MapSlice{
		{Key: "client_id", Value: u.ClientID},
		{Key: "client_secret", Value: mark(u.ClientSecret)},
	}
	if !u.PreviousSecret.IsZero() {
		m = append(m, yaml.MapItem{Key: "client_secret_previous", Value: mark(u.PreviousSecret)})
	}
	return yaml.MapSlice{{Key: "universal", Value: append(m, yaml.MapItem{Key: "api_hostname", Value: u.APIHostname})}}
}

// namedAPI is an application with its place in the file.
type namedAPI struct {
	key string
	API
}

// redacted is empty when there is no such application.
func (a namedAPI) redacted() yaml.MapSlice {
	if !a.Configured() {
		return nil
	}
	return yaml.MapSlice{{Key: a.key, Value: yaml.MapSlice{
		{Key: "integration_key", Value: a.IntegrationKey},
		{Key: "secret_key", Value: mark(a.SecretKey)},
		{Key: "api_hostname", Value: a.APIHostname},
	}}}
}

func (l Login) printed() yaml.MapSlice {
	return yaml.MapSlice{
		{Key: "lifetime", Value: duration(l.Lifetime)},
		{Key: "enrol_lifetime", Value: duration(l.EnrolLifetime)},
		{Key: "per_client", Value: l.PerClient},
		{Key: "per_user", Value: l.PerUser},
		{Key: "reserved", Value: l.Reserved},
		{Key: "total", Value: l.Total},
		{Key: "relay_policy", Value: l.RelayPolicy},
		{Key: "max_failures", Value: l.MaxFailures},
		{Key: "failure_window", Value: duration(l.FailureWindow)},
	}
}

func (e Enrolment) printed() yaml.MapSlice {
	rules := make([]yaml.MapSlice, 0, len(e.Inline))
	for _, r := range e.Inline {
		rules = append(rules, yaml.MapSlice{
			{Key: "group", Value: r.Group}, {Key: "until", Value: r.Until.Format(time.RFC3339)},
		})
	}
	return addText(yaml.MapSlice{{Key: "inline", Value: rules}, {Key: "self_service", Value: !e.NoSelfService}}, "contact", e.Contact)
}

func addText(m yaml.MapSlice, key, text string) yaml.MapSlice {
	if text == "" {
		return m
	}
	return append(m, yaml.MapItem{Key: key, Value: text})
}

// mark stands for a secret.
func mark(s secret.Secret) string { return fmt.Sprint(s) }

// redactURL hides the user name and password of a URL.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return mark(secret.Secret{})
	}
	if u.User != nil {
		u.User = url.User("REDACTED")
	}
	return u.String()
}

func printPrefixes(prefixes []netip.Prefix) []string {
	out := make([]string, 0, len(prefixes))
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}

// list prints an absent list as an empty one.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// duration is printed without trailing zero parts.
func duration(d time.Duration) string {
	text := d.String()
	text, _ = strings.CutSuffix(text, "m0s")
	if len(text) < len(d.String()) {
		text += "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		return short + "h"
	}
	return text
}
