package duotest

import (
	"context"
	"net"
	"net/http"
	"slices"
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
	pages       *pages
	routes      map[string]route
	apiRoutes   []apiRoute
	client      *http.Client
	http        *http.Server
	done        chan struct{}  // closed by Close
	served      chan struct{}  // closed when the listener is
	running     sync.WaitGroup // connections and requests

	mu           sync.Mutex // guards what follows
	closed       bool
	mode         Mode
	faults       Faults
	requests     map[string]int // since SetFaults, by path
	firstToken   string         // of RepeatToken
	account      *account       // the parent
	children     table[*account]
	listeners    map[*account]net.Listener // of the children
	pushed       chan struct{}             // closed and made anew by every push
	prompts      map[string]*prompt
	grants       map[string]*grant
	transactions map[string]*transaction // of the Auth API, by txid
	assertions   map[string]time.Time    // expiry by client and jti
	sweepAt      int
	journal      journal
}

// NewServer starts a simulator. The caller must Close it.
func NewServer(c Config) (*Server, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:       c,
		ca:           c.CA,
		credentials:  c.Credentials.filled(),
		done:         make(chan struct{}),
		served:       make(chan struct{}),
		mode:         c.Auto,
		requests:     map[string]int{},
		account:      newAccount("Simulated Duo"),
		children:     newTable[*account](),
		listeners:    map[*account]net.Listener{},
		pushed:       make(chan struct{}),
		transactions: map[string]*transaction{},
		prompts:      map[string]*prompt{},
		grants:       map[string]*grant{},
		assertions:   map[string]time.Time{},
		journal:      journal{counts: map[string]int{}},
	}
	s.account.credentials = s.credentials
	s.routes = s.routeTable()
	s.apiRoutes = slices.Concat(s.authRoutes(), s.accountRoutes(), s.adminRoutes())
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	s.populate(s.account, s.config.Application, s.config.Users)
	if err := s.ensureCA(); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	for _, child := range c.Children {
		if _, err := s.AddAccount(child); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// populate makes the integrations, the owner and the users of an account that
// nobody else knows yet.
func (s *Server) populate(a *account, application string, users []User) {
	k := a.credentials
	for _, i := range []Integration{
		{Key: k.ClientID, Secret: k.ClientSecret, Type: TypeUniversal, Name: application},
		{Key: k.AuthKey, Secret: k.AuthSecret, Type: TypeAuth, Name: "Auth API"},
		{Key: k.AdminKey, Secret: k.AdminSecret, Type: TypeAdmin, Name: "Admin API"},
		{Key: k.AccountsKey, Secret: k.AccountsSecret, Type: TypeAccounts, Name: "Accounts API"},
	} {
		if i.Key != "" {
			a.addIntegration(i)
		}
	}
	if i := a.integrations.get(k.ClientID); i != nil {
		i.trustedDays = s.config.RememberDays
	}
	a.settings["lockout_threshold"] = max(0, s.config.LockoutThreshold)
	now := s.config.Now()
	a.addAdmin(&admin{name: "Owner", email: "owner@example.com", role: "Owner", status: "Active", created: now, lastLogin: now})
	for _, u := range users {
		a.put(u, now)
	}
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
