package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Key is how stores know a session: the SHA-256 of its id. The id itself is
// only ever in the cookie.
type Key [sha256.Size]byte

// KeyOf hashes an id.
func KeyOf(id string) Key {
	// An id fits the buffer, which stays off the heap: every request hashes one.
	var b [64]byte
	return sha256.Sum256(append(b[:0], id...))
}

// Handle is a short public name for logs and listings: it opens nothing.
func (k Key) Handle() string { return hex.EncodeToString(k[:6]) }

// within reports whether k is neither before low nor after high.
func (k Key) within(low, high Key) bool {
	return bytes.Compare(k[:], low[:]) >= 0 && bytes.Compare(k[:], high[:]) <= 0
}

// Session is the state of one signed-in client. The fields describe how the
// session came to be and never change, except LastActive.
type Session struct {
	Key Key
	// UserID and Username are those of the directory; Username is the
	// canonical name.
	UserID   int
	Username string
	// Administrator is set for users with the administrator role.
	Administrator bool
	CreatedAt     time.Time
	LastActive    time.Time
	// Expires is the absolute end, whatever the activity.
	Expires time.Time
	// IdleTimeout is how long the session lives without activity.
	IdleTimeout time.Duration
	// Source and UserAgent are those of the second call.
	Source    string
	UserAgent string
	// Transaction is the handle of the login it came from.
	Transaction string
	// Factor, Reason and Device say how the second factor was proved.
	Factor string
	Reason string
	Device string
	// ApprovedAt is when the second factor was proved; zero when none was.
	ApprovedAt time.Time
	// Token is the id of the service token behind the session, Exemption the
	// name of the exemption from the second factor that let it in: both are
	// looked up again at every request, so that their scope and their end hold
	// at once. Empty for a session of a complete login.
	Token     string
	Exemption string
	// FailOpen marks a session that was given without a second factor while
	// Duo was down; ReadOnly forbids every change.
	FailOpen bool
	ReadOnly bool
	// Kind says which cookie names the session, and with which others of its
	// user it counts.
	Kind Kind
	// Carry is the sealed upstream session of a gateway.
	Carry []byte
}

// ExpiredAt reports whether the session is over at t: at exactly the limit it
// is.
func (s *Session) ExpiredAt(t time.Time) bool { return !t.Before(s.end()) }

// end is when the session is over unless it is touched before.
func (s *Session) end() time.Time {
	if idle := s.LastActive.Add(s.IdleTimeout); idle.Before(s.Expires) {
		return idle
	}
	return s.Expires
}

// Clone returns a copy that shares no memory that can be written to.
func (s *Session) Clone() Session {
	c := *s
	c.Carry = bytes.Clone(s.Carry)
	return c
}

// Store keeps sessions. Implementations are safe for concurrent use, and
// durable as they promise when a call returns. They keep every field, times to
// the nanosecond as instants (the location may change), and they return
// copies: nobody can change what is stored through a value given or returned.
// Usernames are compared byte for byte. Expiry is judged by the caller's
// clock, on read as well (threat T125).
//
// Delete beats Touch: a touch of a session that was deleted never brings it
// back. Exactly one of several concurrent deletes returns the session.
//
// An error that matches none of this package's errors means that the store
// could not answer; the [Manager] hands it on as [ErrUnavailable].
type Store interface {
	// Create saves s; [ErrExists], and nothing changed, when the key is
	// taken; [ErrRevoked], likewise, when DeleteBefore was there first. When the user then has more than limit live sessions of the same
	// Kind, those with the earliest CreatedAt are deleted and
	// returned, never s itself. limit 0 means no limit. now is the caller's
	// clock: sessions over at now neither count nor are deleted here (Sweep
	// returns them).
	Create(ctx context.Context, s Session, limit int, now time.Time) (ended []Session, err error)
	// Find returns the session; [ErrNotFound] when it is unknown or over at
	// now; [ErrTampered] when the stored record fails its integrity check.
	Find(ctx context.Context, k Key, now time.Time) (Session, error)
	// Touch sets LastActive to t if that is later, and changes nothing else
	// otherwise; [ErrNotFound] when gone. It does not judge expiry.
	// It may be written lazily (a crash may lose a touch, never a delete).
	Touch(ctx context.Context, k Key, t time.Time) error
	// Delete ends the session for ever and returns it, whether or not it is
	// over; [ErrNotFound] when it is not there (any more).
	Delete(ctx context.Context, k Key) (Session, error)
	// List returns the live sessions at now, of all kinds, latest CreatedAt
	// first; of one user when username is not empty.
	List(ctx context.Context, username string, now time.Time) ([]Session, error)
	// DeleteUser ends all sessions of a user, of all kinds and whether or
	// not they are over, and returns them; none is no error.
	DeleteUser(ctx context.Context, username string) ([]Session, error)
	// DeleteBefore sets the epoch of a user, or of everybody when username is
	// empty: a session of theirs whose CreatedAt is before it never lives
	// again. Those stored end, of all kinds and whether or not they are over,
	// and are returned; one that is being created is refused by Create with
	// [ErrRevoked], on every node. A session created at exactly the epoch
	// lives. An epoch never goes back, and is as durable as a deletion; that
	// of a user may be forgotten after [EpochKept], for no login takes that
	// long.
	//
	// With an error, those returned have ended, and the others may live on.
	DeleteBefore(ctx context.Context, username string, before time.Time) ([]Session, error)
	// Sweep deletes up to max sessions that are over at now and returns them.
	Sweep(ctx context.Context, now time.Time, max int) ([]Session, error)
}

// EpochKept is how long a store keeps the epoch of a user at least, counted
// from the epoch itself. That of everybody is kept for ever.
const EpochKept = 24 * time.Hour

// Errors of stores and of the Manager.
var (
	// ErrNotFound: no such live session.
	ErrNotFound = errors.New("session: not found")
	// ErrExists: a session with this key is stored already.
	ErrExists = errors.New("session: key exists already")
	// ErrRevoked: the sessions begun when this one was have been ended.
	ErrRevoked = errors.New("session: begun before the sessions of its time were ended")
	// ErrTampered: the stored record is not what was written.
	ErrTampered = errors.New("session: record fails its integrity check")
	// ErrUnavailable: the store cannot answer; never to be read as "no session".
	ErrUnavailable = errors.New("session: store unavailable")
	// ErrNoCookie: the request names no session.
	ErrNoCookie = errors.New("session: no cookie")
	// ErrBadCookie: the cookie's value has not the form of an id.
	ErrBadCookie = errors.New("session: malformed cookie")
	// ErrDuplicateCookie: two session cookies in one request (threat T109).
	ErrDuplicateCookie = errors.New("session: more than one session cookie")
)
