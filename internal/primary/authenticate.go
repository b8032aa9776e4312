package primary

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"mfaserver/internal/throttle"
)

// Authenticate implements [Authenticator]. A refusal is a [*RefusedError].
//
// Whoever is known to have to wait is told so at once; the limits are looked at
// before the directory is, when it is this attempt's turn to hash. Every attempt that gets that far costs exactly one
// hash, whether or not there is such a user; what is refused earlier is refused
// for its form alone, which says nothing about any account (threat T006).
func (l *Local) Authenticate(ctx context.Context, a Attempt) (Result, error) {
	subject := throttle.Subject{Account: AccountKey(a.Username), Source: a.Source}
	if err := l.limiter.Recall(subject); err != nil {
		return Result{}, throttled(err)
	}
	if reason := malformed(a); reason != "" {
		if err := l.limiter.Check(ctx, subject); err != nil {
			return Result{}, throttled(err)
		}
		if err := l.limiter.Fail(context.WithoutCancel(ctx), subject); err != nil {
			return Result{}, unavailable(err)
		}
		return Result{}, &RefusedError{Reason: reason}
	}
	leave, err := l.gate.enter(ctx, l.known(subject))
	if err != nil {
		return Result{}, err
	}
	defer leave()
	attempt, err := l.limiter.Take(ctx, subject)
	if err != nil {
		return Result{}, throttled(err)
	}
	defer attempt.End() //nolint:contextcheck // it waits for nobody, and has to be said though the caller is gone
	result, err := l.check(ctx, a)
	if errors.Is(err, ErrRefused) {
		if err := attempt.Fail(context.WithoutCancel(ctx)); err != nil {
			return Result{}, unavailable(err)
		}
	}
	return result, err
}

// known reports whether the counters remember that the source completed a login
// of the account. Those that nodes share are not asked for it: it would be one
// more question for each attempt of a flood.
func (l *Local) known(s throttle.Subject) bool {
	remembers, ok := l.limiter.(interface{ Known(s throttle.Subject) bool })
	return ok && remembers.Known(s)
}

// malformed returns why an attempt is refused for its form, or "".
func malformed(a Attempt) Reason {
	password := a.Password.Reveal()
	switch {
	case password == "":
		return ReasonEmptyPassword
	case len(password) > maxPassword:
		return ReasonLongPassword
	case CheckUsername(a.Username) != nil:
		return ReasonBadUsername
	}
	return ""
}

// check spends the one hash of an attempt.
func (l *Local) check(ctx context.Context, a Attempt) (Result, error) {
	user, hash, err := l.users.Find(ctx, a.Username)
	if err != nil && !errors.Is(err, ErrUserUnknown) {
		return Result{}, unavailable(err)
	}
	encoded, current, reason := l.dummy, true, ReasonUnknownUser
	if err == nil {
		reason = l.unusable(user)
		ok, bad := l.hasher.Inspect(hash)
		switch {
		case reason != "":
		case bad != nil:
			reason = ReasonBadHash
			l.log.WarnContext(ctx, "stored password hash refused", slog.Int("user_id", user.ID), slog.Any("err", bad))
		default:
			encoded, current = hash, ok
		}
	}
	l.notBefore()
	match, err := l.hasher.Verify(a.Password.Reveal(), encoded)
	switch {
	case err != nil:
		return Result{}, unavailable(err)
	case reason != "":
		return Result{}, &RefusedError{Reason: reason}
	case !match:
		return Result{}, &RefusedError{Reason: ReasonWrongPassword}
	}
	// From here on the caller going away changes nothing.
	user, err = l.accept(context.WithoutCancel(ctx), user, hash, current, a)
	if err != nil {
		return Result{}, err
	}
	return Result{User: user, Status: StatusSuccess}, nil
}

// unusable returns why an account lets nobody in, or "".
func (l *Local) unusable(u User) Reason {
	switch {
	case u.Disabled:
		return ReasonDisabled
	case u.Bootstrap && !l.now().Before(u.BootstrapExpires):
		return ReasonOneTimeExpired
	}
	return ""
}

// accept is what follows a right password: a one-time password is spent, a hash
// of another cost is replaced.
func (l *Local) accept(ctx context.Context, u User, hash string, current bool, a Attempt) (User, error) {
	if u.Bootstrap {
		return l.spend(ctx, u, hash)
	}
	if current {
		return u, nil
	}
	fresh, err := l.hasher.Hash(a.Password.Reveal())
	if err != nil {
		return User{}, unavailable(err)
	}
	updated, err := l.users.Update(ctx, u.Username, func(_ *User, stored *string) error {
		if *stored == hash {
			*stored = fresh
		}
		return nil
	})
	if err != nil {
		// The password was right; the hash is renewed another time.
		l.log.WarnContext(ctx, "password hash not renewed", slog.Int("user_id", u.ID), slog.Any("err", err))
		return u, nil
	}
	return updated, nil
}

// spend takes a one-time password away, for this attempt and no other: of two
// at once one is refused (threat T015). The account keeps its mark, expired,
// until a password is set.
func (l *Local) spend(ctx context.Context, u User, hash string) (User, error) {
	spent, err := l.users.Update(ctx, u.Username, func(stored *User, storedHash *string) error {
		if !stored.Bootstrap || stored.Disabled || *storedHash != hash {
			return &RefusedError{Reason: ReasonOneTimeExpired}
		}
		*storedHash, stored.BootstrapExpires = "", l.now()
		return nil
	})
	switch {
	case errors.Is(err, ErrUserUnknown):
		return User{}, &RefusedError{Reason: ReasonUnknownUser}
	case errors.Is(err, ErrRefused):
		return User{}, err
	case err != nil:
		return User{}, unavailable(err)
	}
	return spent, nil
}

// NoteLogin notes that username completed a login, second factor included, from
// source: LastLogin is now, and the source is known to the account from now on
// (threat T008). Errors: [ErrUserUnknown], [ErrUnavailable].
func (l *Local) NoteLogin(ctx context.Context, username string, source netip.Addr) error {
	_, err := l.users.Update(ctx, username, func(u *User, _ *string) error {
		u.LastLogin = l.now()
		return nil
	})
	if err != nil {
		return storeError(err)
	}
	if err := l.limiter.Succeed(ctx, throttle.Subject{Account: AccountKey(username), Source: source}); err != nil {
		return unavailable(err)
	}
	return nil
}

func throttled(err error) error {
	if e, ok := errors.AsType[*throttle.Error](err); ok {
		return &ThrottledError{RetryAfter: e.RetryAfter, Scope: string(e.Scope)}
	}
	return unavailable(err)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// storeError turns an error of the store into one of this package.
func storeError(err error) error {
	for _, ours := range []error{ErrUserUnknown, ErrUserExists, ErrLastAdmin, ErrUnavailable} {
		if errors.Is(err, ours) {
			return err
		}
	}
	return unavailable(err)
}
