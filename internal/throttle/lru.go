package throttle

// lru is a map of at most capacity keys that forgets the one used longest ago.
// The values lie in one slice and are linked by index: no pointers for the
// garbage collector, no allocation a key. It is not safe for concurrent use.
type lru[V any] struct {
	capacity int
	index    map[key]int32
	nodes    []node[V]
	// newest and oldest are the ends of the list; none when it is empty.
	newest, oldest int32
}

type node[V any] struct {
	key          key
	newer, older int32
	value        V
}

const none = -1

func newLRU[V any](capacity int) lru[V] {
	return lru[V]{capacity: capacity, index: make(map[key]int32), newest: none, oldest: none}
}

// find returns the value of k, now the newest; nil when k is unknown. The
// pointer is good until the next call of obtain.
func (l *lru[V]) find(k key) *V {
	i, ok := l.index[k]
	if !ok {
		return nil
	}
	l.unlink(i)
	l.link(i)
	return &l.nodes[i].value
}

// obtain is find that adds k with the zero value when it is unknown.
func (l *lru[V]) obtain(k key) *V {
	if v := l.find(k); v != nil {
		return v
	}
	var i int32
	if len(l.nodes) < l.capacity {
		i = int32(len(l.nodes)) //nolint:gosec // the capacity is far below 2^31
		l.nodes = append(l.nodes, node[V]{key: k})
	} else {
		i = l.oldest
		l.unlink(i)
		delete(l.index, l.nodes[i].key)
		l.nodes[i] = node[V]{key: k}
	}
	l.index[k] = i
	l.link(i)
	return &l.nodes[i].value
}

// link makes node i the newest.
func (l *lru[V]) link(i int32) {
	l.nodes[i].newer, l.nodes[i].older = none, l.newest
	if l.newest != none {
		l.nodes[l.newest].newer = i
	} else {
		l.oldest = i
	}
	l.newest = i
}

// unlink takes node i out of the list.
func (l *lru[V]) unlink(i int32) {
	n := &l.nodes[i]
	if n.newer != none {
		l.nodes[n.newer].older = n.older
	} else {
		l.newest = n.older
	}
	if n.older != none {
		l.nodes[n.older].newer = n.newer
	} else {
		l.oldest = n.newer
	}
}
