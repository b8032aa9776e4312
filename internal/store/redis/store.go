package redis

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/mfa"
	"mfaserver/session"
)

// openWithin bounds the search for the first primary.
const openWithin = 10 * time.Second

// Store is an open store. It is safe for concurrent use.
type Store struct{ l *link }

// Open connects to the primary, waiting for one for up to ten seconds. It
// fails with [ErrConfig], [ErrUnreachable], [ErrNotPrimary], [ErrReplicas],
// [ErrEviction], [ErrCluster], [ErrVersion], [ErrTooNew], [ErrWrongKey],
// [ErrClock], or what the server says.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	s := &Store{l: newLink(c)}
	within, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	if err := s.l.open(within); err != nil {
		s.l.close()
		return nil, err
	}
	if err := s.reseal(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// reseal brings what outlasts a sealing key under the current one.
func (s *Store) reseal(ctx context.Context) error {
	users, tokens, breakGlass := users{s.l}, tokens{s.l}, breakGlass{s.l}
	return errors.Join(users.reseal(ctx), tokens.reseal(ctx), breakGlass.reseal(ctx))
}

// Sessions returns the room of the sessions.
func (s *Store) Sessions() session.Store { return &sessions{s.l} }

// Transactions returns the room of the pending logins. It is [mfa.Unfinished]
// too, for all nodes: a node that starts while others work must not end what
// they have begun.
func (s *Store) Transactions() mfa.Transactions { return &transactions{s.l} }

// Sources returns the room of the known addresses.
func (s *Store) Sources() mfa.Sources { return &sources{s.l} }

// Codes returns the room of the spent codes.
func (s *Store) Codes() mfa.Codes { return &codes{s.l} }

// Users returns the room of the local directory.
func (s *Store) Users() primary.Users { return &users{s.l} }

// Tokens returns the room of the service tokens.
func (s *Store) Tokens() token.ServiceTokens { return &tokens{s.l} }

// SignInCodes returns the room of the sign-in codes.
func (s *Store) SignInCodes() token.SignInCodes { return &signIn{s.l} }

// BreakGlass returns the room of the break-glass codes.
func (s *Store) BreakGlass() token.BreakGlassCodes { return &breakGlass{s.l} }

// Ledger returns the room of the engine's sessions that nobody holds.
func (s *Store) Ledger() upstream.Ledger { return &ledger{s.l} }

// Check reports whether the store works: nil, or why not. It asks the server
// and changes nothing.
func (s *Store) Check(ctx context.Context) error {
	if err := s.l.refusal(); err != nil {
		return err
	}
	_, err := s.l.query(ctx, scriptGet, "meta:schema")
	return err
}

// Trust replaces the authorities that may vouch for the servers; nil are the
// system's. Connections from now on are verified by them; those that are open
// stay. It is of no use without [Config.TLS].
func (s *Store) Trust(roots *x509.CertPool) { s.l.cfg.trust.Store(roots) }

// Close ends the store. Calls after it are refused.
func (s *Store) Close() error {
	s.l.close()
	return nil
}
