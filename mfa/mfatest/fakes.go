package mfatest

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// SecondFactor stands in for Duo. The zero value is well and approves every
// code with a push. It is safe for concurrent use.
type SecondFactor struct {
	mu        sync.Mutex
	health    func(context.Context) (duoclient.Health, error)
	exchange  func(context.Context, duoclient.ExchangeRequest) (*duoclient.Identity, error)
	authErr   error
	probes    int
	prompts   []duoclient.AuthRequest
	exchanges []duoclient.ExchangeRequest
}

// OnHealth scripts the health check; nil is well.
func (s *SecondFactor) OnHealth(f func(context.Context) (duoclient.Health, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = f
}

// OnExchange scripts the exchange; nil approves.
func (s *SecondFactor) OnExchange(f func(context.Context, duoclient.ExchangeRequest) (*duoclient.Identity, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchange = f
}

// FailAuthURL lets AuthURL fail with err; nil ends that.
func (s *SecondFactor) FailAuthURL(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authErr = err
}

// HealthCheck implements [mfa.SecondFactor].
func (s *SecondFactor) HealthCheck(ctx context.Context) (duoclient.Health, error) {
	s.mu.Lock()
	s.probes++
	f := s.health
	s.mu.Unlock()
	if f == nil {
		return duoclient.Health{}, nil
	}
	return f(ctx)
}

// AuthURL implements [mfa.SecondFactor]. See [StateOf].
func (s *SecondFactor) AuthURL(r duoclient.AuthRequest) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.authErr != nil {
		return "", s.authErr
	}
	s.prompts = append(s.prompts, r)
	q := url.Values{"state": {r.State}}
	return "https://duo.example/oauth/v1/authorize?" + q.Encode(), nil
}

// SecretID implements [mfa.SecondFactor].
func (s *SecondFactor) SecretID() duoclient.SecretID { return duoclient.SecretID{1} }

// Exchange implements [mfa.SecondFactor].
func (s *SecondFactor) Exchange(ctx context.Context, r duoclient.ExchangeRequest) (*duoclient.Identity, error) {
	s.mu.Lock()
	s.exchanges = append(s.exchanges, r)
	f := s.exchange
	s.mu.Unlock()
	if f == nil {
		return Approved(r), nil
	}
	return f(ctx, r)
}

// Probes is how often the health check was called.
func (s *SecondFactor) Probes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probes
}

// Prompts are the prompts made.
func (s *SecondFactor) Prompts() []duoclient.AuthRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.prompts)
}

// Exchanges are the calls of Exchange.
func (s *SecondFactor) Exchanges() []duoclient.ExchangeRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.exchanges)
}

// Approved is the identity of a user who approved a push.
func Approved(r duoclient.ExchangeRequest) *duoclient.Identity {
	return &duoclient.Identity{
		Username: r.Username, Subject: r.Username, Message: "Login Successful",
		Context: duoclient.AuthContext{
			TxID: "8f4a6a2e-6b8a-4f0e-9a2c-6f0c0c9b8f11", EventType: "authentication", Factor: "duo_push",
			Reason: "user_approved", Result: "success", UserName: r.Username, AuthDeviceName: "phone (…0100)",
		},
	}
}

// StateOf reads the state out of an authURL of the stand-in.
func StateOf(authURL string) string {
	u, err := url.Parse(authURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("state")
}

// Accounts stands in for the directory. The zero value says that every
// account is unchanged. It is safe for concurrent use.
type Accounts struct {
	mu      sync.Mutex
	changed map[string]bool
	err     error
	asked   int
}

// Change lets an account be changed, as by disabling it.
func (a *Accounts) Change(username string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changed == nil {
		a.changed = make(map[string]bool)
	}
	a.changed[username] = true
}

// Fail lets every call fail with err; nil ends that.
func (a *Accounts) Fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// Unchanged implements [mfa.Accounts].
func (a *Accounts) Unchanged(_ context.Context, username string, _ time.Time) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	return a.err == nil && !a.changed[username], a.err
}

// Asked is how often Unchanged was called.
func (a *Accounts) Asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// Recorder is an audit trail in memory. It is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []audit.Event
	err    error
}

// Fail lets every Record fail with err; nil ends that.
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Record implements [mfa.Recorder].
func (r *Recorder) Record(_ context.Context, e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	r.events = append(r.events, e)
	return nil
}

// Events are the records so far.
func (r *Recorder) Events() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Names are the names of the records so far.
func (r *Recorder) Names() []audit.Name {
	var list []audit.Name
	for _, e := range r.Events() {
		list = append(list, e.Name)
	}
	return list
}

// Count is how many records have the name.
func (r *Recorder) Count(name audit.Name) int {
	n := 0
	for _, e := range r.Events() {
		if e.Name == name {
			n++
		}
	}
	return n
}

// Releaser notes what was released. It is safe for concurrent use.
type Releaser struct {
	mu       sync.Mutex
	released []string
}

// Release implements [mfa.Releaser].
func (r *Releaser) Release(_ context.Context, _ string, c mfa.Carry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.released = append(r.released, string(c))
}

// Released are the carries released so far.
func (r *Releaser) Released() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.released)
}
