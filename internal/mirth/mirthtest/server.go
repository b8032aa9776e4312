package mirthtest

import (
	"crypto/x509"
	"net/http"
)

// Server is a running fake engine. Its methods are safe for concurrent use.
type Server struct {
	// URL is "https://127.0.0.1:PORT" (or whatever Listen said).
	URL string

	client *http.Client
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
func NewStandalone(c Config) (*Server, error) { return &Server{}, nil }

// Close stops the engine; all its goroutines have ended when it returns.
func (s *Server) Close() {}

// Kill ends the engine as a crash would: connections are reset, sessions are
// gone. Users, and what was recorded, stay.
func (s *Server) Kill() {}

// Restart begins again on the same address after [Server.Kill].
func (s *Server) Restart() error { return nil }

// Client trusts the engine's CA and follows no redirect.
func (s *Server) Client() *http.Client { return s.client }

// CA signed the server's certificate.
func (s *Server) CA() *CA { return nil }

// CAPool holds the engine's CA alone.
func (s *Server) CAPool() *x509.CertPool { return nil }

// CAPEM is the engine's CA certificate.
func (s *Server) CAPEM() []byte { return nil }

// CAFile writes the engine's CA certificate into dir and says where.
func (s *Server) CAFile(dir string) (string, error) { return "", nil }

// PinSHA256 is the fingerprint of the server's certificate in hexadecimal.
func (s *Server) PinSHA256() string { return "" }

// Misbehave replaces all faults. The zero Faults ends them.
func (s *Server) Misbehave(f Faults) {}

// Bytes is what was received, one item for each connection, decrypted.
func (s *Server) Bytes() [][]byte { return nil }

// Received counts all bytes received, kept or not.
func (s *Server) Received() int64 { return 0 }

// Connections counts the connections that were accepted, be it that no byte
// came over them.
func (s *Server) Connections() int { return 0 }

// Requests are all requests, in the order they came.
func (s *Server) Requests() []Request { return nil }

// Forget drops what was recorded.
func (s *Server) Forget() {}

// Sessions counts the live sessions.
func (s *Server) Sessions() int { return 0 }

// LiveSession reports whether user has a live session.
func (s *Server) LiveSession(user string) bool { return false }

// Cookies are the session ids that ever were in use, live or not.
func (s *Server) Cookies() []string { return nil }

// ExpireSessions ends all sessions, as the engine's own timeout does.
func (s *Server) ExpireSessions() {}

// SetUser adds an account, or replaces the one of the same name.
func (s *Server) SetUser(u User) {}

// RemoveUser removes an account.
func (s *Server) RemoveUser(name string) {}
