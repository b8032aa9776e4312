package config_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/config"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	one := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}
	for _, tt := range []struct {
		name, text string
		want       config.Metrics
	}{
		{"none", "", config.Metrics{}},
		{"this machine", `metrics: {listen: "127.0.0.1:9464"}`, config.Metrics{Listen: "127.0.0.1:9464", Networks: loopback}},
		{"localhost", `metrics: {listen: "localhost:9464", tls: true}`, config.Metrics{Listen: "localhost:9464", Networks: loopback, TLS: true}},
		{
			"elsewhere", `metrics: {listen: "10.0.0.5:9464", networks: [10.1.2.3], tls: true}`,
			config.Metrics{Listen: "10.0.0.5:9464", Networks: one, TLS: true},
		},
		{"in the open", `metrics: {listen: ":9464", networks: [10.1.2.3], allow_http: true}`, config.Metrics{Listen: ":9464", Networks: one}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := parse(t, goodGateway("primary: {local: {}}\n"+tt.text+"\n"))
			again := parse(t, strings.ReplaceAll(c.Redacted(), "[REDACTED]", clientSecret))
			for _, got := range []config.Metrics{c.Metrics, again.Metrics} {
				if got.Listen != tt.want.Listen || got.TLS != tt.want.TLS || printed(got.Networks) != printed(tt.want.Networks) {
					t.Errorf("metrics %+v, want %+v", got, tt.want)
				}
			}
		})
	}
	if c := parse(t, goodGateway("primary: {local: {}}\ndrain_delay: 7s\n")); c.DrainDelay != 7*time.Second {
		t.Errorf("drain_delay = %v, want 7s", c.DrainDelay)
	}
}

func printed(networks []netip.Prefix) string {
	var out strings.Builder
	for _, n := range networks {
		out.WriteString(n.String() + " ")
	}
	return out.String()
}

func TestMetricsFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"nowhere", "metrics: {tls: true}", "metrics.listen: missing"},
		{"no address", `metrics: {listen: "9464"}`, "metrics.listen: \"9464\" is not an address"},
		{"everybody", `metrics: {listen: ":9464"}`, "metrics.listen: can be reached from other machines; list in metrics.networks"},
		{"in the open", `metrics: {listen: "10.0.0.5:9464", networks: [10.1.2.3]}`, "write tls: true, or allow_http: true"},
		{"both", `metrics: {listen: ":9464", networks: [10.1.2.3], tls: true, allow_http: true}`, "metrics.allow_http: contradicts tls"},
		{"needless", `metrics: {listen: "[::1]:9464", allow_http: true}`, "metrics.allow_http: is of no use"},
		{"the internet", `metrics: {listen: ":9464", networks: ["0.0.0.0/0"], tls: true}`, "the figures would be shown to everybody"},
		{"unknown key", `metrics: {listen: "127.0.0.1:9464", network: [10.1.2.3]}`, "did you mean networks?"},
		{"long drain", "drain_delay: 2m", "drain_delay: must lie between"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(goodGateway("primary: {local: {}}\n"+tt.text+"\n")), "c.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse() = %v, want %q", err, tt.want)
			}
		})
	}
}
