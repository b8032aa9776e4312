package config_test

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/config"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
)

func TestEverySetting(t *testing.T) {
	t.Parallel()
	const data = `
listen: 127.0.0.1:0
public_urls: ["HTTPS://Mirth.Example.org:443/", "https://[::1]:8443"]
allow_loopback_redirect: true
trusted_proxies: [10.0.0.0/8, "2001:db8::1"]
connections: {total: 100, per_source: 50}
data_dir: state
keys_dir: secrets
store: {redis: {addresses: ["redis-1:6379", "redis-2:6379", /run/redis.sock], replicas: 1, tls: true, username: mfa, password: ` + clientSecret + `, prefix: "clinic:", min_version: 7.2.11}}
server_version: "4.5"
client_plugin_class: com.example.Plugin
primary:
  local:
administrators: [alice, "bob smith"]
duo:
  universal: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: ` + clientSecret + `, host: api-12345678.duofederal.com}
  accounts: {integration_key: DIYYYYYYYYYYYYYYYYYY, secret_key: ` + clientSecret + `, api_hostname: api-12345678.duofederal.com}
  duo_admin_api_directory_key: DSXXXXXXXXXXXXXXXXXX
  failmode: safe
  i_accept_single_factor: true
  ca: system
  http_proxy: http://proxy.example.org:3128
  allow_reasons: [trusted_network]
  deny_factors: [sms_passcode]
organizations:
  - {name: clinic-a, account_id: DA0000000000000000AA, host: api-0000000a.duofederal.com, duo_admin_api_directory_key: DS0000000000000000AA, defaults: {bypass_life: 30m}}
  - name: clinic_b.2
    admin: {ikey: DIZZZZZZZZZZZZZZZZZZ, skey: ` + clientSecret + `, host: api-0000000b.duofederal.com}
    auth: {integration_key: DIAAAAAAAAAAAAAAAAAA, secret_key: ` + clientSecret + `, api_hostname: api-0000000b.duofederal.com}
    universal: {client_id: DIBBBBBBBBBBBBBBBBBB, client_secret: ` + clientSecret + `, api_hostname: api-0000000b.duofederal.com}
helpdesk: {bypass_life: 2h, activation_life: 12h, bypass_codes: 2, bypass_per_day: 20}
login: {lifetime: 1m, enrol_lifetime: 90s, per_client: 1, per_user: 2, reserved: 0, total: 3, relay_policy: off, max_failures: 4, failure_window: 1h}
session: {idle: 1m30s, absolute: 24h, per_user: 1, passive: [/channels/statuses], on_address_change: confirm}
groups: {radiology: ["bob smith"]}
rules: [{name: radiology at home, groups: [radiology], networks: [10.0.0.0/8], allow: [code]}]
tokens: {max_life: 90d}
enrolment: {inline: [{group: "*", until: 2030-12-31}, {group: a, until: 2030-06-01T12:00:00+02:00}], self_service: false, contact: "ask: us"}
admin: {networks: []}
log: {level: debug, format: json}
limits_factor: 100
`
	got, err := config.Parse([]byte(data), "conf/c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Listen: "127.0.0.1:0", PublicURLs: []string{"https://mirth.example.org", "https://[::1]:8443"}, AllowLoopbackRedirect: true,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
		Connections:    config.Connections{PerSource: 50, Total: 100},
		DataDir:        "conf/state", KeysDir: "conf/secrets", ServerVersion: "4.5",
		Store: config.Store{Redis: &config.Redis{
			Addresses: []string{"redis-1:6379", "redis-2:6379", "/run/redis.sock"}, Replicas: 1, TLS: true, Username: "mfa",
			Password: secret.New(clientSecret), Prefix: "clinic:", MinVersion: "7.2.11",
		}}, ClientPluginClass: "com.example.Plugin",
		Primary: config.Primary{Local: &config.Local{}}, Administrators: []string{"alice", "bob smith"},
		Duo: config.Duo{
			Universal: config.Universal{
				ClientID: "DIXXXXXXXXXXXXXXXXXX", ClientSecret: secret.New(clientSecret),
				APIHostname: "api-12345678.duofederal.com",
			},
			Accounts: config.API{
				IntegrationKey: "DIYYYYYYYYYYYYYYYYYY", SecretKey: secret.New(clientSecret),
				APIHostname: "api-12345678.duofederal.com",
			},
			DirectoryKey: "DSXXXXXXXXXXXXXXXXXX",
			Failmode:     config.FailmodeSafe, IAcceptSingleFactor: true, CA: config.CASystem,
			HTTPProxy: secret.New("http://proxy.example.org:3128"), AllowReasons: []string{"trusted_network"},
			DenyFactors: []string{"sms_passcode"},
		},
		Organizations: []config.Organization{
			{
				Name: "clinic-a", AccountID: "DA0000000000000000AA", APIHostname: "api-0000000a.duofederal.com",
				DirectoryKey: "DS0000000000000000AA",
				Defaults:     config.OrganizationDefaults{BypassLife: 30 * time.Minute, ActivationLife: 12 * time.Hour},
			},
			{
				Name: "clinic_b.2",
				Universal: config.Universal{
					ClientID: "DIBBBBBBBBBBBBBBBBBB", ClientSecret: secret.New(clientSecret),
					APIHostname: "api-0000000b.duofederal.com",
				},
				Auth: config.API{
					IntegrationKey: "DIAAAAAAAAAAAAAAAAAA", SecretKey: secret.New(clientSecret),
					APIHostname: "api-0000000b.duofederal.com",
				},
				Admin: config.API{
					IntegrationKey: "DIZZZZZZZZZZZZZZZZZZ", SecretKey: secret.New(clientSecret),
					APIHostname: "api-0000000b.duofederal.com",
				},
				Defaults: config.OrganizationDefaults{BypassLife: 2 * time.Hour, ActivationLife: 12 * time.Hour},
			},
		},
		HelpDesk: config.HelpDesk{
			OrganizationDefaults: config.OrganizationDefaults{BypassLife: 2 * time.Hour, ActivationLife: 12 * time.Hour},
			BypassCodes:          2, BypassPerDay: 20, BypassStatusLife: 8 * time.Hour,
		},
		Login: config.Login{
			Lifetime: time.Minute, EnrolLifetime: 90 * time.Second, PerClient: 1, PerUser: 2, Total: 3,
			RelayPolicy: "off", MaxFailures: 4, FailureWindow: time.Hour,
		},
		Gateway: config.Gateway{MaxRequest: 256 << 20, Idle: time.Minute},
		Groups:  map[string][]string{"radiology": {"bob smith"}},
		Rules: []rules.Rule{{
			Name: "radiology at home", Groups: []string{"radiology"}, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Allow: []rules.Mode{rules.Code},
		}},
		Tokens: config.Tokens{MaxLife: 90 * 24 * time.Hour},
		Session: config.Session{
			Idle: 90 * time.Second, Absolute: 24 * time.Hour, PerUser: 1, Passive: []string{"/channels/statuses"}, OnAddressChange: "confirm",
		},
		Enrolment: config.Enrolment{
			NoSelfService: true,
			Inline: []config.InlineRule{
				{Group: "*", Until: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)},
				{Group: "a", Until: time.Date(2030, 6, 1, 10, 0, 0, 0, time.UTC)},
			},
			Contact: "ask: us",
		},
		Admin: config.Admin{Networks: []netip.Prefix{}},
		Log:   config.Log{Level: slog.LevelDebug, Format: "json"}, LimitsFactor: 100,
	}
	if diff := cmp.Diff(want, got, sameConfig); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// Printed, with the secrets put back, it is the same configuration.
	printed := strings.ReplaceAll(got.Redacted(), "[REDACTED]", clientSecret)
	again, err := config.Parse([]byte(printed), "/elsewhere.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	again.DataDir, again.KeysDir = strings.TrimPrefix(again.DataDir, "/"), strings.TrimPrefix(again.KeysDir, "/")
	if diff := cmp.Diff(want, again, sameConfig, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("printed, -want +got:\n%s", diff)
	}
}
