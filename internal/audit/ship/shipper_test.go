package ship_test

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"testing"

	"mfaserver/internal/audit/ship"
)

// Every record arrives once and in order, whatever fails in between and
// however often the server is started.
func TestShipper(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.record(3)
	before := h.all()
	begin := before[len(before)-1].Sequence
	sink := newMemory()
	s, stop := h.run(sink)
	h.record(500)
	sink.until(t, begin+500)
	sink.mu.Lock()
	sink.refuse = 3
	sink.mu.Unlock()
	h.record(10)
	sink.until(t, begin+510)
	stop()
	if st := s.Status(); st.Err != nil || st.Sent != begin+510 {
		t.Errorf("Status() = %+v, want %d sent", st, begin+510)
	}
	if !sink.closed {
		t.Error("the sink is open after the end")
	}
	h.record(5) // while nothing is shipped
	_, stop = h.run(sink)
	sink.until(t, begin+515)
	stop()
	want := make([]uint64, 515)
	for i := range want {
		want[i] = begin + 1 + uint64(i)
	}
	if got := sink.sequences(); !slices.Equal(got, want) {
		t.Errorf("%d records arrived, from %d; want the %d that follow %d, each once", len(got), got[0], len(want), begin)
	}
}

// A sink that fails is told of in the status, and the end of the server is not
// held up by it.
func TestShipperFailing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	sink := newMemory()
	sink.refuse = 1 << 30
	s, stop := h.run(sink)
	h.record(1)
	for s.Status().Err == nil {
		if t.Context().Err() != nil {
			t.Fatal("the failure does not show")
		}
	}
	stop()
	if st := s.Status(); !errors.Is(st.Err, errDown) || st.Since.IsZero() {
		t.Errorf("Status() = %+v, want the sink's error and since when", st)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if _, err := ship.New(t.Context(), ship.Config{}); !errors.Is(err, ship.ErrConfig) {
		t.Errorf("New() of nothing = %v, want ErrConfig", err)
	}
	if err := os.WriteFile(h.mark(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ship.New(t.Context(), ship.Config{
		Name: "test", Source: h.source(), Sink: newMemory(), Mark: h.mark(), Logger: slog.New(slog.DiscardHandler),
	})
	if !errors.Is(err, ship.ErrMark) {
		t.Errorf("New() with a damaged mark = %v, want ErrMark", err)
	}
}
