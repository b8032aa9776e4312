package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
)

const (
	// DefaultMaxLife is how long a service token may live.
	DefaultMaxLife = 365 * 24 * time.Hour
	// keepEnded is how long an ended token stays in the list.
	keepEnded = 90 * 24 * time.Hour
	// endExpired is the EndReason of a token that nobody revoked.
	endExpired = "expired"
)

// TokensConfig is what [Tokens] needs. Store, Sealer and Recorder are
// required.
type TokensConfig struct {
	Store ServiceTokens
	// Sealer seals the upstream credentials.
	Sealer   *seal.Sealer
	Recorder Recorder
	// Follows are the Tokens whose place these take while the server runs: what
	// was noted a moment ago is not noted again. nil at a start.
	Follows *Tokens
	// MaxLife bounds the life of new tokens; 0 means [DefaultMaxLife].
	MaxLife time.Duration
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Tokens makes, checks and revokes service tokens. It is safe for concurrent
// use.
type Tokens struct {
	store    ServiceTokens
	sealer   *seal.Sealer
	recorder Recorder
	maxLife  time.Duration
	now      func() time.Time
	notes    *notes
}

// NewTokens returns Tokens, or [ErrConfig].
func NewTokens(c TokensConfig) (*Tokens, error) {
	if c.Store == nil || c.Sealer == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store, sealer and recorder are needed", ErrConfig)
	}
	if c.MaxLife < 0 {
		return nil, fmt.Errorf("%w: negative life", ErrConfig)
	}
	s := &Tokens{store: c.Store, sealer: c.Sealer, recorder: c.Recorder, maxLife: c.MaxLife, now: c.Now, notes: new(notes)}
	if c.Follows != nil {
		s.notes = c.Follows.notes
	}
	if s.maxLife == 0 {
		s.maxLife = DefaultMaxLife
	}
	if s.now == nil {
		s.now = realClock
	}
	return s, nil
}

func realClock() time.Time {
	return time.Now() //nolint:forbidigo // the one real clock of this package
}

// Create makes a token and returns it with its value, which is nowhere else
// and not shown again. Errors: [ErrArgument], [ErrUnavailable].
func (s *Tokens) Create(ctx context.Context, n New) (Token, secret.Secret, error) {
	now := s.now()
	n, err := n.check(now, s.maxLife)
	if err != nil {
		return Token{}, secret.Secret{}, err
	}
	value := newToken()
	r := Record{Key: keyOf(value), Token: Token{
		Name: n.Name, Username: n.Username, UserID: n.UserID, Owner: n.Owner, ReadOnly: n.ReadOnly,
		Paths: n.Paths, Networks: n.Networks, CreatedAt: now, CreatedBy: n.By, ExpiresAt: n.Expires,
	}}
	r.ID = r.Key.Handle()
	if !n.Credential.IsZero() {
		r.Credential = s.sealer.Seal([]byte(n.Credential.Reveal()), credentialOf(&r))
	}
	if err := s.store.Insert(ctx, r); err != nil {
		return Token{}, secret.Secret{}, unavailable("store", err)
	}
	// Nobody has seen the value yet: what cannot be recorded was never made.
	if err := record(ctx, s.recorder, created(&r)); err != nil {
		return Token{}, secret.Secret{}, errors.Join(err, s.store.Delete(context.WithoutCancel(ctx), r.ID))
	}
	return r.public(), secret.New(value), nil
}

func created(r *Record) audit.Event {
	e := r.event(audit.TokenCreated, audit.OK)
	e.Actor = r.CreatedBy
	e.Detail["expires"] = r.ExpiresAt.UTC().Format(time.RFC3339)
	e.Detail["scope"] = r.scope()
	return e
}

// event is an event about the token.
func (r *Record) event(name audit.Name, outcome audit.Outcome) audit.Event {
	return audit.Event{
		Name: name, Outcome: outcome, Username: r.Username,
		Detail: map[string]string{"token": r.ID, "name": r.Name, "owner": r.Owner},
	}
}

// scope says in words what the token may do.
func (r *Record) scope() string {
	words := []string{"read and write"}
	if r.ReadOnly {
		words[0] = "read only"
	}
	if len(r.Paths) > 0 {
		words = append(words, "paths "+strings.Join(r.Paths, " "))
	}
	if len(r.Networks) > 0 {
		networks := make([]string, len(r.Networks))
		for i, n := range r.Networks {
			networks[i] = n.String()
		}
		words = append(words, "networks "+strings.Join(networks, " "))
	}
	return strings.Join(words, "; ")
}

// public is the token as callers see it.
func (r *Record) public() Token {
	t := r.Clone().Token
	t.HasCredential = len(r.Credential) > 0
	return t
}

// List returns all tokens, ended ones too until [Tokens.Sweep] removes them,
// the earliest first.
func (s *Tokens) List(ctx context.Context) ([]Token, error) {
	records, err := s.store.List(ctx)
	if err != nil {
		return nil, unavailable("store", err)
	}
	all := make([]Token, len(records))
	for i := range records {
		all[i] = records[i].public()
	}
	return all, nil
}

// Get returns the token of an id, live or not; [ErrUnknown],
// [ErrUnavailable].
func (s *Tokens) Get(ctx context.Context, id string) (Token, error) {
	r, err := s.store.Get(ctx, id)
	if err != nil {
		return Token{}, storeError(err, ErrUnknown)
	}
	return r.public(), nil
}
