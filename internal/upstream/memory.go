package upstream

import (
	"bytes"
	"context"
	"slices"
	"sync"
)

// MemoryLedger is a [Ledger] for tests and demonstrations: it forgets all when
// the process ends, and so lets a crash leave sessions at the engine.
type MemoryLedger struct {
	mu      sync.Mutex
	entries map[ID]Entry
}

var _ Ledger = (*MemoryLedger)(nil)

// NewMemoryLedger returns an empty ledger.
func NewMemoryLedger() *MemoryLedger { return &MemoryLedger{entries: make(map[ID]Entry)} }

// Add implements [Ledger].
func (m *MemoryLedger) Add(_ context.Context, e Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.entries[e.ID]; !there {
		e.Sealed = bytes.Clone(e.Sealed)
		m.entries[e.ID] = e
	}
	return nil
}

// Remove implements [Ledger].
func (m *MemoryLedger) Remove(_ context.Context, id ID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, there := m.entries[id]
	delete(m.entries, id)
	return there, nil
}

// List implements [Ledger].
func (m *MemoryLedger) List(context.Context) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	entries := make([]Entry, 0, len(m.entries))
	for _, e := range m.entries {
		e.Sealed = bytes.Clone(e.Sealed)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return entries, nil
}
