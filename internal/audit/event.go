package audit

import (
	"context"
	"errors"
	"fmt"
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

// Errors of recorders.
var (
	// ErrUnknownName: the name is not in the catalogue.
	ErrUnknownName = errors.New("audit: event name is not in the catalogue")
	// ErrBadOutcome: the outcome is none of the three.
	ErrBadOutcome = errors.New("audit: no such outcome")
	// ErrUnwritten: the event is not durable. The next call tries anew.
	ErrUnwritten = errors.New("audit: event could not be written")
	// ErrClosed: the trail is closed.
	ErrClosed = errors.New("audit: trail is closed")
)

// Validate returns [ErrUnknownName] or [ErrBadOutcome] for an event that no
// trail takes. Both are faults of the emitter, never of what a client sent.
func (e *Event) Validate() error {
	if !Known(e.Name) {
		return fmt.Errorf("%w: %q", ErrUnknownName, e.Name)
	}
	switch e.Outcome {
	case OK, Refused, Failed:
		return nil
	}
	return fmt.Errorf("%w: %q in %s", ErrBadOutcome, e.Outcome, e.Name)
}

// Entry is an event as the trail wrote it.
type Entry struct {
	// Event holds, in UnknownUsername, the keyed hash of the name.
	Event
	// UnknownBytes is the length of the unknown name.
	UnknownBytes int
	// MoreDetails is how many values of Detail were not written.
	MoreDetails int
	// Time is when the trail wrote the event, in UTC.
	Time time.Time
	// Sequence counts the events of a trail, over restarts and rotations.
	// Order is by sequence, not by time: clocks step (threat T197).
	Sequence uint64
	Node     string
	// Prev and MAC hang the record into the chain; they are zero in a trail
	// without one.
	Prev, MAC Sum
}
