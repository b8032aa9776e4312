package audit

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
)

// MemoryIndex is an [Index] that a restart empties, and the trail then fills
// again from its files. It grows with the trail, by some 200 bytes a record.
// The zero value is ready; it is safe for concurrent use.
type MemoryIndex struct {
	mu      sync.RWMutex
	entries []IndexEntry // guarded by mu; ascending
}

var _ Index = (*MemoryIndex)(nil)

// Add implements [Index].
func (m *MemoryIndex) Add(ctx context.Context, entries []IndexEntry, rest func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, e := range entries {
		if i > 0 && rest != nil {
			rest()
		}
		e.Time = e.Time.UTC()
		at, there := m.find(e.Sequence)
		if there {
			m.entries[at] = e
			continue
		}
		m.entries = slices.Insert(m.entries, at, e)
	}
	return nil
}

func (m *MemoryIndex) find(sequence uint64) (int, bool) {
	return slices.BinarySearchFunc(m.entries, sequence, func(e IndexEntry, s uint64) int { return cmp.Compare(e.Sequence, s) })
}

// Search implements [Index].
func (m *MemoryIndex) Search(ctx context.Context, f Filter) iter.Seq2[IndexEntry, error] {
	return func(yield func(IndexEntry, error) bool) {
		for _, e := range m.matching(f) {
			if err := ctx.Err(); err != nil {
				yield(IndexEntry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *MemoryIndex) matching(f Filter) []IndexEntry {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []IndexEntry
	take := func(e *IndexEntry) bool {
		if f.MatchIndex(e) {
			found = append(found, *e)
		}
		return f.Limit == 0 || len(found) < f.Limit
	}
	if !f.Newest {
		for i := 0; i < len(m.entries) && take(&m.entries[i]); i++ {
		}
		return found
	}
	for i := len(m.entries) - 1; i >= 0 && take(&m.entries[i]); i-- {
	}
	slices.Reverse(found)
	return found
}

// Last implements [Index].
func (m *MemoryIndex) Last(ctx context.Context) (IndexEntry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.entries) == 0 {
		return IndexEntry{}, ctx.Err()
	}
	return m.entries[len(m.entries)-1], ctx.Err()
}
