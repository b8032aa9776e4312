package config

import (
	"crypto/x509"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"mfaserver/internal/alert"
	"mfaserver/internal/secret"
)

// Audit says where else the audit trail is kept.
type Audit struct {
	// Syslog and Webhook are nil where there is none.
	Syslog  *Syslog
	Webhook *Webhook
}

// Syslog is a syslog server (RFC 5424).
type Syslog struct {
	// URL is tls://, tcp:// or udp://host:port. CAFile holds the authority of
	// the server, empty: the system's.
	URL, CAFile string
	// Facility is 0 to 23.
	Facility int
}

// Webhook takes signed deliveries.
type Webhook struct {
	// URL is https, or http to this machine.
	URL    string
	Secret secret.Secret
	CAFile string
}

// Alerts says what is looked for in the audit trail, and who is told.
type Alerts struct {
	Webhook *Webhook
	// Off are rules that are not wanted.
	Off []alert.Rule
	// Hours are those of administrators; zero: not looked at.
	Hours alert.Hours
}

// defaultFacility is authpriv.
const defaultFacility = 10

func (r *reader) audit(s *section) Audit {
	defer s.done()
	return Audit{Syslog: r.syslog(s.sub("syslog")), Webhook: r.webhook(s.sub("webhook"))}
}

func (r *reader) syslog(s *section) *Syslog {
	defer s.done()
	if !s.set {
		return nil
	}
	c := &Syslog{CAFile: s.authority()}
	got, e := s.text("", "url")
	if e.value == nil {
		s.missing("url", "write the server's address, such as tls://siem.example.org:6514")
	}
	u, err := url.Parse(got)
	if got != "" && (err != nil || !slices.Contains([]string{"tls", "tcp", "udp"}, u.Scheme) || u.Hostname() == "" || u.Port() == "" ||
		u.Path != "" || u.RawQuery != "" || u.User != nil) {
		s.r.fault(e.line, s.at("url"), "%s is not the address of a syslog server; write tls://host:port, or tcp:// or udp://", quote(got))
	}
	if c.CAFile != "" && err == nil && u.Scheme != "tls" {
		s.r.fault(r.lines[s.at("ca_file")], s.at("ca_file"), "is of no use without tls://")
	}
	c.URL = got
	c.Facility, _ = s.integer("facility", defaultFacility, 0, 23)
	return c
}

func (r *reader) webhook(s *section) *Webhook {
	defer s.done()
	if !s.set {
		return nil
	}
	c := &Webhook{CAFile: s.authority()}
	got, e := s.text("", "url")
	if e.value == nil {
		s.missing("url", "write where to post, such as https://siem.example.org/in")
	}
	u, err := url.Parse(got)
	if got != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname()))) {
		s.r.fault(e.line, s.at("url"), "%s is not where a webhook can be posted to; write an https URL", quote(got))
	}
	c.URL = got
	var given bool
	if c.Secret, given = s.secretOf(s.anySecret, "secret"); !given {
		s.missing("secret_file", "name a file of mode 0600 with the secret that deliveries are signed with")
	}
	return c
}

// authority takes a PEM file.
func (s *section) authority() string {
	path, e := s.file("ca_file")
	if path == "" {
		return ""
	}
	if text := checkFile(path, writableByOthers); text != "" {
		s.r.fault(e.line, s.at("ca_file"), "%s", text)
		return path
	}
	pem, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
		s.r.fault(e.line, s.at("ca_file"), "%s holds no certificate in PEM", quote(path))
	}
	return path
}

func (r *reader) alerts(s *section) Alerts {
	defer s.done()
	a := Alerts{Webhook: r.webhook(s.sub("webhook")), Hours: r.hours(s.sub("hours"))}
	_, _ = s.texts("rules_off", func(path string, line int, text string) {
		if !alert.Known(alert.Rule(text)) {
			r.fault(line, path, "%s is no rule; there are %v", quote(text), alert.Rules())
			return
		}
		a.Off = append(a.Off, alert.Rule(text))
	})
	return a
}

// hours takes the working hours of administrators.
func (r *reader) hours(s *section) alert.Hours {
	defer s.done()
	if !s.set {
		return alert.Hours{}
	}
	h := alert.Hours{From: s.timeOfDay("from"), To: s.timeOfDay("to")}
	if h.From >= h.To {
		r.fault(s.line, s.path, "must begin before they end, on the same day; write from: \"07:00\" and to: \"19:00\"")
	}
	h.Weekends, _ = s.boolean("weekends")
	zone, e := s.text("UTC", "zone")
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		r.fault(e.line, s.at("zone"), "%s is not a time zone that this system knows; write one such as Europe/Vienna", quote(zone))
		return h
	}
	h.Location = location
	return h
}

// timeOfDay takes a time such as "07:30"; 24:00 is the end of the day.
func (s *section) timeOfDay(key string) time.Duration {
	got, e := s.text("", key)
	if got == "24:00" {
		return 24 * time.Hour
	}
	t, err := time.Parse("15:04", got)
	if err != nil {
		line := s.line
		if e.value != nil {
			line = e.line
		}
		s.r.fault(line, s.at(key), "is not a time of the day; write it as \"07:30\", with the quotes")
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func (a Audit) redacted() yaml.MapSlice {
	var m yaml.MapSlice
	if s := a.Syslog; s != nil {
		m = append(m, yaml.MapItem{Key: "syslog", Value: addText(yaml.MapSlice{{Key: "url", Value: s.URL}, {Key: "facility", Value: s.Facility}}, "ca_file", s.CAFile)})
	}
	if a.Webhook != nil {
		m = append(m, yaml.MapItem{Key: "webhook", Value: a.Webhook.redacted()})
	}
	return m
}

func (w *Webhook) redacted() yaml.MapSlice {
	return addText(yaml.MapSlice{{Key: "url", Value: w.URL}, {Key: "secret", Value: mark(w.Secret)}}, "ca_file", w.CAFile)
}

func (a Alerts) redacted() yaml.MapSlice {
	var m yaml.MapSlice
	if a.Webhook != nil {
		m = append(m, yaml.MapItem{Key: "webhook", Value: a.Webhook.redacted()})
	}
	if len(a.Off) > 0 {
		m = append(m, yaml.MapItem{Key: "rules_off", Value: a.Off})
	}
	if h := a.Hours; !h.IsZero() {
		m = append(m, yaml.MapItem{Key: "hours", Value: yaml.MapSlice{
			{Key: "from", Value: clock(h.From)}, {Key: "to", Value: clock(h.To)}, {Key: "zone", Value: h.Location.String()}, {Key: "weekends", Value: h.Weekends},
		}})
	}
	return m
}

func clock(d time.Duration) string {
	if d == 24*time.Hour {
		return "24:00"
	}
	return time.Time{}.Add(d).Format("15:04")
}
