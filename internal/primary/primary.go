// Package primary checks the first factor: who the caller says he is, and the
// password. It is the only package that reads password hashes.
package primary

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"mfaserver/internal/secret"
)

// Role says what a signed-in user may do here.
type Role string

// The roles of the local directory.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// User is an account of the local directory without its password hash.
type User struct {
	// ID is the number the Mirth API shows; 1 or more, never reused.
	ID int
	// Username is the canonical name: the identity everywhere else.
	Username  string
	Role      Role
	Disabled  bool
	Email     string
	FirstName string
	LastName  string
	CreatedAt time.Time
	// PasswordChangedAt is the time of the last password change.
	PasswordChangedAt time.Time
	// LastLogin is the time of the last complete login; zero when never.
	LastLogin time.Time
	// Bootstrap is set while the account has no password but a one-time one,
	// usable, spent or expired; BootstrapExpires is when that ends, or the
	// moment it was spent.
	Bootstrap        bool
	BootstrapExpires time.Time
}

// Status of an accepted password.
type Status string

// The two ways a password is accepted.
const (
	StatusSuccess     Status = "success"
	StatusGracePeriod Status = "grace_period"
)

// Result is an accepted password.
type Result struct {
	User    User
	Status  Status
	Message string
	// Carry is what the second call must not lose, sealed: the upstream
	// session of a gateway. Empty for the local directory.
	Carry []byte
}

// Attempt is one password check.
type Attempt struct {
	Username string
	Password secret.Secret
	// Source is the client's address, for throttling.
	Source netip.Addr
}

// Authenticator checks a password. It is safe for concurrent use. Errors:
// [ErrRefused] (a right password that is too old as an [*ExpiredError]),
// [ErrThrottled] (as a [*ThrottledError]), [ErrUnavailable]. Every other refusal takes the same time and says the same.
type Authenticator interface {
	Authenticate(ctx context.Context, a Attempt) (Result, error)
}

// Users is the store of the local directory. Names compare byte for byte.
// Times keep their nanoseconds and the zero time stays zero; the location may
// change to UTC. Implementations are safe for concurrent use and durable when
// a call returns. A failure that is none of the sentinels named here is the
// store's own and reaches the caller of this package as [ErrUnavailable].
type Users interface {
	// Insert adds u with its encoded hash and returns it with its ID, which
	// is higher than every ID given before, deleted users included (u.ID is
	// ignored); [ErrUserExists] when the name is taken.
	Insert(ctx context.Context, u User, hash string) (User, error)
	// Find returns the user and the encoded hash; [ErrUserUnknown].
	Find(ctx context.Context, username string) (User, string, error)
	// FindID is Find by number.
	FindID(ctx context.Context, id int) (User, string, error)
	// List returns all users ordered by ID.
	List(ctx context.Context) ([]User, error)
	// Page returns some users, ordered by name byte for byte; see [PageQuery].
	Page(ctx context.Context, q PageQuery) ([]User, error)
	// Update changes one user inside one transaction: change sees the
	// stored row and may alter all but ID and Username, and the hash. What
	// it does to ID and Username is ignored. It may run while the store is
	// locked, so it must not call the store. An error of change is returned
	// as it is and nothing is written; [ErrUserUnknown].
	Update(ctx context.Context, username string, change func(u *User, hash *string) error) (User, error)
	// Delete removes the user; [ErrUserUnknown].
	Delete(ctx context.Context, username string) error
}

// Errors of the directory.
var (
	ErrRefused = errors.New("primary: incorrect username or password")
	// ErrPasswordExpired: the password was right, and too old. The error is an
	// [*ExpiredError].
	ErrPasswordExpired = errors.New("primary: the password has expired")
	ErrThrottled       = errors.New("primary: too many attempts")
	ErrUnavailable     = errors.New("primary: directory unavailable")
	ErrUserExists      = errors.New("primary: user exists")
	ErrUserUnknown     = errors.New("primary: no such user")
	ErrBadUsername     = errors.New("primary: username not allowed")
	ErrBadPassword     = errors.New("primary: password not allowed")
	ErrBadRole         = errors.New("primary: no such role")
	ErrLastAdmin       = errors.New("primary: the last enabled administrator cannot be disabled or removed")
)
