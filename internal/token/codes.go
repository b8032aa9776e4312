package token

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// Bounds of sign-in codes.
const (
	// CodeLifetime is how long a sign-in code may be typed.
	CodeLifetime = 2 * time.Minute
	// codesPerUser is the most live ones of a user; the next replaces the
	// first.
	codesPerUser = 3
	// codeMisses is how many uses under a wrong name end a code.
	codeMisses = 5
	// sweepLimit is how many one sweep removes.
	sweepLimit = 1000
)

// Proof is a complete login, password and second factor, that waits to become
// a session of another client: a grant of the flow, in its words.
type Proof struct {
	// Username is the canonical name; Typed is another name under which the
	// code may be used, what was typed at the login. May be empty.
	Username      string
	Typed         string
	UserID        int
	Administrator bool
	// Primary is how the password was accepted, Message what was said.
	Primary string
	Message string
	// Carry is the sealed upstream session.
	Carry       []byte
	Factor      string
	Reason      string
	Device      string
	TxID        string
	Transaction string
	// At is when the second factor was proved.
	At time.Time
}

// CodesConfig is what [Codes] needs. Store and Recorder are required.
type CodesConfig struct {
	Store    SignInCodes
	Recorder Recorder
	// Lifetime defaults to [CodeLifetime].
	Lifetime time.Duration
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Codes issues and redeems sign-in codes. It is safe for concurrent use.
type Codes struct {
	store    SignInCodes
	recorder Recorder
	lifetime time.Duration
	now      func() time.Time
}

// NewCodes returns Codes, or [ErrConfig].
func NewCodes(c CodesConfig) (*Codes, error) {
	if c.Store == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store and recorder are needed", ErrConfig)
	}
	if c.Lifetime < 0 {
		return nil, fmt.Errorf("%w: negative lifetime", ErrConfig)
	}
	s := &Codes{store: c.Store, recorder: c.Recorder, lifetime: c.Lifetime, now: c.Now}
	if s.lifetime == 0 {
		s.lifetime = CodeLifetime
	}
	if s.now == nil {
		s.now = realClock
	}
	return s, nil
}

// Issue makes a code for a proof and says when it expires. A fourth live one
// of a user ends his first. The carry is the code's from then on; after an
// error it is still the caller's. Errors: [ErrArgument], [ErrUnavailable].
func (s *Codes) Issue(ctx context.Context, p Proof) (secret.Secret, time.Time, error) {
	if p.Username == "" {
		return secret.Secret{}, time.Time{}, argument("a proof names its user")
	}
	now := s.now()
	value := newCode(signInPrefix, signInChars)
	r := CodeRecord{Proof: p, IssuedAt: now, ExpiresAt: now.Add(s.lifetime), State: Live}
	r.Key, _ = parseCode(value, signInPrefix, signInChars)
	if err := s.store.Insert(ctx, r, codesPerUser, now); err != nil {
		return secret.Secret{}, time.Time{}, unavailable("store", err)
	}
	// Nobody has seen the code yet: what cannot be recorded was never issued.
	e := r.event(audit.CodeIssued, audit.OK)
	e.Detail["expires"] = r.ExpiresAt.UTC().Format(time.RFC3339)
	if err := record(ctx, s.recorder, e); err != nil {
		_, undo := s.store.Update(context.WithoutCancel(ctx), r.Key, func(r *CodeRecord) error {
			r.State, r.Proof.Carry = Dead, nil
			return nil
		})
		return secret.Secret{}, time.Time{}, errors.Join(err, undo)
	}
	return secret.New(value), r.ExpiresAt, nil
}

// event is an event about the code and the login behind it.
func (r *CodeRecord) event(name audit.Name, outcome audit.Outcome) audit.Event {
	return audit.Event{
		Name: name, Outcome: outcome, Username: r.Proof.Username, Transaction: r.Proof.Transaction,
		Detail: map[string]string{"code": r.Key.Handle()},
	}
}

// Redeem spends a code, typed by username from addr, and returns its proof
// with the carry, once. Under another name the code is not spent; the fifth
// time it is given up. Errors: [ErrUnknown], [ErrExpired], [ErrSpent],
// [ErrRevoked], [ErrWrongUser], all of them [ErrRefused], and
// [ErrUnavailable].
func (s *Codes) Redeem(ctx context.Context, username, code string, addr netip.Addr) (Proof, error) {
	k, whole := parseCode(code, signInPrefix, signInChars)
	if !whole {
		return Proof{}, s.refuse(ctx, nil, username, addr, ErrUnknown)
	}
	var u use
	r, err := s.store.Update(ctx, k, func(r *CodeRecord) error {
		u = r.use(username, s.now())
		return nil
	})
	switch {
	case errors.Is(err, ErrUnknown):
		return Proof{}, s.refuse(ctx, nil, username, addr, ErrUnknown)
	case err != nil:
		return Proof{}, storeError(err)
	case u.rule != nil:
		return Proof{}, s.refuse(ctx, &r, username, addr, u.rule)
	}
	e := r.event(audit.CodeUsed, audit.OK)
	e.Source = addr
	if err := record(ctx, s.recorder, e); err != nil {
		return Proof{}, errors.Join(err, s.giveUp(ctx, k, u.proof.Carry))
	}
	return u.proof, nil
}

// use is what became of an attempt to use a code.
type use struct {
	proof Proof
	rule  error
}

// use spends the record, counts a miss, or does nothing.
func (r *CodeRecord) use(username string, now time.Time) use {
	switch {
	case r.State == Spent:
		return use{rule: ErrSpent}
	case r.State != Live:
		return use{rule: ErrRevoked}
	case !now.Before(r.ExpiresAt):
		return use{rule: ErrExpired}
	case username == "" || username != r.Proof.Username && username != r.Proof.Typed:
		if r.Misses++; r.Misses >= codeMisses {
			r.State = Dead
		}
		return use{rule: ErrWrongUser}
	}
	u := use{proof: r.Clone().Proof}
	r.State, r.Proof.Carry = Spent, nil
	return u
}

// giveUp puts the carry of a code that was spent in vain where Sweep finds it.
func (s *Codes) giveUp(ctx context.Context, k Key, carry []byte) error {
	_, err := s.store.Update(context.WithoutCancel(ctx), k, func(r *CodeRecord) error {
		r.State, r.Proof.Carry = Dead, carry
		return nil
	})
	return storeError(err)
}

// refuse records a refusal and returns it; r is nil where no code is known.
func (s *Codes) refuse(ctx context.Context, r *CodeRecord, username string, addr netip.Addr, rule error) error {
	e := audit.Event{Name: audit.CodeRefused, Outcome: audit.Refused}
	if r != nil {
		e = r.event(audit.CodeRefused, audit.Refused)
	}
	if username != e.Username {
		e.UnknownUsername = username
	}
	e.Source, e.Reason = addr, reasonOf(rule)
	if err := record(ctx, s.recorder, e); err != nil {
		return err
	}
	return rule
}

// Sweep removes codes that are over and returns the proofs of those that were
// never used, whose carries the caller releases; also together with an error,
// [ErrUnavailable]. Call it every few seconds.
func (s *Codes) Sweep(ctx context.Context) (expired []Proof, err error) {
	over, err := s.store.Sweep(ctx, s.now(), sweepLimit)
	if err != nil {
		err = unavailable("store", err)
	}
	for i := range over {
		r := &over[i]
		if r.State == Spent {
			continue
		}
		expired = append(expired, r.Proof)
		e := r.event(audit.CodeExpired, audit.OK)
		e.Reason = "unused"
		if r.State == Dead {
			e.Reason = "given_up"
		}
		err = errors.Join(err, record(ctx, s.recorder, e))
	}
	return expired, err
}
