package config

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mfaserver/internal/mirth"
)

// Defaults of settings that are left out.
const (
	defaultListen        = ":8443"
	defaultDataDir       = "/var/lib/mfaserver"
	defaultServerVersion = "4.5.2"
)

var (
	serverVersion = regexp.MustCompile(`^\d{1,3}(\.\d{1,3}){1,3}$`)
	javaClass     = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*$`)
)

// config reads the whole document.
func (r *reader) config(root *value) *Config {
	s := r.open(root, "")
	s.line = 1
	c := &Config{
		Listen:            s.listen(),
		PublicURLs:        s.publicURLs(),
		TrustedProxies:    s.prefixes("trusted_proxies", "everybody could forge client addresses"),
		Connections:       r.connections(s.sub("connections")),
		TLS:               r.tls(s.sub("tls")),
		DataDir:           s.dataDir(),
		Store:             r.store(s.sub("store")),
		ServerVersion:     s.matching("server_version", defaultServerVersion, serverVersion, "a version such as 4.5.2"),
		ClientPluginClass: s.matching("client_plugin_class", "", javaClass, "the name of a Java class"),
		Administrators:    s.administrators(),
		HelpDesk:          r.helpDesk(s.sub("helpdesk")),
		Login:             r.login(s.sub("login")),
		Enrolment:         r.enrolment(s.sub("enrolment")),
		Admin:             r.admin(s.sub("admin")),
		Audit:             r.audit(s.sub("audit")),
		Alerts:            r.alerts(s.sub("alerts")),
		Metrics:           r.metrics(s.sub("metrics")),
		Log:               r.log(s.sub("log")),
	}
	c.DrainDelay, _ = s.duration("drain_delay", 0, 0, time.Minute)
	c.AllowLoopbackRedirect, _ = s.boolean("allow_loopback_redirect")
	c.Primary = r.primary(s.sub("primary"), c)
	c.Duo = r.duo(s.sub("duo"), c)
	c.Session = r.session(s.sub("session"), c)
	c.KeysDir = s.keysDir(c.DataDir)
	c.Organizations = r.organizations(s, c)
	c.Gateway = r.gateway(s.sub("gateway"), c)
	c.Tokens = r.tokens(s.sub("tokens"))
	r.ruleTable(s, c)
	c.LimitsFactor, _ = s.integer("limits_factor", 1, 1, 1000)
	s.done()
	return c
}

// matching takes a text of a pattern.
func (s *section) matching(key, def string, pattern *regexp.Regexp, want string) string {
	got, e := s.text("", key)
	s.r.listing.defaults(s.at(key), def)
	if got == "" {
		return def
	}
	if !pattern.MatchString(got) {
		s.r.fault(e.line, s.at(key), "%s is not %s", quote(got), want)
		return def
	}
	return got
}

func (s *section) listen() string {
	got, _ := s.address(defaultListen, "listen")
	return got
}

// address takes what to listen on.
func (s *section) address(def, key string) (string, entry) {
	got, e := s.text(def, key)
	if got == "" {
		return "", e
	}
	host, port, err := net.SplitHostPort(got)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || strconv.FormatUint(n, 10) != port ||
		strings.ContainsAny(host, "/ @") {
		s.r.fault(e.line, s.at(key), "%s is not an address; write host:port or :port", quote(got))
	}
	return got, e
}

// publicURLs reads the only URLs that redirect URIs are made of (threats
// T020, T050).
func (s *section) publicURLs() []string {
	var urls []string
	e, ok := s.texts("public_urls", func(path string, line int, text string) {
		u, err := mirth.NormalizeServerURL(text)
		switch {
		case err != nil:
			why := strings.TrimPrefix(err.Error(), mirth.ErrServerURL.Error()+": ")
			s.r.fault(line, path, "%s: %s; write https://host or https://host:port", quote(text), why)
		case slices.Contains(urls, u):
			s.r.fault(line, path, "is %s once more; delete one", u)
		default:
			urls = append(urls, u)
		}
	})
	if !ok {
		s.missing("public_urls", "list the https:// URLs under which clients reach this server")
	} else if e.value.kind == kindList && len(e.value.items) == 0 {
		s.r.fault(e.line, s.at("public_urls"), "is empty; list the https:// URLs under which clients reach this server")
	}
	return urls
}

func (r *reader) tls(s *section) TLS {
	cert, certAt := s.file("cert_file")
	key, keyAt := s.file("key_file")
	s.done()
	switch {
	case cert == "" && key == "":
		if s.set && !s.broken && certAt.value == nil && keyAt.value == nil {
			r.fault(s.line, s.path, "is empty; name cert_file and key_file, or delete it")
		}
		return TLS{}
	case key == "":
		r.fault(certAt.line, s.at("cert_file"), "needs key_file beside it")
		return TLS{}
	case cert == "":
		r.fault(keyAt.line, s.at("key_file"), "needs cert_file beside it")
		return TLS{}
	}
	if text := checkFile(cert, writableByOthers); text != "" {
		r.fault(certAt.line, s.at("cert_file"), "%s", text)
		return TLS{}
	}
	if text := r.privateFile(key); text != "" {
		r.fault(keyAt.line, s.at("key_file"), "%s", text)
		return TLS{}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		r.fault(certAt.line, s.at("cert_file"), "does not go with key_file, or one of them is not PEM: %v", err)
	}
	return TLS{CertFile: cert, KeyFile: key}
}

func (s *section) dataDir() string {
	dir, e := s.file("data_dir")
	s.r.listing.defaults("data_dir", defaultDataDir)
	if dir == "" {
		return defaultDataDir
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		s.r.fault(e.line, s.at("data_dir"), "%s is not a folder", quote(dir))
	}
	return dir
}

// keysDir is a folder of its own in the data folder unless named.
func (s *section) keysDir(dataDir string) string {
	dir, e := s.file("keys_dir")
	if dir == "" {
		return filepath.Join(dataDir, "keys")
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		s.r.fault(e.line, s.at("keys_dir"), "%s is not a folder", quote(dir))
	}
	return dir
}

func (s *section) administrators() []string {
	var names []string
	_, _ = s.texts("administrators", func(path string, line int, name string) {
		bad := strings.TrimSpace(name) != name || len(name) > 256 ||
			strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
		if bad {
			s.r.fault(line, path, "%s cannot be a username; write it as the directory has it", quote(name))
			return
		}
		names = append(names, name)
	})
	return names
}
