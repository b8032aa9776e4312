package model_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
)

// book is the audit trail: what is in it is durable. It outlives processes.
type book struct {
	g    *gate
	next audit.Recorder // a real trail, where there is one

	mu     sync.Mutex
	events []audit.Event
}

// Record implements [audit.Recorder].
func (b *book) Record(ctx context.Context, e audit.Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	return b.g.run(trail, string(e.Name), func() error {
		if b.next != nil {
			if err := b.next.Record(ctx, e); err != nil {
				return err
			}
		}
		e.Detail = maps.Clone(e.Detail)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
		return nil
	})
}

// all are the events from number n on.
func (b *book) all(n int) []audit.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events[n:])
}

// has reports whether an event that says these things is on the trail. Empty
// fields of want fit everything.
func (b *book) has(want audit.Event) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.events, func(e audit.Event) bool {
		return e.Name == want.Name && (want.Outcome == "" || e.Outcome == want.Outcome) &&
			(want.Username == "" || e.Username == want.Username) && (want.Session == "" || e.Session == want.Session) &&
			(want.Transaction == "" || e.Transaction == want.Transaction) && (want.Reason == "" || e.Reason == want.Reason)
	})
}

// journal is the server's log, at its most talkative.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.text.String()
	j.text.Reset()
	return s
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
}

// secrets are what must never be written down (invariant I6), by what they are.
type secrets map[string]string

func (s secrets) add(what, value string) {
	if len(value) >= 6 {
		s[value] = what
	}
}

// leak is what a text tells; empty when it tells nothing.
func (s secrets) leak(text string) string {
	for value, what := range s {
		if strings.Contains(text, value) {
			return what
		}
	}
	return ""
}

// check reads what was logged and recorded since the last time.
func (m *model) checkSecrets(rt *rapid.T) {
	if text := m.journal.take(); text != "" {
		if what := m.secrets.leak(text); what != "" {
			rt.Fatalf("I6: %s is in the log: %s", what, text)
		}
		m.logged = text
	}
	for _, e := range m.book.all(m.read) {
		m.read++
		text, err := json.Marshal(e)
		if err != nil {
			rt.Fatal(err)
		}
		if what := m.secrets.leak(string(text)); what != "" {
			rt.Fatalf("I6: %s is on the trail: %s", what, text)
		}
	}
}
