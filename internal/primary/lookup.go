package primary

import (
	"context"
	"errors"
	"time"
)

// Get returns an account by its exact name. Errors: [ErrUserUnknown],
// [ErrUnavailable].
func (l *Local) Get(ctx context.Context, username string) (User, error) {
	u, _, err := l.users.Find(ctx, username)
	if err != nil {
		return User{}, storeError(err)
	}
	return u, nil
}

// GetID is Get by number.
func (l *Local) GetID(ctx context.Context, id int) (User, error) {
	u, _, err := l.users.FindID(ctx, id)
	if err != nil {
		return User{}, storeError(err)
	}
	return u, nil
}

// List returns all accounts ordered by ID; [ErrUnavailable].
func (l *Local) List(ctx context.Context) ([]User, error) {
	users, err := l.users.List(ctx)
	if err != nil {
		return nil, storeError(err)
	}
	return users, nil
}

// Unchanged reports whether the account exists, is enabled, and its password
// did not change after since: whether a login that began then may still end
// well (threat T019). An account that was removed and made again has a newer
// password. It fails with [ErrUnavailable].
func (l *Local) Unchanged(ctx context.Context, username string, since time.Time) (bool, error) {
	u, err := l.Get(ctx, username)
	if errors.Is(err, ErrUserUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !u.Disabled && !u.PasswordChangedAt.After(since), nil
}

// clockSlack is how far a clock may go back before it is believed. Stores end
// every login when it goes further.
const clockSlack = time.Minute

// notBefore is the time, and later than every time before it even when the
// clock was set back a little: a password that is changed then must still be
// newer than the logins under way (threats T019, T124).
func (l *Local) notBefore() time.Time {
	now := l.now()
	l.clock.Lock()
	defer l.clock.Unlock()
	// Sub goes by the monotonic clock where there is one.
	expected := l.latest.Add(max(now.Sub(l.latest), 1))
	if back := l.latest.Round(0).Sub(now.Round(0)); back <= 0 || back > clockSlack {
		expected = now
	}
	l.latest = expected
	return expected
}

// BadHashes returns the accounts that nobody can sign in to because their
// stored hash is refused (threat T011), to be named in a warning at start. A
// one-time password that is spent is not among them. It fails with
// [ErrUnavailable].
func (l *Local) BadHashes(ctx context.Context) ([]User, error) {
	users, err := l.List(ctx)
	if err != nil {
		return nil, err
	}
	var bad []User
	for _, u := range users {
		_, hash, err := l.users.Find(ctx, u.Username)
		if errors.Is(err, ErrUserUnknown) || u.Bootstrap && hash == "" {
			continue
		}
		if err != nil {
			return nil, storeError(err)
		}
		if _, err := l.hasher.Inspect(hash); err != nil {
			bad = append(bad, u)
		}
	}
	return bad, nil
}
