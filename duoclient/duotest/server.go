package duotest

import (
	"context"
	"crypto/tls"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is a running simulator.
type Server struct {
	// URL is "https://127.0.0.1:PORT" (or whatever Listen said).
	URL string
	// APIHost is URL's "HOST:PORT", what a client is configured with. Any
	// other host name of the certificate does as well.
	APIHost string

	config      Config
	ca          *CA
	credentials Credentials
	pages       *template.Template
	routes      map[string]route
	client      *http.Client
	http        *http.Server
	done        chan struct{}  // closed by Close
	served      chan struct{}  // closed when the listener is
	running     sync.WaitGroup // connections and requests

	mu         sync.Mutex // guards what follows
	closed     bool
	mode       Mode
	faults     Faults
	requests   map[string]int // since SetFaults, by path
	firstToken string         // of RepeatToken
	account    *account
	prompts    map[string]*prompt
	grants     map[string]*grant
	assertions map[string]time.Time // expiry by client and jti
	sweepAt    int
	journal    journal
}

// NewServer starts a simulator. The caller must Close it.
func NewServer(c Config) (*Server, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:      c,
		ca:          c.CA,
		credentials: c.Credentials.filled(),
		done:        make(chan struct{}),
		served:      make(chan struct{}),
		mode:        c.Auto,
		requests:    map[string]int{},
		account:     newAccount(),
		prompts:     map[string]*prompt{},
		grants:      map[string]*grant{},
		assertions:  map[string]time.Time{},
		journal:     journal{counts: map[string]int{}},
	}
	s.routes = s.routeTable()
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	s.populate()
	tlsConfig, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	if err := s.listen(tlsConfig); err != nil {
		return nil, err
	}
	return s, nil
}

// populate makes the integrations and users of the configuration.
func (s *Server) populate() {
	k := s.credentials
	for _, i := range []Integration{
		{Key: k.ClientID, Secret: k.ClientSecret, Type: TypeUniversal, Name: s.config.Application},
		{Key: k.AuthKey, Secret: k.AuthSecret, Type: TypeAuth, Name: "Auth API"},
		{Key: k.AdminKey, Secret: k.AdminSecret, Type: TypeAdmin, Name: "Admin API"},
		{Key: k.AccountsKey, Secret: k.AccountsSecret, Type: TypeAccounts, Name: "Accounts API"},
	} {
		s.account.addIntegration(i)
	}
	for _, u := range s.config.Users {
		s.account.put(u, s.config.Now())
	}
}

func (s *Server) listen(tlsConfig *tls.Config) error {
	var lc net.ListenConfig
	inner, err := lc.Listen(context.Background(), "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("duotest: listen: %w", err)
	}
	s.APIHost = inner.Addr().String()
	s.URL = "https://" + s.APIHost
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // the faults need connections of their own
	s.http = &http.Server{
		Handler:           s,
		TLSConfig:         tlsConfig,
		Protocols:         protocols,
		ReadHeaderTimeout: time.Minute,
		IdleTimeout:       time.Minute, // as the service does
		ConnState:         s.count,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
	}
	s.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12},
	}}
	go func() {
		defer close(s.served)
		_ = s.http.ServeTLS(&faultyListener{Listener: inner, server: s}, "", "") // ends with ErrServerClosed
	}()
	return nil
}

// Close stops the simulator: requests that wait are cut off, and all its
// goroutines have ended when it returns. Closing twice is fine.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.done)
		_ = s.http.Close() // its connections are gone either way
		s.client.CloseIdleConnections()
	}
	<-s.served
	s.running.Wait()
}

// count keeps the connections that Close waits for.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.running.Add(1)
	case http.StateClosed, http.StateHijacked: // a hijacked one has its request
		s.running.Done()
	default:
	}
}

// Handler is the simulator without its listener, for callers with one of their
// own. Close ends its waiting requests too.
func (s *Server) Handler() http.Handler { return s }

// Client trusts the simulator's CA and follows redirects; it is closed with
// the server.
func (s *Server) Client() *http.Client { return s.client }

// CA signed the server's certificate.
func (s *Server) CA() *CA { return s.ca }

// Credentials are the keys of the built-in integrations.
func (s *Server) Credentials() Credentials { return s.credentials }

// SetAuto changes who answers the prompts that begin from now on. A mode that
// [ParseMode] does not know counts as [Ask].
func (s *Server) SetAuto(m Mode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = m
}

// SetFaults replaces all faults and starts their counting again. The zero
// Faults ends them.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	s.firstToken = ""
	clear(s.requests)
}

// wait passes the time, or says false when ctx or the server ended first.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-s.config.After(d):
		return true
	case <-ctx.Done():
		return false
	case <-s.done:
		return false
	}
}
