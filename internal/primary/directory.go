package primary

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mfaserver/internal/secret"
)

// ErrBadProfile means that an e-mail address or a name is longer than 256 bytes
// or holds something that does not print.
var ErrBadProfile = errors.New("primary: e-mail address or name not allowed")

// NewUser is an account to be made.
type NewUser struct {
	Username string
	Role     Role
	// Password is left empty for a one-time password.
	Password  secret.Secret
	Email     string
	FirstName string
	LastName  string
}

func (n *NewUser) check() error {
	if err := CheckUsername(n.Username); err != nil {
		return err
	}
	if n.Role != RoleUser && n.Role != RoleAdmin {
		return fmt.Errorf("%w: %q", ErrBadRole, n.Role)
	}
	for _, text := range []string{n.Email, n.FirstName, n.LastName} {
		if len(text) > maxUsername || !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
			return ErrBadProfile
		}
	}
	return nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// Add makes an account. A name that differs from an existing one only by case
// or by the form of its characters is taken: nobody gets a twin. Errors:
// [ErrBadUsername], [ErrBadRole], [ErrBadProfile], [ErrBadPassword],
// [ErrUserExists], [ErrThrottled], [ErrUnavailable].
func (l *Local) Add(ctx context.Context, n NewUser) (User, error) {
	if err := n.check(); err != nil {
		return User{}, err
	}
	if err := l.checkNewPassword(n.Username, n.Password.Reveal()); err != nil {
		return User{}, err
	}
	return l.insert(ctx, n, n.Password.Reveal(), time.Time{})
}

// AddOneTime makes an account with a random password that works for one
// attempt within [OneTimeLifetime]: the way to the first administrator (threat
// T015). The password is spent when it is accepted, before the second factor;
// afterwards, or when the hour is over, SetPassword gives the account a real
// one. Errors are those of Add.
func (l *Local) AddOneTime(ctx context.Context, n NewUser) (User, secret.Secret, error) {
	if err := n.check(); err != nil {
		return User{}, secret.Secret{}, err
	}
	password := rand.Text()
	u, err := l.insert(ctx, n, password, l.now().Add(OneTimeLifetime))
	if err != nil {
		return User{}, secret.Secret{}, err
	}
	return u, secret.New(password), nil
}

// insert adds an account; with a one-time password when oneTimeUntil is set.
func (l *Local) insert(ctx context.Context, n NewUser, password string, oneTimeUntil time.Time) (User, error) {
	hash, err := l.hash(ctx, password)
	if err != nil {
		return User{}, err
	}
	l.accounts.Lock()
	defer l.accounts.Unlock()
	existing, err := l.users.List(ctx)
	if err != nil {
		return User{}, storeError(err)
	}
	folded := foldName(n.Username)
	for _, u := range existing {
		if u.Username != n.Username && foldName(u.Username) == folded {
			return User{}, fmt.Errorf("%w: %q is too much like %q", ErrUserExists, n.Username, u.Username)
		}
	}
	at := l.notBefore()
	u, err := l.users.Insert(ctx, User{
		Username: n.Username, Role: n.Role, Email: n.Email, FirstName: n.FirstName, LastName: n.LastName,
		CreatedAt: at, PasswordChangedAt: at, Bootstrap: !oneTimeUntil.IsZero(), BootstrapExpires: oneTimeUntil,
	}, hash)
	if err != nil {
		return User{}, storeError(err)
	}
	return u, nil
}

// hash waits for its turn as every other hash does; what operators set is not
// kept out by strangers who wait.
func (l *Local) hash(ctx context.Context, password string) (string, error) {
	leave, err := l.gate.enter(ctx, true)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := l.hasher.Hash(password)
	if err != nil {
		return "", unavailable(err)
	}
	return hash, nil
}

// SetPassword gives an account a new password, in place of a one-time one too.
// Logins under way end with it (see Unchanged); sessions are the caller's to
// end. Errors: [ErrUserUnknown], [ErrBadPassword], [ErrThrottled],
// [ErrUnavailable].
func (l *Local) SetPassword(ctx context.Context, username string, password secret.Secret) (User, error) {
	if err := l.checkNewPassword(username, password.Reveal()); err != nil {
		return User{}, err
	}
	hash, err := l.hash(ctx, password.Reveal())
	if err != nil {
		return User{}, err
	}
	return l.update(ctx, username, func(u *User, stored *string) error {
		*stored, u.PasswordChangedAt = hash, l.notBefore()
		u.Bootstrap, u.BootstrapExpires = false, time.Time{}
		return nil
	})
}

// Disable shuts an account; sessions are the caller's to end. Errors:
// [ErrUserUnknown], [ErrLastAdmin], [ErrUnavailable].
func (l *Local) Disable(ctx context.Context, username string) (User, error) {
	l.accounts.Lock()
	defer l.accounts.Unlock()
	if err := l.spare(ctx, username); err != nil {
		return User{}, err
	}
	return l.update(ctx, username, func(u *User, _ *string) error {
		u.Disabled = true
		return nil
	})
}

// Enable opens an account again. Errors: [ErrUserUnknown], [ErrUnavailable].
func (l *Local) Enable(ctx context.Context, username string) (User, error) {
	return l.update(ctx, username, func(u *User, _ *string) error {
		u.Disabled = false
		return nil
	})
}

// Remove deletes an account; sessions are the caller's to end. Errors:
// [ErrUserUnknown], [ErrLastAdmin], [ErrUnavailable].
func (l *Local) Remove(ctx context.Context, username string) error {
	l.accounts.Lock()
	defer l.accounts.Unlock()
	if err := l.spare(ctx, username); err != nil {
		return err
	}
	if err := l.users.Delete(ctx, username); err != nil {
		return storeError(err)
	}
	return nil
}

// spare returns [ErrLastAdmin] when username is the last administrator: no
// other one is enabled and can still sign in. One whose one-time password is
// spent or expired keeps nobody company.
func (l *Local) spare(ctx context.Context, username string) error {
	users, err := l.users.List(ctx)
	if err != nil {
		return storeError(err)
	}
	goes, stay := false, false
	for _, u := range users {
		switch {
		case u.Role != RoleAdmin || u.Disabled:
		case u.Username == username:
			goes = true
		case l.unusable(u) == "":
			stay = true
		}
	}
	if goes && !stay {
		return ErrLastAdmin
	}
	return nil
}

func (l *Local) update(ctx context.Context, username string, change func(*User, *string) error) (User, error) {
	u, err := l.users.Update(ctx, username, change)
	if err != nil {
		return User{}, storeError(err)
	}
	return u, nil
}
