package duotest

import "slices"

// table keeps objects by their key and in the order in which they were added,
// which is the order of the Admin API's lists.
type table[T any] struct {
	items map[string]T
	keys  []string
}

func newTable[T any]() table[T] { return table[T]{items: map[string]T{}} }

// get is the zero value when there is no such object.
func (t *table[T]) get(key string) T { return t.items[key] }

func (t *table[T]) has(key string) bool {
	_, ok := t.items[key]
	return ok
}

func (t *table[T]) put(key string, item T) {
	if !t.has(key) {
		t.keys = append(t.keys, key)
	}
	t.items[key] = item
}

// remove says whether there was something to remove.
func (t *table[T]) remove(key string) bool {
	if !t.has(key) {
		return false
	}
	delete(t.items, key)
	i := slices.Index(t.keys, key)
	t.keys = slices.Delete(t.keys, i, i+1)
	return true
}

func (t *table[T]) len() int { return len(t.keys) }

// all is a copy that may be kept.
func (t *table[T]) all() []T {
	out := make([]T, 0, len(t.keys))
	for _, key := range t.keys {
		out = append(out, t.items[key])
	}
	return out
}
