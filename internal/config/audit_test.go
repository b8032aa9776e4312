package config_test

import (
	"strings"
	"testing"
	"time"

	"mfaserver/internal/alert"
	"mfaserver/internal/config"
)

func TestAuditAndAlerts(t *testing.T) {
	t.Parallel()
	c := parse(t, goodGateway(`
primary: {local: {}}
audit:
  syslog: {url: "tls://siem.example.org:6514", facility: 13}
  webhook: {url: "https://siem.example.org/in", secret: abc}
alerts:
  webhook: {url: "http://127.0.0.1:9000/alerts", secret: def}
  rules_off: [unfinished, after_hours]
  hours: {from: "07:30", to: "24:00", zone: UTC, weekends: true}
`))
	if s := c.Audit.Syslog; s == nil || s.URL != "tls://siem.example.org:6514" || s.Facility != 13 {
		t.Errorf("syslog %+v", s)
	}
	if w := c.Audit.Webhook; w == nil || w.URL != "https://siem.example.org/in" || w.Secret.Reveal() != "abc" {
		t.Errorf("webhook %+v", w)
	}
	a := c.Alerts
	if a.Webhook == nil || a.Webhook.Secret.Reveal() != "def" || len(a.Off) != 2 || a.Off[1] != alert.AfterHours {
		t.Errorf("alerts %+v", a)
	}
	if a.Hours.From != 7*time.Hour+30*time.Minute || a.Hours.To != 24*time.Hour || !a.Hours.Weekends || a.Hours.Location != time.UTC {
		t.Errorf("hours %+v", a.Hours)
	}
	if none := parse(t, goodGateway("primary: {local: {}}\n")); none.Audit != (config.Audit{}) || !none.Alerts.Hours.IsZero() || none.Alerts.Webhook != nil {
		t.Errorf("without settings: %+v %+v", none.Audit, none.Alerts)
	}
}

func TestAuditFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"no syslog address", "audit: {syslog: {facility: 10}}", "audit.syslog.url: missing"},
		{"web address", "audit: {syslog: {url: \"https://siem:1\"}}", "is not the address of a syslog server"},
		{"no port", "audit: {syslog: {url: \"tls://siem\"}}", "is not the address of a syslog server"},
		{"facility", "audit: {syslog: {url: \"tcp://siem:1\", facility: 24}}", "audit.syslog.facility"},
		{"plain webhook", "audit: {webhook: {url: \"http://siem.example.org\", secret: a}}", "write an https URL"},
		{"unsigned webhook", "alerts: {webhook: {url: \"https://siem.example.org\"}}", "alerts.webhook.secret_file: missing"},
		{"unknown rule", "alerts: {rules_off: [fatige]}", "is no rule"},
		{"hours the wrong way", "alerts: {hours: {from: \"19:00\", to: \"07:00\"}}", "must begin before they end"},
		{"no time", "alerts: {hours: {from: \"seven\", to: \"19:00\"}}", "alerts.hours.from: is not a time of the day"},
		{"unknown zone", "alerts: {hours: {from: \"07:00\", to: \"19:00\", zone: Mars/Olympus}}", "not a time zone"},
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
