package checkup_test

import (
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/secret"
	"mfaserver/internal/secret/secrettest"
)

// Threat T168: neither the configuration of a checkup nor what it finds shows a
// secret, with a proxy that has a password and whatever fails.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	const canary = "proxy-canary-1"
	for name, proxy := range map[string]string{
		"none":              "",
		"nobody there":      "http://user:" + canary + "@127.0.0.1:1",
		"no URL":            "http://user:" + canary + "@pro xy",
		"not of this world": "socks5://user:" + canary + "@127.0.0.1:1",
	} {
		b := start(t, duotest.Config{})
		b.settings.Duo.HTTPProxy = secret.New(proxy)
		b.settings.Duo.Auth.SecretKey = b.settings.Duo.Admin.SecretKey
		report := b.run(t)
		if report.OK() {
			t.Errorf("%s: all is well, want faults to be told of", name)
		}
		secrettest.Hides(t, report, canary)
		secrettest.Table{
			Secrets: b.secrets,
			Values: []any{
				report, &report, report.Findings[0],
				checkup.Config{Settings: b.settings},
				checkup.GatewayConfig{PublicURLs: b.settings.PublicURLs},
				checkup.Exemption{},
			},
		}.Check(t)
	}
}
