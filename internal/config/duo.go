package config

import (
	"crypto/x509"
	"net/url"
	"os"
	"regexp"
	"strings"

	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

var (
	// duoHost is the only form of a Duo API host (threat T035).
	duoHost = regexp.MustCompile(`^api-[0-9a-z]{4,16}\.(duosecurity\.com|duofederal\.com)$`)
	duoWord = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)
)

// duo reads everything about Duo; c holds primary and administrators already.
func (r *reader) duo(s *section, c *Config) Duo {
	defer s.done()
	if !s.set {
		r.fault(s.line, s.path, "missing; name Duo's application under duo.universal")
	}
	var d Duo
	d.Simulator, _ = s.boolean("simulator")
	d.Universal = r.universal(s.sub("universal"), s.set && !s.broken, d.Simulator)
	d.Auth = r.api(s.sub("auth"), d.Simulator)
	d.Admin = r.api(s.sub("admin"), d.Simulator)
	d.Accounts = r.api(s.sub("accounts"), d.Simulator)
	d.DirectoryKey, _ = s.objectKey("directory_key", "duo_admin_api_directory_key")
	d.Username = r.duoUsername(s.sub("username"))
	d.CA = s.ca(d.Simulator)
	d.HTTPProxy = secret.New(s.httpProxy())
	d.AllowReasons = s.duoWords("allow_reasons")
	d.DenyFactors = s.duoWords("deny_factors")
	s.failmode(&d, c)
	return d
}

// failmode needs two switches to let anybody in without Duo (threat T097), and
// in front of an engine, which does not tell who administers, the list of those
// whom it never lets in.
func (s *section) failmode(d *Duo, c *Config) {
	mode, at := s.word("failmode", string(FailmodeSecure), string(FailmodeSecure), string(FailmodeSafe))
	d.Failmode = Failmode(mode)
	accept, e := s.boolean("i_accept_single_factor")
	d.IAcceptSingleFactor = accept
	switch {
	case d.Failmode == FailmodeSafe && !accept:
		s.r.fault(at.line, s.at("failmode"),
			"safe lets people in with the password alone when Duo is down; set i_accept_single_factor: true too, or failmode: secure")
	case d.Failmode == FailmodeSafe && c.Primary.Upstream != nil && len(c.Administrators) == 0:
		s.r.fault(at.line, s.at("failmode"),
			"safe is never for administrators, whom the engine does not tell; list them under administrators, or write failmode: secure")
	case d.Failmode == FailmodeSecure && accept:
		s.r.fault(e.line, s.at("i_accept_single_factor"), "contradicts failmode: secure; delete it")
	}
}

// universal reads the application of the prompt, which every login needs.
func (r *reader) universal(s *section, parent, simulator bool) Universal {
	defer s.done()
	if !s.set {
		if parent {
			r.fault(s.line, s.path, "missing; write client_id, client_secret_file and api_hostname as Duo's panel shows them")
		}
		return Universal{}
	}
	u := Universal{
		ClientID:     s.clientKey("client_id", "ikey"),
		ClientSecret: s.secret("client_secret", "skey"),
		APIHostname:  s.apiHostname(simulator),
	}
	if s.path == "duo.universal" {
		u.PreviousSecret = s.previousSecret(u.ClientSecret)
	}
	return u
}

// previousSecret is the other client secret while the two are exchanged (threat
// T040).
func (s *section) previousSecret(current secret.Secret) secret.Secret {
	other := func(text string, e entry) secret.Secret {
		got := s.checked(text, e)
		if !got.IsZero() && got.Reveal() == current.Reveal() {
			s.r.fault(e.line, s.at(e.key), "is the client secret itself; name the other one, or delete this")
		}
		return got
	}
	got, _ := s.secretOf(other, "client_secret_previous")
	return got
}

// api reads an optional application.
func (r *reader) api(s *section, simulator bool) API {
	defer s.done()
	if !s.set {
		return API{}
	}
	return API{
		IntegrationKey: s.clientKey("integration_key", "ikey"),
		SecretKey:      s.secret("secret_key", "skey"),
		APIHostname:    s.apiHostname(simulator),
	}
}

// clientKey takes a client ID or integration key: 20 characters (threat T103).
func (s *section) clientKey(names ...string) string {
	const length = 20
	got, e := s.text("", names...)
	switch {
	case e.value == nil:
		s.missing(names[0], "copy it from Duo's panel")
	case got != "" && (len(got) != length || !alphanumeric(got)):
		s.r.fault(e.line, s.at(e.key), "must be %d letters and digits; it has %d characters", length, len(got))
	}
	return got
}

func alphanumeric(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	})
}

// objectKey takes the key of a thing in a Duo account, which is optional.
func (s *section) objectKey(names ...string) (string, entry) {
	const length = 20
	got, e := s.text("", names...)
	if got != "" && (len(got) != length || !alphanumeric(got)) {
		s.r.fault(e.line, s.at(e.key), "must be %d letters and digits, as Duo's panel shows it; it has %d characters", length, len(got))
	}
	return got, e
}

// apiHostname takes a Duo host; a simulator's may be any host and port.
func (s *section) apiHostname(simulator bool) string {
	got, e := s.optionalHostname(simulator)
	if e.value == nil {
		s.missing("api_hostname", "copy it from Duo's panel")
	}
	return got
}

func (s *section) optionalHostname(simulator bool) (string, entry) {
	got, e := s.text("", "api_hostname", "host")
	switch {
	case got == "":
	case !simulator && !duoHost.MatchString(got):
		s.r.fault(e.line, s.at(e.key), "%s is not a Duo API host such as api-12345678.duosecurity.com", quote(got))
	case simulator && duoHost.MatchString(got):
		s.r.fault(e.line, s.at(e.key), "is Duo's own and contradicts duo.simulator: true; delete one of the two")
	case simulator:
		if u, err := mirth.NormalizeServerURL("https://" + got); err != nil || u != "https://"+got {
			s.r.fault(e.line, s.at(e.key), "%s is not the host of a simulator; write host or host:port in lower case", quote(got))
		}
	}
	return got, e
}

// ca takes "duo", "system" or a PEM file; a simulator has its own.
func (s *section) ca(simulator bool) string {
	got, e := s.text(CADuo, "ca")
	if got == CADuo || got == CASystem {
		if simulator {
			s.r.fault(max(e.line, s.line), s.at("ca"), "a simulator has its own; name its certificate file")
		}
		return got
	}
	path := s.r.resolve(got)
	if text := checkFile(path, writableByOthers); text != "" {
		s.r.fault(e.line, s.at("ca"), "%s (or write duo or system)", text)
		return path
	}
	pem, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
		s.r.fault(e.line, s.at("ca"), "%s holds no certificate in PEM", quote(path))
	}
	return path
}

// httpProxy takes the URL of a proxy. A password in it is a secret.
func (s *section) httpProxy() string {
	got, e := s.text("", "http_proxy")
	if got == "" {
		return ""
	}
	u, err := url.Parse(got)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		s.r.fault(e.line, s.at("http_proxy"), "is not the URL of a proxy; write http://host:port")
		return ""
	}
	if u.User != nil {
		s.r.inlineSecrets = append(s.r.inlineSecrets, place{e.line, s.at("http_proxy")})
	}
	return got
}

func (s *section) duoWords(key string) []string {
	var out []string
	_, _ = s.texts(key, func(path string, line int, text string) {
		if !duoWord.MatchString(text) {
			s.r.fault(line, path, "%s is not a word of Duo's; write it like trusted_network", quote(text))
			return
		}
		out = append(out, text)
	})
	return out
}
