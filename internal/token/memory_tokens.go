package token

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
)

// MemoryTokens is [ServiceTokens] in the memory of one process: for tests and
// trials. Nothing survives a restart.
type MemoryTokens struct {
	mu  sync.Mutex
	ids map[string]*Record
	// keys are the ids by key.
	keys map[Key]string
}

var _ ServiceTokens = (*MemoryTokens)(nil)

// NewMemoryTokens returns an empty store.
func NewMemoryTokens() *MemoryTokens {
	return &MemoryTokens{ids: make(map[string]*Record), keys: make(map[Key]string)}
}

// Insert implements [ServiceTokens].
func (m *MemoryTokens) Insert(_ context.Context, r Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, key := m.keys[r.Key]
	_, id := m.ids[r.ID]
	if key || id {
		return ErrExists
	}
	stored := r.Clone()
	m.ids[r.ID], m.keys[r.Key] = &stored, r.ID
	return nil
}

// Find implements [ServiceTokens].
func (m *MemoryTokens) Find(_ context.Context, k Key) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, found := m.keys[k]
	if !found {
		return Record{}, ErrUnknown
	}
	return m.ids[id].Clone(), nil
}

// Get implements [ServiceTokens].
func (m *MemoryTokens) Get(_ context.Context, id string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.ids[id]
	if r == nil {
		return Record{}, ErrUnknown
	}
	return r.Clone(), nil
}

// List implements [ServiceTokens].
func (m *MemoryTokens) List(context.Context) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Record, 0, len(m.ids))
	for _, r := range m.ids {
		all = append(all, r.Clone())
	}
	slices.SortFunc(all, func(a, b Record) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Update implements [ServiceTokens].
func (m *MemoryTokens) Update(_ context.Context, id string, change func(*Record) error) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := m.ids[id]
	if stored == nil {
		return Record{}, ErrUnknown
	}
	changed := stored.Clone()
	if err := change(&changed); err != nil {
		return Record{}, err
	}
	changed.Key, changed.ID, changed.Username = stored.Key, stored.ID, stored.Username
	*stored = changed.Clone()
	return changed, nil
}

// Delete implements [ServiceTokens].
func (m *MemoryTokens) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.ids[id]
	if r == nil {
		return ErrUnknown
	}
	delete(m.ids, id)
	delete(m.keys, r.Key)
	return nil
}
