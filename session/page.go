package session

import (
	"context"
	"slices"
)

// Page returns up to max live sessions whose key comes after one, in the order
// of their keys: all of them are seen, page by page, without holding them all.
// The zero key is before all. It counts as no activity.
func (m *Manager) Page(ctx context.Context, after Key, max int) ([]Session, error) {
	var last Key
	for i := range last {
		last[i] = 0xff
	}
	first, some := after.next()
	if !some || max <= 0 {
		return nil, nil
	}
	now := m.clock.Now()
	if store, ok := m.cfg.Store.(KeyRange); ok {
		page, err := store.Between(ctx, first, last, now, max)
		if err != nil {
			return nil, storeError(err)
		}
		return page, nil
	}
	all, err := m.cfg.Store.List(ctx, "", now)
	if err != nil {
		return nil, storeError(err)
	}
	all = slices.DeleteFunc(all, func(s Session) bool { return !s.Key.within(first, last) })
	slices.SortFunc(all, func(a, b Session) int { return slices.Compare(a.Key[:], b.Key[:]) })
	return all[:min(len(all), max)], nil
}

// next is the key after k; none after the last.
func (k Key) next() (Key, bool) {
	if k == (Key{}) {
		return k, true // nobody has it
	}
	for i := len(k) - 1; i >= 0; i-- {
		k[i]++
		if k[i] != 0 {
			return k, true
		}
	}
	return k, false
}
