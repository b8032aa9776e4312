package mfa

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

var errDuplicateKey = errors.New("mfa: transaction exists")

// memoryTransactions keeps every record in byKey and ends. A live one is
// counted until it ends by phase or by time: it is then in counted, users,
// clients and bindings. One that ended by phase is in dead.
type memoryTransactions struct {
	mu       sync.Mutex
	byKey    map[Key]*record
	ends     queue[*record]
	counted  queue[*record]
	dead     queue[*record]
	users    map[string]int
	clients  map[client][]*record // in the order of insertion
	bindings map[[sha256.Size]byte][]*record
}

type client struct {
	username string
	addr     netip.Addr
}

type record struct {
	tx Transaction
	// The places in the queues; nil when not there.
	end, counted, dead *queued[*record]
}

func (r *record) client() client { return client{r.tx.Username, r.tx.Addr} }

// copy shares nothing with the record.
func (r *record) copy() Transaction {
	tx := r.tx
	tx.Carry = slices.Clone(tx.Carry)
	return tx
}

func (m *memoryTransactions) insert(t Transaction, l Limits, now time.Time) ([]Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.byKey[t.Key]; ok {
		return nil, errDuplicateKey
	}
	m.uncountExpired(now)
	victims, err := m.room(t, l)
	if err != nil {
		return nil, err
	}
	full := len(m.byKey) >= memoryRecords
	if full && m.dead.len() == 0 && len(victims) == 0 {
		return nil, ErrTooManyPending
	}
	var replaced []Transaction
	for _, v := range victims {
		v.tx.Phase = Burned
		replaced = append(replaced, v.copy())
		v.tx.Carry = nil
		m.bury(v)
	}
	if full {
		m.remove(m.dead.first().value)
	}
	m.add(t)
	return replaced, nil
}

// room applies the limits and returns what must be burned for t.
func (m *memoryTransactions) room(t Transaction, l Limits) ([]*record, error) {
	mine := m.clients[client{t.Username, t.Addr}]
	if l.PerClient > 0 && len(mine) >= l.PerClient {
		need := len(mine) - l.PerClient + 1
		var victims []*record
		for _, r := range mine {
			if r.tx.Phase == Pending && len(victims) < need {
				victims = append(victims, r)
			}
		}
		if len(victims) < need {
			return nil, ErrTooManyPending
		}
		return victims, nil
	}
	if l.PerUser > 0 && m.users[t.Username] >= l.PerUser || l.Total > 0 && m.counted.len() >= l.Total {
		return nil, ErrTooManyPending
	}
	return nil, nil
}

func (m *memoryTransactions) add(t Transaction) {
	if m.byKey == nil {
		m.byKey = make(map[Key]*record)
		m.users = make(map[string]int)
		m.clients = make(map[client][]*record)
		m.bindings = make(map[[sha256.Size]byte][]*record)
	}
	r := &record{tx: t}
	r.tx.Carry = slices.Clone(t.Carry)
	m.byKey[t.Key] = r
	r.end = m.ends.push(t.ExpiresAt, r)
	r.counted = m.counted.push(t.ExpiresAt, r)
	m.users[t.Username]++
	m.clients[r.client()] = append(m.clients[r.client()], r)
	m.bindings[t.Binding] = append(m.bindings[t.Binding], r)
}

// uncount takes a record out of everything that limits look at.
func (m *memoryTransactions) uncount(r *record) {
	if r.counted == nil {
		return
	}
	m.counted.remove(r.counted)
	r.counted = nil
	if m.users[r.tx.Username]--; m.users[r.tx.Username] == 0 {
		delete(m.users, r.tx.Username)
	}
	without(m.clients, r.client(), r)
	without(m.bindings, r.tx.Binding, r)
}

func without[K comparable](lists map[K][]*record, k K, r *record) {
	list := lists[k]
	if i := slices.Index(list, r); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(lists, k)
		return
	}
	lists[k] = list
}

func (m *memoryTransactions) uncountExpired(now time.Time) {
	for item := m.counted.first(); item != nil && item.value.tx.ExpiredAt(now); item = m.counted.first() {
		m.uncount(item.value)
	}
}

// bury notes that a record ended by phase.
func (m *memoryTransactions) bury(r *record) {
	m.uncount(r)
	if r.dead == nil {
		r.dead = m.dead.push(r.tx.ExpiresAt, r)
	}
}

func (m *memoryTransactions) remove(r *record) {
	m.uncount(r)
	if r.dead != nil {
		m.dead.remove(r.dead)
	}
	m.ends.remove(r.end)
	delete(m.byKey, r.tx.Key)
}

func (m *memoryTransactions) find(k Key) (Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byKey[k]
	if !ok {
		return Transaction{}, ErrUnknownState
	}
	return r.copy(), nil
}

func (m *memoryTransactions) update(k Key, change func(*Transaction) error) (Transaction, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byKey[k]
	if !ok {
		return Transaction{}, ErrUnknownState
	}
	changed := r.copy()
	if err := change(&changed); err != nil {
		return Transaction{}, err
	}
	r.tx.Phase, r.tx.Misses, r.tx.UnsentCode = changed.Phase, changed.Misses, changed.UnsentCode
	r.tx.Carry = slices.Clone(changed.Carry)
	if !r.tx.Phase.Live() {
		m.bury(r)
	}
	return r.copy(), nil
}

func (m *memoryTransactions) siblings(binding [sha256.Size]byte, now time.Time) []Transaction {
	m.mu.Lock()
	defer m.mu.Unlock()
	var live []Transaction
	for _, r := range m.bindings[binding] {
		if !r.tx.ExpiredAt(now) {
			live = append(live, r.copy())
		}
	}
	return live
}

func (m *memoryTransactions) sweep(before time.Time, limit int) (removed int, live []Transaction) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for item := m.ends.first(); item != nil && removed < limit && item.at.Before(before); item = m.ends.first() {
		if item.value.tx.Phase.Live() {
			live = append(live, item.value.copy())
		}
		m.remove(item.value)
		removed++
	}
	return removed, live
}

func (m *memoryTransactions) live(after Key, limit int) []Transaction {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []*record
	for k, r := range m.byKey {
		if r.tx.Phase.Live() && bytes.Compare(k[:], after[:]) > 0 {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *record) int { return bytes.Compare(a.tx.Key[:], b.tx.Key[:]) })
	list := make([]Transaction, 0, min(len(found), limit))
	for _, r := range found[:min(len(found), limit)] {
		list = append(list, r.copy())
	}
	return list
}
