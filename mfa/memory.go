package mfa

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"
)

// Bounds of what a [Memory] holds.
const (
	// memoryRecords bounds transactions in any phase. Ended ones make room
	// first: a replay of them is then an unknown state.
	memoryRecords = 200_000
	// memorySources bounds remembered addresses; those that end soonest make
	// room.
	memorySources = 100_000
	// memoryCodes bounds spent codes. They never make room: a forgotten code
	// could be spent twice.
	memoryCodes = 1_000_000
)

var errCodesFull = errors.New("mfa: memory for spent codes is full")

// Memory is [Transactions], [Unfinished], [Sources] and [Codes] in the memory
// of one process: for tests, benchmarks and trials. Nothing survives a
// restart. It is safe for concurrent use; every call but Live takes at most
// logarithmic time.
type Memory struct {
	transactions memoryTransactions
	sources      deadlines[source]
	codes        deadlines[[sha256.Size]byte]
}

var (
	_ Transactions = (*Memory)(nil)
	_ Unfinished   = (*Memory)(nil)
	_ Sources      = (*Memory)(nil)
	_ Codes        = (*Memory)(nil)
)

type source struct {
	username string
	addr     netip.Addr
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return new(Memory) }

// Insert implements [Transactions].
func (m *Memory) Insert(_ context.Context, t Transaction, l Limits, now time.Time) ([]Transaction, error) {
	return m.transactions.insert(t, l, now)
}

// Find implements [Transactions].
func (m *Memory) Find(_ context.Context, k Key) (Transaction, error) {
	return m.transactions.find(k)
}

// Update implements [Transactions].
func (m *Memory) Update(_ context.Context, k Key, change func(*Transaction) error) (Transaction, error) {
	return m.transactions.update(k, change)
}

// Siblings implements [Transactions].
func (m *Memory) Siblings(_ context.Context, binding [sha256.Size]byte, now time.Time) ([]Transaction, error) {
	return m.transactions.siblings(binding, now), nil
}

// Sweep implements [Transactions].
func (m *Memory) Sweep(_ context.Context, expiredBefore time.Time, limit int) (int, []Transaction, error) {
	removed, live := m.transactions.sweep(expiredBefore, limit)
	return removed, live, nil
}

// Live implements [Unfinished].
func (m *Memory) Live(_ context.Context, after Key, limit int) ([]Transaction, error) {
	return m.transactions.live(after, limit), nil
}

// Known implements [Sources].
func (m *Memory) Known(_ context.Context, username string, addr netip.Addr, now time.Time) (bool, error) {
	return m.sources.beyond(source{username, addr}, now), nil
}

// Remember implements [Sources].
func (m *Memory) Remember(_ context.Context, username string, addr netip.Addr, until time.Time) error {
	m.sources.extend(source{username, addr}, until, memorySources)
	return nil
}

// Spend implements [Codes].
func (m *Memory) Spend(_ context.Context, code [sha256.Size]byte, until, now time.Time) (bool, error) {
	fresh, full := m.codes.take(code, until, now, memoryCodes)
	if full {
		return false, errCodesFull
	}
	return fresh, nil
}
