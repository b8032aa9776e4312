package audittest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleMemory() {
	var trail audittest.Memory
	ctx := context.Background()
	_ = trail.Record(ctx, audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: "alice"})
	trail.Fail(1)
	fmt.Println(trail.Record(ctx, audit.Event{Name: audit.ChallengeIssued, Outcome: audit.OK}))
	fmt.Println(trail.Names())
	// Output:
	// audit: event could not be written: audittest was told to fail
	// [primary.ok]
}

func TestMemoryRefusesWhatATrailRefuses(t *testing.T) {
	t.Parallel()
	var m audittest.Memory
	if err := m.Record(t.Context(), audit.Event{Name: "no.such", Outcome: audit.OK}); !errors.Is(err, audit.ErrUnknownName) {
		t.Errorf("Record = %v, want ErrUnknownName", err)
	}
	if err := m.Record(t.Context(), audit.Event{Name: audit.PrimaryOK}); !errors.Is(err, audit.ErrBadOutcome) {
		t.Errorf("Record = %v, want ErrBadOutcome", err)
	}
	if got := m.Events(); len(got) != 0 {
		t.Errorf("Events = %v, want none", got)
	}
}

func TestMemoryFail(t *testing.T) {
	t.Parallel()
	var m audittest.Memory
	e := audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK}
	for _, row := range []struct {
		fail, calls, written int
	}{{0, 3, 3}, {2, 3, 1}, {-1, 5, 0}, {0, 1, 1}} {
		m.Reset()
		m.Fail(row.fail)
		for range row.calls {
			if err := m.Record(t.Context(), e); err != nil && !errors.Is(err, audit.ErrUnwritten) {
				t.Errorf("Record = %v, want ErrUnwritten", err)
			}
		}
		if got := len(m.Find(audit.PrimaryOK)); got != row.written {
			t.Errorf("Fail(%d): %d of %d written, want %d", row.fail, got, row.calls, row.written)
		}
	}
}

func TestMemoryKeepsCopies(t *testing.T) {
	t.Parallel()
	var m audittest.Memory
	detail := map[string]string{"factor": "duo_push"}
	if err := m.Record(t.Context(), audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, Detail: detail}); err != nil {
		t.Fatal(err)
	}
	detail["factor"] = "changed"
	m.Events()[0].Detail["factor"] = "changed"
	if got := m.Events()[0].Detail["factor"]; got != "duo_push" {
		t.Errorf("factor = %q, want duo_push", got)
	}
}

func TestMemoryWaitFor(t *testing.T) {
	t.Parallel()
	var m audittest.Memory
	got := make(chan string)
	for range 3 {
		go func() {
			e, err := m.WaitFor(t.Context(), audit.SessionStarted)
			got <- fmt.Sprint(e.Username, err)
		}()
	}
	for _, e := range []audit.Event{
		{Name: audit.PrimaryOK, Outcome: audit.OK, Username: "alice"},
		{Name: audit.SessionStarted, Outcome: audit.OK, Username: "bob"},
	} {
		if err := m.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if s := <-got; s != "bob<nil>" {
			t.Errorf("WaitFor = %s, want bob<nil>", s)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.WaitFor(ctx, audit.SessionEnded); !errors.Is(err, context.Canceled) {
		t.Errorf("WaitFor = %v, want context.Canceled", err)
	}
}
