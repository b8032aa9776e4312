package duotest

import (
	"slices"
	"strings"
	"time"
)

// The Universal Prompt's endpoints, as [Call.Endpoint] and
// [Server.CountCalls] name them.
const (
	EndpointHealthCheck = "/oauth/v1/health_check"
	EndpointAuthorize   = "/oauth/v1/authorize"
	EndpointToken       = "/oauth/v1/token"
)

// journalSize is how many calls are kept; counts go on for ever.
const journalSize = 20_000

// Call is one request that the simulator read, right or wrong. Secrets and
// assertions are not kept.
type Call struct {
	// Time is by the simulator's clock.
	Time time.Time
	// Endpoint is the path.
	Endpoint string
	Method   string
	// Host is what the client called the simulator.
	Host        string
	RemoteAddr  string
	UserAgent   string
	ContentType string
	// ClientID is the client ID, or the integration key of a signed call.
	ClientID string
	// JTI is of the client assertion, once its signature was good.
	JTI string
	// Code is the code sent to the token endpoint, or issued by a prompt.
	Code string
	// State, Username, Nonce and RedirectURI are those of the request JWT,
	// at the token endpoint those of the code's prompt.
	State, Username, Nonce, RedirectURI string
	// Status is the one meant for the client; 0 while the call is running
	// and when it was cut off.
	Status int
	// Error is the OAuth error of the answer, if any; of a signed call the
	// message.
	Error string
}

// journal is guarded by the server's mutex.
type journal struct {
	calls  []*Call
	counts map[string]int
}

func (j *journal) add(c *Call) {
	if len(j.calls) >= journalSize {
		j.calls = slices.Delete(j.calls, 0, journalSize/2)
	}
	j.calls = append(j.calls, c)
	j.counts[c.Endpoint]++
}

// Calls are the requests so far in the order of their arrival, at least the
// last 10,000.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Call, 0, len(s.journal.calls))
	for _, c := range s.journal.calls {
		out = append(out, *c)
	}
	return out
}

// CountCalls counts all requests to an endpoint, given by its path or the last
// part of it: "/oauth/v1/token" or "token".
func (s *Server) CountCalls(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for path, count := range s.journal.counts {
		if path == endpoint || strings.HasSuffix(path, "/"+endpoint) {
			n += count
		}
	}
	return n
}

// CountTokenCalls counts the calls of the token endpoint for one code, or for
// the code of the prompt with this state.
func (s *Server) CountTokenCalls(codeOrState string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.journal.calls {
		if c.Endpoint == EndpointToken && codeOrState != "" && (c.Code == codeOrState || c.State == codeOrState) {
			n++
		}
	}
	return n
}
