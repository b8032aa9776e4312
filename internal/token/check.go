package token

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// Check returns the token of a value that is used from addr now. Errors:
// [ErrUnknown], [ErrExpired], [ErrRevoked], [ErrNetwork], all of them
// [ErrRefused], and [ErrUnavailable]. Uses and refusals are recorded, and
// LastUsed noted, once a minute for each token and address.
func (s *Tokens) Check(ctx context.Context, value string, addr netip.Addr) (Token, error) {
	k, whole := parseToken(value)
	if !whole {
		return Token{}, s.refuse(ctx, nil, addr, ErrUnknown)
	}
	r, err := s.store.Find(ctx, k)
	return s.judge(ctx, &r, err, addr)
}

// CheckID is Check for a session that a token began: whether the token of the
// id is still good, from addr.
func (s *Tokens) CheckID(ctx context.Context, id string, addr netip.Addr) (Token, error) {
	r, err := s.store.Get(ctx, id)
	return s.judge(ctx, &r, err, addr)
}

// judge decides on what a store answered.
func (s *Tokens) judge(ctx context.Context, r *Record, err error, addr netip.Addr) (Token, error) {
	now := s.now()
	switch {
	case errors.Is(err, ErrUnknown):
		return Token{}, s.refuse(ctx, nil, addr, ErrUnknown)
	case err != nil:
		return Token{}, storeError(err)
	}
	if rule := r.rule(now); rule != nil {
		return Token{}, s.refuse(ctx, r, addr, rule)
	}
	if !r.allows(addr) {
		return Token{}, s.refuse(ctx, r, addr, ErrNetwork)
	}
	if err := s.used(ctx, r, addr, now); err != nil {
		return Token{}, err
	}
	return r.public(), nil
}

// rule is why a token cannot be used at all; nil when it can.
func (r *Record) rule(now time.Time) error {
	switch {
	case r.EndReason == endExpired, r.EndedAt.IsZero() && !r.LiveAt(now):
		return ErrExpired
	case !r.EndedAt.IsZero():
		return ErrRevoked
	}
	return nil
}

// used records the use and notes it in the store. That the latter fails is no
// reason to refuse: it is for people who tidy up.
func (s *Tokens) used(ctx context.Context, r *Record, addr netip.Addr, now time.Time) error {
	return s.notes.once(noteKey{r.ID, addr.String(), ""}, now, func(skipped int) error {
		e := r.event(audit.TokenUsed, audit.OK)
		e.Source = addr
		more(&e, skipped)
		if err := record(ctx, s.recorder, e); err != nil {
			return err
		}
		_, _ = s.store.Update(ctx, r.ID, func(r *Record) error {
			if now.After(r.LastUsed) {
				r.LastUsed, r.LastSource = now, addr
			}
			return nil
		})
		return nil
	})
}

// refuse records a refusal and returns it; r is nil where no token is known.
func (s *Tokens) refuse(ctx context.Context, r *Record, addr netip.Addr, rule error) error {
	reason := reasonOf(rule)
	e := audit.Event{Name: audit.TokenRefused, Outcome: audit.Refused, Detail: map[string]string{}}
	k := noteKey{source: addr.String(), what: reason}
	if r != nil {
		e, k.token = r.event(audit.TokenRefused, audit.Refused), r.ID
	}
	e.Source, e.Reason = addr, reason
	err := s.notes.once(k, s.now(), func(skipped int) error {
		more(&e, skipped)
		return record(ctx, s.recorder, e)
	})
	if err != nil {
		return err
	}
	return rule
}

// more says how many of the same went unrecorded before.
func more(e *audit.Event, skipped int) {
	if skipped > 0 {
		e.Detail["unrecorded"] = strconv.Itoa(skipped)
	}
}

// Credential returns the upstream password behind a live token;
// [ErrNoCredential], [ErrUnknown], [ErrExpired], [ErrRevoked],
// [ErrUnavailable].
func (s *Tokens) Credential(ctx context.Context, id string) (secret.Secret, error) {
	r, err := s.store.Get(ctx, id)
	if err != nil {
		return secret.Secret{}, storeError(err, ErrUnknown)
	}
	if rule := r.rule(s.now()); rule != nil {
		return secret.Secret{}, rule
	}
	if len(r.Credential) == 0 {
		return secret.Secret{}, ErrNoCredential
	}
	plain, err := s.sealer.Open(r.Credential, credentialOf(&r))
	if err != nil {
		return secret.Secret{}, unavailable("credential", err)
	}
	return secret.New(string(plain)), nil
}

// credentialOf binds a sealed credential to its token and user.
func credentialOf(r *Record) []byte {
	return append(append([]byte("service token credential\x00"), r.Key[:]...), r.Username...)
}
