package ship_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a trail with somebody who writes to it.
type house struct {
	t     *testing.T
	dir   string
	trail *audit.Trail
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	var err error
	if h.trail, err = audit.New(audit.Config{Path: h.path(), Node: "node-1", Unchained: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.trail.Close() })
	return h
}

func (h *house) path() string          { return filepath.Join(h.dir, "audit.jsonl") }
func (h *house) mark() string          { return filepath.Join(h.dir, "ship.mark") }
func (h *house) source() *audit.Reader { return audit.NewReader(h.path(), nil) }
func (h *house) all() (es []audit.Entry) {
	h.t.Helper()
	for e, err := range h.source().Search(h.t.Context(), audit.Filter{}) {
		if err != nil {
			h.t.Fatal(err)
		}
		es = append(es, e)
	}
	return es
}

func (h *house) record(n int) {
	h.t.Helper()
	for range n {
		if err := h.trail.Record(h.t.Context(), audit.Event{Name: audit.SessionStarted, Outcome: audit.OK, Username: "alice"}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// run starts a shipper; stop ends it and waits for its end.
func (h *house) run(sink ship.Sink) (s *ship.Shipper, stop func()) {
	h.t.Helper()
	s, err := ship.New(h.t.Context(), ship.Config{
		Name: "test", Source: h.source(), Sink: sink, Mark: h.mark(), Every: time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
		After:  func(time.Duration) <-chan time.Time { return time.After(time.Millisecond) },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	var group sync.WaitGroup
	group.Go(func() { s.Run(ctx) })
	return s, func() { cancel(); group.Wait() }
}

var errDown = errors.New("down")

// memory keeps what arrives, but for the calls that it refuses.
type memory struct {
	mu      sync.Mutex
	got     []uint64
	refuse  int
	arrived chan uint64
	closed  bool
}

func newMemory() *memory { return &memory{arrived: make(chan uint64, 10_000)} }

func (m *memory) Send(_ context.Context, records []audit.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse > 0 {
		m.refuse--
		return errDown
	}
	for _, e := range records {
		m.got = append(m.got, e.Sequence)
		m.arrived <- e.Sequence
	}
	return nil
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

func (m *memory) sequences() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]uint64(nil), m.got...)
}

// until waits for the record with that sequence.
func (m *memory) until(t *testing.T, sequence uint64) {
	t.Helper()
	for {
		select {
		case got := <-m.arrived:
			if got >= sequence {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("record %d did not arrive", sequence)
		}
	}
}
