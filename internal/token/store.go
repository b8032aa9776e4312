package token

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// The stores below keep records. All of them are safe for concurrent use and
// durable when a call returns. They return copies, keep every field, times to
// the nanosecond as instants (the zero time stays zero, the location may
// change), and compare usernames byte for byte. Time is the caller's: a store
// never reads a clock. Records are sealed or never leave the process: they
// hold sealed credentials and carries.
//
// Update changes one record atomically against all other updates in the whole
// cluster: change sees what is stored and may alter all but Key, ID and
// Username, which stay as they are. It may run more than once, and while the
// store is locked: it must have no effects and not call the store. Its error
// is returned as it is, and nothing is written.
//
// An error that is neither that one nor named here means that the store could
// not answer; callers hand it on as [ErrUnavailable].

// Record is a service token as it is kept.
type Record struct {
	Token
	Key Key
	// Credential is the upstream password, sealed by [Tokens]; empty when
	// there is none (any more).
	Credential []byte
}

// Clone returns a copy that shares no memory that can be written to.
func (r *Record) Clone() Record {
	c := *r
	c.Paths, c.Networks = slices.Clone(r.Paths), slices.Clone(r.Networks)
	c.Credential = bytes.Clone(r.Credential)
	return c
}

// ServiceTokens is the store of the service tokens.
type ServiceTokens interface {
	// Insert adds r; [ErrExists], and nothing changed, when its key or its id
	// is taken.
	Insert(ctx context.Context, r Record) error
	// Find returns the record of a value; [ErrUnknown].
	Find(ctx context.Context, k Key) (Record, error)
	// Get returns the record of an id; [ErrUnknown].
	Get(ctx context.Context, id string) (Record, error)
	// List returns all records, the earliest CreatedAt first, equal ones by
	// ID.
	List(ctx context.Context) ([]Record, error)
	// Update changes a record; [ErrUnknown].
	Update(ctx context.Context, id string, change func(*Record) error) (Record, error)
	// Delete removes a record; [ErrUnknown].
	Delete(ctx context.Context, id string) error
}

// State of a code.
type State string

// The states. Only a live code can be used.
const (
	Live State = "live"
	// Spent: it was used.
	Spent State = "spent"
	// Dead: replaced by a later one, or given up after too many wrong uses.
	Dead State = "dead"
)

// CodeRecord is a sign-in code as it is kept.
type CodeRecord struct {
	Key   Key
	Proof Proof
	// IssuedAt and ExpiresAt bound its life; at exactly ExpiresAt it is over.
	IssuedAt  time.Time
	ExpiresAt time.Time
	State     State
	// Misses counts uses under a wrong name.
	Misses int
}

// Clone returns a copy that shares no memory that can be written to.
func (r *CodeRecord) Clone() CodeRecord {
	c := *r
	c.Proof.Carry = bytes.Clone(r.Proof.Carry)
	return c
}

// SignInCodes is the store of the sign-in codes. The user of a code is
// Proof.Username.
type SignInCodes interface {
	// Insert adds r, [ErrExists] when its key is taken. When the user then
	// has more than limit live ones, unexpired at now, those issued first
	// become [Dead], never r itself; 0 means no limit.
	Insert(ctx context.Context, r CodeRecord, limit int, now time.Time) error
	// Update changes a record; [ErrUnknown].
	Update(ctx context.Context, k Key, change func(*CodeRecord) error) (CodeRecord, error)
	// Sweep removes up to limit records that are over at now, or [Dead], and
	// returns them.
	Sweep(ctx context.Context, now time.Time, limit int) ([]CodeRecord, error)
}

// BreakGlassRecord is a break-glass code as it is kept.
type BreakGlassRecord struct {
	Key      Key
	Username string
	MadeAt   time.Time
	// ExpiresAt is when it is over.
	ExpiresAt time.Time
	// SpentAt is when it was used; zero when it was not.
	SpentAt time.Time
	// By is who made it, Reason what for.
	By     string
	Reason string
}

// BreakGlassCodes is the store of the break-glass codes.
type BreakGlassCodes interface {
	// Replace puts codes in the place of all that the user has, in one step,
	// and returns the ones before; no codes remove them. [ErrExists], and
	// nothing changed, when a key is taken. Every one of codes is the user's.
	Replace(ctx context.Context, username string, codes []BreakGlassRecord) (before []BreakGlassRecord, err error)
	// Update changes a record; [ErrUnknown].
	Update(ctx context.Context, k Key, change func(*BreakGlassRecord) error) (BreakGlassRecord, error)
	// List returns the codes of a user, of everybody when username is empty,
	// by username and then in the order in which they were given.
	List(ctx context.Context, username string) ([]BreakGlassRecord, error)
}
