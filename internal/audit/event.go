package audit

import (
	"context"
	"net/netip"
	"time"
)

// Event is one fact for the audit trail. Emitters fill what they know; the
// trail adds time, sequence and node. No field may hold a secret, a code, a
// state, a session id or a request body.
type Event struct {
	// Name is the catalogue entry; required.
	Name Name
	// Outcome is "ok", "refused" or "error".
	Outcome Outcome
	// Username is the canonical name where one is known. For a name that no
	// directory knows, leave it empty and set UnknownUsername: people type
	// passwords into the username field.
	Username        string
	UnknownUsername string
	// Actor is who did it where that is not the user: an administrator, an
	// operating system user at the command line, "system".
	Actor string
	// Source is the client's address as far as it can be trusted.
	Source netip.Addr
	// UserAgent is the client's own word for itself, shortened by the trail.
	UserAgent string
	// Transaction and Session are short public handles (a prefix of the
	// hash), never the value itself; they tie the records of one login
	// together.
	Transaction string
	Session     string
	// RequestID is the correlation id of the HTTP request or command.
	RequestID string
	// Reason says why, as a constant of the emitting package.
	Reason string
	// Detail holds further values, for example Duo's factor and txid.
	Detail map[string]string
}

// Outcome of an [Event].
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Failed  Outcome = "error"
)

// Recorder is what emitters need of the trail; each emitting package declares
// the same method for itself.
//
// Record returns only when the event is durable. When it returns an error the
// caller must not let the effect become visible (threat T195).
type Recorder interface {
	Record(ctx context.Context, e Event) error
}

// Entry is an event as the trail wrote it.
type Entry struct {
	Event
	Time     time.Time
	Sequence uint64
	Node     string
}
