// Package audittest holds a recorder for tests of packages that emit events.
package audittest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"mfaserver/internal/audit"
)

// Memory keeps events. It refuses what a trail refuses, so that a test sees a
// name that is not in the catalogue. The zero value is ready; it is safe for
// concurrent use.
type Memory struct {
	mu      sync.Mutex
	events  []audit.Event
	fail    int
	changed chan struct{}
}

var _ audit.Recorder = (*Memory)(nil)

// Record implements [audit.Recorder].
func (m *Memory) Record(_ context.Context, e audit.Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != 0 {
		m.fail--
		return fmt.Errorf("%w: audittest was told to fail", audit.ErrUnwritten)
	}
	e.Detail = maps.Clone(e.Detail)
	m.events = append(m.events, e)
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
	return nil
}

// Fail lets the next n calls of Record fail with [audit.ErrUnwritten]; all
// that follow when n is negative, none when it is 0.
func (m *Memory) Fail(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = n
}

// Events returns the events so far, in order.
func (m *Memory) Events() []audit.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	events := slices.Clone(m.events)
	for i := range events {
		events[i].Detail = maps.Clone(events[i].Detail)
	}
	return events
}

// Names returns the names of the events so far, in order.
func (m *Memory) Names() []audit.Name {
	var names []audit.Name
	for _, e := range m.Events() {
		names = append(names, e.Name)
	}
	return names
}

// Find returns the events of one name.
func (m *Memory) Find(name audit.Name) []audit.Event {
	return slices.DeleteFunc(m.Events(), func(e audit.Event) bool { return e.Name != name })
}

// Reset forgets the events.
func (m *Memory) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = nil
}

// WaitFor returns the first event of the name, waiting for it if need be; the
// error of ctx when that ends first.
func (m *Memory) WaitFor(ctx context.Context, name audit.Name) (audit.Event, error) {
	for {
		m.mu.Lock()
		i := slices.IndexFunc(m.events, func(e audit.Event) bool { return e.Name == name })
		if i >= 0 {
			e := m.events[i]
			m.mu.Unlock()
			e.Detail = maps.Clone(e.Detail)
			return e, nil
		}
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		m.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return audit.Event{}, fmt.Errorf("audittest: waiting for %s: %w", name, ctx.Err())
		}
	}
}
