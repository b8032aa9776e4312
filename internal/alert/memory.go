package alert

import "container/list"

// memory is a map of bounded size that forgets what was put in longest ago.
type memory[K comparable, V any] struct {
	most  int
	items map[K]*list.Element
	order *list.List
}

type remembrance[K comparable, V any] struct {
	key   K
	value V
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{most: most, items: make(map[K]*list.Element), order: list.New()}
}

func (m *memory[K, V]) get(k K) (v V, known bool) {
	item, ok := m.items[k]
	if !ok {
		return v, false
	}
	return item.Value.(*remembrance[K, V]).value, true //nolint:forcetypeassert // nothing else is put in
}

func (m *memory[K, V]) put(k K, v V) {
	if item, ok := m.items[k]; ok {
		m.order.Remove(item)
	}
	m.items[k] = m.order.PushBack(&remembrance[K, V]{key: k, value: v})
	if m.order.Len() > m.most {
		oldest := m.order.Front()
		m.order.Remove(oldest)
		delete(m.items, oldest.Value.(*remembrance[K, V]).key) //nolint:forcetypeassert // as above
	}
}
