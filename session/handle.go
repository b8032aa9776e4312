package session

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// ErrAmbiguous means that more than one session answers to the handle; tell
// more of it.
var ErrAmbiguous = errors.New("session: handle is not of one session alone")

// shortestHandle is how many characters of a handle must be told.
const shortestHandle = 4

// KeyRange is what a [Store] may offer beside its contract, so that one
// session is found by its handle without listing them all.
type KeyRange interface {
	// Between returns up to max live sessions at now whose key is neither
	// before low nor after high, in the order of their keys.
	Between(ctx context.Context, low, high Key, now time.Time, max int) ([]Session, error)
}

// ByHandle returns the live session of a handle, of any kind. The first
// four characters or more will do where they are those of one session only,
// otherwise it is [ErrAmbiguous]; [ErrNotFound] when there is none. It counts
// as no activity.
func (m *Manager) ByHandle(ctx context.Context, handle string) (Session, error) {
	handle = strings.ToLower(handle)
	low, high, ok := keysOf(handle)
	if !ok {
		return Session{}, ErrNotFound
	}
	found, err := m.between(ctx, low, high)
	switch {
	case err != nil:
		return Session{}, storeError(err)
	case len(found) == 0:
		return Session{}, ErrNotFound
	case len(found) > 1:
		return Session{}, ErrAmbiguous
	}
	return found[0], nil
}

func (m *Manager) between(ctx context.Context, low, high Key) ([]Session, error) {
	now := m.clock.Now()
	if store, ok := m.cfg.Store.(KeyRange); ok {
		return store.Between(ctx, low, high, now, 2)
	}
	all, err := m.cfg.Store.List(ctx, "", now)
	var found []Session
	for _, s := range all {
		if s.Key.within(low, high) {
			found = append(found, s)
		}
	}
	return found, err
}

// keysOf returns the first and the last key whose handle begins like this.
func keysOf(handle string) (low, high Key, ok bool) {
	if len(handle) < shortestHandle || len(handle) > len(Key{}.Handle()) {
		return low, high, false
	}
	full := 2 * len(Key{})
	first, errFirst := hex.DecodeString(handle + strings.Repeat("0", full-len(handle)))
	last, errLast := hex.DecodeString(handle + strings.Repeat("f", full-len(handle)))
	if errFirst != nil || errLast != nil {
		return low, high, false
	}
	return Key(first), Key(last), true
}
