package token

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// MemoryBreakGlass is [BreakGlassCodes] in the memory of one process: for
// tests and trials. Nothing survives a restart.
type MemoryBreakGlass struct {
	mu    sync.Mutex
	users map[string][]BreakGlassRecord
}

var _ BreakGlassCodes = (*MemoryBreakGlass)(nil)

// NewMemoryBreakGlass returns an empty store.
func NewMemoryBreakGlass() *MemoryBreakGlass {
	return &MemoryBreakGlass{users: make(map[string][]BreakGlassRecord)}
}

// Replace implements [BreakGlassCodes].
func (m *MemoryBreakGlass) Replace(_ context.Context, username string, codes []BreakGlassRecord) ([]BreakGlassRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := make(map[Key]bool)
	for i := range codes {
		if r := m.find(codes[i].Key); seen[codes[i].Key] || r != nil && r.Username != username {
			return nil, ErrExists
		}
		seen[codes[i].Key] = true
	}
	before := m.users[username]
	delete(m.users, username)
	if len(codes) > 0 {
		m.users[username] = slices.Clone(codes)
	}
	return before, nil
}

func (m *MemoryBreakGlass) find(k Key) *BreakGlassRecord {
	for _, codes := range m.users {
		for i := range codes {
			if codes[i].Key == k {
				return &codes[i]
			}
		}
	}
	return nil
}

// Update implements [BreakGlassCodes].
func (m *MemoryBreakGlass) Update(_ context.Context, k Key, change func(*BreakGlassRecord) error) (BreakGlassRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.find(k)
	if stored == nil {
		return BreakGlassRecord{}, ErrUnknown
	}
	changed := *stored
	if err := change(&changed); err != nil {
		return BreakGlassRecord{}, err
	}
	changed.Key, changed.Username = stored.Key, stored.Username
	*stored = changed
	return changed, nil
}

// List implements [BreakGlassCodes].
func (m *MemoryBreakGlass) List(_ context.Context, username string) ([]BreakGlassRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if username != "" {
		return slices.Clone(m.users[username]), nil
	}
	var all []BreakGlassRecord
	for _, name := range slices.Sorted(maps.Keys(m.users)) {
		all = append(all, m.users[name]...)
	}
	return all, nil
}
