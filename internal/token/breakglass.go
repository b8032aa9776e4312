package token

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
)

// Bounds of break-glass codes.
const (
	// MaxBreakGlass is the most codes a user can have.
	MaxBreakGlass = 10
	// DefaultBreakGlassLife is how long they keep.
	DefaultBreakGlassLife = 365 * 24 * time.Hour
	// wrongCodes of one user within wrongWindow make the next ones wait.
	wrongCodes  = 10
	wrongWindow = 15 * time.Minute
)

// BreakGlassConfig is what [BreakGlass] needs. Store and Recorder are
// required.
type BreakGlassConfig struct {
	Store    BreakGlassCodes
	Recorder Recorder
	// Limiter counts wrong codes; nil counts them in this process, by the
	// rules of [WrongCodeLimits].
	Limiter throttle.Counters
	// Life defaults to [DefaultBreakGlassLife].
	Life time.Duration
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// BreakGlass makes and spends break-glass codes: one-use second factors, made
// in advance and kept in an envelope, for the day Duo cannot be asked. It is
// safe for concurrent use.
type BreakGlass struct {
	store    BreakGlassCodes
	recorder Recorder
	limiter  throttle.Counters
	life     time.Duration
	now      func() time.Time
	notes    notes
}

// NewBreakGlass returns a BreakGlass, or [ErrConfig].
func NewBreakGlass(c BreakGlassConfig) (*BreakGlass, error) {
	if c.Store == nil || c.Recorder == nil {
		return nil, fmt.Errorf("%w: store and recorder are needed", ErrConfig)
	}
	if c.Life < 0 {
		return nil, fmt.Errorf("%w: negative life", ErrConfig)
	}
	s := &BreakGlass{store: c.Store, recorder: c.Recorder, limiter: c.Limiter, life: c.Life, now: c.Now}
	if s.life == 0 {
		s.life = DefaultBreakGlassLife
	}
	if s.now == nil {
		s.now = realClock
	}
	if s.limiter != nil {
		return s, nil
	}
	limits := WrongCodeLimits()
	limits.Now = s.now
	var err error
	if s.limiter, err = throttle.New(limits); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return s, nil
}

// WrongCodeLimits is the configuration of a limiter for break-glass codes: ten
// wrong ones of a user in 15 minutes, then growing delays.
func WrongCodeLimits() throttle.Config {
	return throttle.Config{Account: throttle.Rule{Limit: wrongCodes, Window: wrongWindow}}
}

// Make makes count codes (1 to [MaxBreakGlass]) for a user in the place of
// those he has. They are nowhere else and not shown again. by is who does it,
// reason what for; both are required. It is recorded before it is done.
// Errors: [ErrArgument], [ErrUnavailable].
func (s *BreakGlass) Make(ctx context.Context, username string, count int, by, reason string) ([]secret.Secret, error) {
	if err := primary.CheckUsername(username); err != nil {
		return nil, argument("%s", err)
	}
	if count < 1 || count > MaxBreakGlass {
		return nil, argument("between 1 and %d codes", MaxBreakGlass)
	}
	if err := texts("actor", by, "reason", reason); err != nil {
		return nil, err
	}
	now := s.now()
	values, records := make([]secret.Secret, count), make([]BreakGlassRecord, count)
	for i := range values {
		value := newCode(breakGlassPrefix, breakGlassChars)
		values[i] = secret.New(value)
		records[i] = BreakGlassRecord{Username: username, MadeAt: now, ExpiresAt: now.Add(s.life), By: by, Reason: reason}
		records[i].Key, _ = parseCode(value, breakGlassPrefix, breakGlassChars)
	}
	e := audit.Event{Name: audit.BreakGlassCreated, Outcome: audit.OK, Username: username, Actor: by, Reason: reason, Detail: map[string]string{
		"count": strconv.Itoa(count), "expires": now.Add(s.life).UTC().Format(time.RFC3339),
	}}
	if _, err := s.replace(ctx, e, records); err != nil {
		return nil, err
	}
	return values, nil
}

// Revoke ends all codes of a user and says how many could still be used. It
// is recorded before it is done. Errors: [ErrArgument], [ErrUnavailable].
func (s *BreakGlass) Revoke(ctx context.Context, username, by, reason string) (int, error) {
	if username == "" {
		return 0, argument("a user is needed")
	}
	if err := texts("actor", by, "reason", reason); err != nil {
		return 0, err
	}
	e := audit.Event{Name: audit.BreakGlassRevoked, Outcome: audit.OK, Username: username, Actor: by, Reason: reason}
	before, err := s.replace(ctx, e, nil)
	return usable(before, s.now()), err
}

// replace records e and gives its user the codes.
func (s *BreakGlass) replace(ctx context.Context, e audit.Event, codes []BreakGlassRecord) ([]BreakGlassRecord, error) {
	if err := record(ctx, s.recorder, e); err != nil {
		return nil, err
	}
	before, err := s.store.Replace(context.WithoutCancel(ctx), e.Username, codes)
	if err != nil {
		e.Outcome = audit.Failed
		return nil, errors.Join(unavailable("store", err), record(ctx, s.recorder, e))
	}
	return before, nil
}

func usable(codes []BreakGlassRecord, now time.Time) int {
	n := 0
	for i := range codes {
		if codes[i].rule(codes[i].Username, now) == nil {
			n++
		}
	}
	return n
}

// rule is why a code cannot be used by a user; nil when it can.
func (r *BreakGlassRecord) rule(username string, now time.Time) error {
	switch {
	case username == "" || r.Username != username:
		return ErrWrongUser
	case !r.SpentAt.IsZero():
		return ErrSpent
	case !now.Before(r.ExpiresAt):
		return ErrExpired
	}
	return nil
}

// Spend uses a code of a user and returns its handle for the audit trail. That
// it was used is the caller's to record and to sound the alarm about; refusals
// are recorded here. Errors: [ErrUnknown], [ErrWrongUser], [ErrExpired],
// [ErrSpent], [ErrThrottled], all of them [ErrRefused], and [ErrUnavailable].
func (s *BreakGlass) Spend(ctx context.Context, username, code string) (handle string, err error) {
	attempt, err := s.limiter.Take(ctx, throttle.Subject{Account: username})
	switch {
	case errors.Is(err, throttle.ErrThrottled):
		k := noteKey{source: username, what: reasonOf(ErrThrottled)}
		return "", errors.Join(ErrThrottled, s.notes.once(k, s.now(), func(int) error { return s.recordRefusal(ctx, username, "", ErrThrottled) }))
	case err != nil:
		return "", unavailable("counters", err)
	}
	defer attempt.End() //nolint:contextcheck // it waits for nobody, and has to be said though the caller is gone
	k, whole := parseCode(code, breakGlassPrefix, breakGlassChars)
	if !whole {
		return "", errors.Join(s.refuse(ctx, username, "", ErrUnknown), attempt.Fail(ctx))
	}
	_, err = s.store.Update(ctx, k, func(r *BreakGlassRecord) error {
		now := s.now()
		rule := r.rule(username, now)
		if rule == nil {
			r.SpentAt = now
		}
		return rule
	})
	switch {
	case errors.Is(err, ErrRefused):
		if !errors.Is(err, ErrUnknown) {
			handle = k.Handle()
		}
		return "", errors.Join(s.refuse(ctx, username, handle, err), attempt.Fail(ctx))
	case err != nil:
		return "", storeError(err)
	}
	return k.Handle(), nil
}

// refuse records a refusal and returns it.
func (s *BreakGlass) refuse(ctx context.Context, username, handle string, rule error) error {
	if err := s.recordRefusal(ctx, username, handle, rule); err != nil {
		return err
	}
	return rule
}

func (s *BreakGlass) recordRefusal(ctx context.Context, username, handle string, rule error) error {
	e := audit.Event{Name: audit.BreakGlassRefused, Outcome: audit.Refused, Username: username, Reason: reasonOf(rule)}
	if handle != "" {
		e.Detail = map[string]string{"code": handle}
	}
	return record(ctx, s.recorder, e)
}

// Envelope is what may be told of a break-glass code.
type Envelope struct {
	Handle    string
	Username  string
	MadeAt    time.Time
	ExpiresAt time.Time
	// SpentAt is zero while the code was not used.
	SpentAt time.Time
	By      string
	Reason  string
}

// Count says how many codes of a user can be used now; [ErrUnavailable].
func (s *BreakGlass) Count(ctx context.Context, username string) (int, error) {
	codes, err := s.store.List(ctx, username)
	if err != nil {
		return 0, unavailable("store", err)
	}
	return usable(codes, s.now()), nil
}

// List returns the codes of a user, spent and expired ones too; of everybody
// when username is empty. [ErrUnavailable].
func (s *BreakGlass) List(ctx context.Context, username string) ([]Envelope, error) {
	codes, err := s.store.List(ctx, username)
	if err != nil {
		return nil, unavailable("store", err)
	}
	all := make([]Envelope, len(codes))
	for i := range codes {
		r := &codes[i]
		all[i] = Envelope{r.Key.Handle(), r.Username, r.MadeAt, r.ExpiresAt, r.SpentAt, r.By, r.Reason}
	}
	return all, nil
}
