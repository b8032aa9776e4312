package mfa

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Pauses remember how long users' phones are left alone, and their passcodes
// not tried (threat T037): of one node in memory, [NewPauses], or in a store
// that nodes share, so that what was denied at one is not asked at another.
// They are safe for concurrent use.
type Pauses interface {
	// Change hands change what is kept of one, the zero Pause when nothing is,
	// and keeps what it makes of it until that is forgotten; the zero Pause is
	// not kept. Nothing else changes the same one meanwhile; change may be
	// called again when something did, and its error is returned as it is, with
	// nothing changed. Errors: [ErrPausesFull], [ErrUnavailable].
	Change(ctx context.Context, of Braked, now time.Time, change func(*Pause) error) error
}

// ErrPausesFull means that no more users can be remembered just now.
var ErrPausesFull = errors.New("mfa: too many phones are left alone")

// Braked is what is braked: the questions to a user's phone, or his passcodes.
// The name is Duo's, because it is Duo's user whose phone rings.
type Braked struct {
	DuoUsername string
	Passcodes   bool
}

// Pause is what is kept.
type Pause struct {
	// Until nothing may be asked; while a question is open, its latest end.
	Until time.Time
	// Turn names the last question; random.
	Turn uint64
	// Strikes counts questions in a row that were not approved, Frauds those
	// of them that were reported.
	Strikes, Frauds int
}

// Forgotten reports whether p means nothing any more.
func (p Pause) Forgotten(now time.Time) bool { return !now.Before(p.Until.Add(brakeMemory)) }

// Keep is how long p is to be kept.
func (p Pause) Keep(now time.Time) time.Duration { return p.Until.Add(brakeMemory).Sub(now) }

// pausesUsers bound the memory.
const pausesUsers = 100_000

// memoryPauses are the [Pauses] of one process.
type memoryPauses struct {
	mu  sync.Mutex
	all map[Braked]Pause
}

// NewPauses returns Pauses in the memory of this process, which forgets them
// when it ends. It remembers 100,000 users.
func NewPauses() Pauses { return &memoryPauses{all: make(map[Braked]Pause)} }

// Change implements [Pauses].
func (m *memoryPauses) Change(_ context.Context, of Braked, now time.Time, change func(*Pause) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, found := m.all[of]
	if !found && !m.room(now) {
		return ErrPausesFull
	}
	if err := change(&p); err != nil {
		return err
	}
	if p == (Pause{}) {
		delete(m.all, of)
	} else {
		m.all[of] = p
	}
	return nil
}

// room drops what may be forgotten when there is much of it.
func (m *memoryPauses) room(now time.Time) bool {
	if len(m.all) < pausesUsers {
		return true
	}
	for of, p := range m.all {
		if p.Forgotten(now) {
			delete(m.all, of)
		}
	}
	return len(m.all) < pausesUsers
}
