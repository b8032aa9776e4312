package redis

import (
	"errors"
	"fmt"
)

// Errors of [Open], and the reasons that [Store.Check] gives. None of them is
// an answer about a record: each room reports them as its own "unavailable".
var (
	// ErrUnreachable: no address answers as a primary.
	ErrUnreachable = errors.New("redis: no primary can be reached")
	// ErrNotPrimary: the server is a replica.
	ErrNotPrimary = errors.New("redis: server is no primary")
	// ErrReplicas: fewer replicas than configured are connected, or have
	// acknowledged a write in time.
	ErrReplicas = errors.New("redis: not enough replicas")
	// ErrEviction: the server may drop keys (maxmemory-policy must be
	// noeviction).
	ErrEviction = errors.New("redis: maxmemory-policy must be noeviction")
	// ErrCluster: the server is a Redis Cluster.
	ErrCluster = errors.New("redis: cluster mode is not supported")
	// ErrVersion: the server is older than [Config.MinVersion].
	ErrVersion = errors.New("redis: server is too old")
	// ErrTooNew: a later version of the program wrote the data.
	ErrTooNew = errors.New("redis: data was written by a later version")
	// ErrWrongKey: the data was sealed under another key.
	ErrWrongKey = errors.New("redis: data was sealed under another key")
	// ErrClock: this node's clock and the server's are too far apart.
	ErrClock = errors.New("redis: clock differs from the server's")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("redis: store is closed")
	// ErrRolledBack: a record is older than one seen before: the server lost
	// acknowledged writes.
	ErrRolledBack = errors.New("redis: record is older than one seen before")
)

// Errors within a call.
var (
	errReply     = errors.New("redis: unexpected reply")
	errRecord    = errors.New("redis: record is not what was written")
	errContended = errors.New("redis: record changes too often")
	errDuplicate = errors.New("redis: transaction exists")
)

// faultError is a failure of the store itself, never an answer about a record.
type faultError struct {
	op  string
	err error
}

func (e *faultError) Error() string { return e.op + ": " + e.err.Error() }
func (e *faultError) Unwrap() error { return e.err }

// fault wraps err as a [faultError].
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return &faultError{op: op, err: err}
}

// unavailable gives a room's own sentinel to failures of the store, and leaves
// every other error as it is.
func unavailable(sentinel, err error) error {
	if _, ok := errors.AsType[*faultError](err); ok && !errors.Is(err, sentinel) {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
}
