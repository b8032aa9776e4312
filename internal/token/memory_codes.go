package token

import (
	"context"
	"slices"
	"sync"
	"time"
)

// MemoryCodes is [SignInCodes] in the memory of one process: for tests and
// trials. Nothing survives a restart.
type MemoryCodes struct {
	mu sync.Mutex
	// codes are in the order in which they were inserted.
	codes []*CodeRecord
}

var _ SignInCodes = (*MemoryCodes)(nil)

// NewMemoryCodes returns an empty store.
func NewMemoryCodes() *MemoryCodes { return new(MemoryCodes) }

// Insert implements [SignInCodes].
func (m *MemoryCodes) Insert(_ context.Context, r CodeRecord, limit int, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(r.Key) != nil {
		return ErrExists
	}
	var live []*CodeRecord
	for _, c := range m.codes {
		if c.Proof.Username == r.Proof.Username && c.State == Live && now.Before(c.ExpiresAt) {
			live = append(live, c)
		}
	}
	slices.SortStableFunc(live, func(a, b *CodeRecord) int { return a.IssuedAt.Compare(b.IssuedAt) })
	for i := 0; limit > 0 && i <= len(live)-limit; i++ {
		live[i].State = Dead
	}
	stored := r.Clone()
	m.codes = append(m.codes, &stored)
	return nil
}

func (m *MemoryCodes) find(k Key) *CodeRecord {
	i := slices.IndexFunc(m.codes, func(c *CodeRecord) bool { return c.Key == k })
	if i < 0 {
		return nil
	}
	return m.codes[i]
}

// Update implements [SignInCodes].
func (m *MemoryCodes) Update(_ context.Context, k Key, change func(*CodeRecord) error) (CodeRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.find(k)
	if stored == nil {
		return CodeRecord{}, ErrUnknown
	}
	changed := stored.Clone()
	if err := change(&changed); err != nil {
		return CodeRecord{}, err
	}
	changed.Key, changed.Proof.Username = stored.Key, stored.Proof.Username
	*stored = changed.Clone()
	return changed, nil
}

// Sweep implements [SignInCodes].
func (m *MemoryCodes) Sweep(_ context.Context, now time.Time, limit int) ([]CodeRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var over []CodeRecord
	m.codes = slices.DeleteFunc(m.codes, func(c *CodeRecord) bool {
		if len(over) >= limit || c.State != Dead && now.Before(c.ExpiresAt) {
			return false
		}
		over = append(over, *c)
		return true
	})
	return over, nil
}
