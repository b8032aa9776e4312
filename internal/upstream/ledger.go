package upstream

import (
	"context"
	"encoding/hex"
	"time"
)

// ID names one session at the engine. It is random and opens nothing.
type ID [16]byte

// Handle is a short form for logs.
func (id ID) Handle() string { return hex.EncodeToString(id[:6]) }

// Entry is a session at the engine that nobody holds, or that is being ended.
type Entry struct {
	ID ID
	// Sealed is the cookie and whose it is. It opens only for this ID.
	Sealed []byte
	// OpenedAt is when the engine was asked for the session.
	OpenedAt time.Time
	// Node is the [Config.Node] of the server that opened it.
	Node string
}

// Ledger keeps the sessions at the engine that must not outlive this server
// unnoticed. Implementations are safe for concurrent use, and what a call did
// is durable when it returns. They keep every field, OpenedAt to the nanosecond
// as an instant (the location may change), and return copies: nobody can change
// what is stored through a value given or returned. An error means that the
// ledger could not answer, and leaves open whether it did what it was asked.
type Ledger interface {
	// Add notes e. When its ID is noted already, nothing changes and the error
	// is nil.
	Add(ctx context.Context, e Entry) error
	// Remove forgets the entry and reports whether it was there. Of several
	// calls at once exactly one gets true.
	Remove(ctx context.Context, id ID) (bool, error)
	// List returns the entries, those with the earliest OpenedAt first, those
	// of one instant in the order of their IDs.
	List(ctx context.Context) ([]Entry, error)
}
