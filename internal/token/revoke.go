package token

import (
	"context"
	"errors"
	"time"

	"mfaserver/internal/audit"
)

// Revoke ends a token at once and for ever, and drops its credential. by is
// who does it; both texts are required. [ErrUnknown]; [ErrRevoked] when it has
// ended already; [ErrArgument], [ErrUnavailable]. The revocation is recorded
// first: when that fails, the token lives on.
func (s *Tokens) Revoke(ctx context.Context, id, by, reason string) (Token, error) {
	if err := texts("actor", by, "reason", reason); err != nil {
		return Token{}, err
	}
	r, err := s.store.Get(ctx, id)
	if err != nil {
		return Token{}, storeError(err, ErrUnknown)
	}
	if !r.EndedAt.IsZero() {
		return r.public(), ErrRevoked
	}
	return s.end(ctx, &r, s.now(), by, reason)
}

// RevokeUser revokes all tokens of a user, as when his account is disabled,
// and says how many. Errors are those of Revoke; what was revoked by then
// stays so.
func (s *Tokens) RevokeUser(ctx context.Context, username, by, reason string) (int, error) {
	if err := texts("actor", by, "reason", reason); err != nil {
		return 0, err
	}
	records, err := s.store.List(ctx)
	if err != nil {
		return 0, unavailable("store", err)
	}
	revoked := 0
	for i := range records {
		if records[i].Username != username || !records[i].EndedAt.IsZero() {
			continue
		}
		switch _, err := s.end(ctx, &records[i], s.now(), by, reason); {
		case err == nil:
			revoked++
		case !errors.Is(err, ErrRevoked) && !errors.Is(err, ErrUnknown):
			return revoked, err
		}
	}
	return revoked, nil
}

// end records the end of a token and makes it.
func (s *Tokens) end(ctx context.Context, r *Record, at time.Time, by, reason string) (Token, error) {
	e := r.event(audit.TokenRevoked, audit.OK)
	e.Actor, e.Reason = by, reason
	if err := record(ctx, s.recorder, e); err != nil {
		return Token{}, err
	}
	ended, err := s.store.Update(context.WithoutCancel(ctx), r.ID, func(r *Record) error {
		if !r.EndedAt.IsZero() {
			return ErrRevoked
		}
		r.EndedAt, r.EndReason, r.Credential = at, reason, nil
		return nil
	})
	if err != nil {
		return Token{}, storeError(err, ErrUnknown, ErrRevoked)
	}
	return ended.public(), nil
}

// Sweep ends tokens whose time is over, dropping their credentials, seals
// credentials anew that are under an earlier key, and removes tokens that
// ended 90 days ago. It returns how many it ended. Call it at the start and
// about once an hour; an earlier sealing key can be given up after it.
func (s *Tokens) Sweep(ctx context.Context) (int, error) {
	records, err := s.store.List(ctx)
	if err != nil {
		return 0, unavailable("store", err)
	}
	ended, now := 0, s.now()
	var errs []error
	for i := range records {
		r := &records[i]
		switch {
		case r.EndedAt.IsZero() && !r.LiveAt(now):
			if _, err = s.end(ctx, r, r.ExpiresAt, "system", endExpired); err == nil {
				ended++
			}
		case !r.EndedAt.IsZero() && now.Sub(r.EndedAt) >= keepEnded:
			err = s.store.Delete(ctx, r.ID)
		case len(r.Credential) > 0 && !s.sealer.Current(r.Credential):
			err = s.reseal(ctx, r.ID)
		}
		if err != nil && !errors.Is(err, ErrRefused) { // somebody else was first
			errs = append(errs, storeError(err))
		}
	}
	return ended, errors.Join(errs...)
}

// reseal seals a credential under the current key. One that does not open is
// left as it is: it is refused whenever it is asked for.
func (s *Tokens) reseal(ctx context.Context, id string) error {
	_, err := s.store.Update(ctx, id, func(r *Record) error {
		plain, err := s.sealer.Open(r.Credential, credentialOf(r))
		if err != nil {
			return err
		}
		r.Credential = s.sealer.Seal(plain, credentialOf(r))
		return nil
	})
	return err
}
