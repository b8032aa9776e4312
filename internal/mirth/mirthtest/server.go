package mirthtest

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// ErrRunning is the error of [Server.Restart] on a server that was not killed.
var ErrRunning = errors.New("mirthtest: the server is running, or was closed for good")

// Server is a running fake engine. Its methods are safe for concurrent use.
type Server struct {
	// URL is "https://127.0.0.1:PORT" (or whatever Listen said).
	URL string

	config      Config
	operations  []operation
	ca          *CA
	certificate tls.Certificate
	client      *http.Client
	record      record

	life sync.Mutex // one Kill, Restart or Close at a time; guards run
	run  *run       // nil while killed and once closed
	gone bool       // closed for good

	mu        sync.Mutex // guards what follows
	accounts  *accounts
	sessions  *sessions
	events    []event
	nextEvent int
	faults    Faults
	suffered  int           // requests since Misbehave
	done      chan struct{} // closed when the run ends
}

// NewServer starts an engine like [NewStandalone], and panics where that
// fails, as [net/http/httptest.NewServer] does.
func NewServer(c Config) *Server {
	s, err := NewStandalone(c)
	if err != nil {
		panic(err)
	}
	return s
}

// NewStandalone starts an engine. The caller must Close it.
func NewStandalone(c Config) (*Server, error) {
	c = c.withDefaults()
	s := &Server{
		config: c, operations: operations(), ca: c.CA,
		accounts: newAccounts(c.Users, c.FoldNames), sessions: newSessions(), nextEvent: firstEvent,
	}
	s.record.keep = c.Keep
	if c.BypassPassword != "" {
		s.accounts.put(User{Name: "bypass", Password: c.BypassPassword})
	}
	if err := s.certify(); err != nil {
		return nil, err
	}
	s.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := s.start(c.Listen); err != nil {
		return nil, err
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Hosts == nil {
		c.Hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	if c.Version == "" {
		c.Version = defaultVersion
	}
	if c.Users == nil {
		c.Users = []User{{Name: "admin", Password: "admin"}}
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.Lockout == 0 {
		c.Lockout = time.Hour
	}
	if c.Channels == nil {
		c.Channels = []string{"ADT inbound", "Lab results", "Billing export"}
	}
	if c.Keep == 0 {
		c.Keep = defaultKeep
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// certify makes the certificate, and the authority where there is none. Both
// are valid by the machine's clock, which is the one that TLS clients ask.
func (s *Server) certify() error {
	now := time.Now() //nolint:forbidigo // certificates are checked by the machine's clock
	if s.ca == nil {
		var err error
		if s.ca, err = NewCA(now); err != nil {
			return err
		}
	}
	var err error
	s.certificate, err = s.ca.Issue(s.config.Hosts, now)
	return err
}

// Close stops the engine; all its goroutines have ended when it returns.
// Closing twice is fine.
func (s *Server) Close() {
	s.life.Lock()
	defer s.life.Unlock()
	s.gone = true
	s.stop(false)
	s.client.CloseIdleConnections()
}

// Kill ends the engine as a crash would: connections are reset, sessions are
// gone. Users, and what was recorded, stay.
func (s *Server) Kill() {
	s.life.Lock()
	defer s.life.Unlock()
	s.stop(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions.byID)
}

// Restart begins again on the same address after [Server.Kill].
func (s *Server) Restart() error {
	s.life.Lock()
	defer s.life.Unlock()
	if s.run != nil || s.gone {
		return ErrRunning
	}
	return s.start(s.address())
}

// Client trusts the engine's CA and follows no redirect. Close ends its idle
// connections.
func (s *Server) Client() *http.Client { return s.client }

// CA signed the server's certificate.
func (s *Server) CA() *CA { return s.ca }

// CAPool holds the engine's CA alone.
func (s *Server) CAPool() *x509.CertPool { return s.ca.Pool() }

// CAPEM is the engine's CA certificate.
func (s *Server) CAPEM() []byte { return s.ca.CertPEM() }

// CAFile writes the engine's CA certificate into dir and says where.
func (s *Server) CAFile(dir string) (string, error) {
	name := filepath.Join(dir, "engine-ca.pem")
	if err := os.WriteFile(name, s.CAPEM(), 0o600); err != nil {
		return "", fmt.Errorf("mirthtest: write the CA: %w", err)
	}
	return name, nil
}

// PinSHA256 is the fingerprint of the server's certificate in hexadecimal.
func (s *Server) PinSHA256() string {
	sum := sha256.Sum256(s.certificate.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// Misbehave replaces all faults. The zero Faults ends them.
func (s *Server) Misbehave(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.suffered = f, 0
}

// Sessions counts the live sessions: those that somebody logged in to.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions.live())
}

// LiveSession reports whether user has a live session.
func (s *Server) LiveSession(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.sessions.live(), user)
}

// Cookies are the values of the session cookie that were ever handed out, live
// or not: what must never be seen on the far side of a gateway.
func (s *Server) Cookies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sessions.ever)
}

// ExpireSessions ends all sessions, as the engine's own timeout does.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions.byID)
}

// SetUser adds an account, or replaces the one of the same name. Sessions
// stay.
func (s *Server) SetUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts.put(u)
}

// RemoveUser removes an account. Its sessions stay.
func (s *Server) RemoveUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts.remove(name)
}
