package audit_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

// Threat T183: who repeats what is refused him fills no disk: the first is a
// record, then the tenth, the hundredth and so on, with how many there were.
func TestRepeats(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := audit.NewRepeats(func() time.Time { return now })
	look := func(username, reason string) *audit.Event {
		e := &audit.Event{Name: audit.ConsoleRefused, Username: username, Reason: reason}
		if !r.Worth(e) {
			return nil
		}
		return e
	}
	records, told := 0, 0
	for range 12345 {
		if e := look("alice", "role"); e != nil {
			withheld, _ := strconv.Atoi(e.Detail["withheld"])
			records, told = records+1, told+1+withheld
		}
	}
	if records != 5 || told != 10000 {
		t.Errorf("%d records tell of %d of 12345, want five that tell of 10000", records, told)
	}
	for _, other := range []*audit.Event{look("bob", "role"), look("alice", "no_second_factor")} {
		if other == nil || other.Detail != nil {
			t.Errorf("the first of another kind = %+v, want a plain record", other)
		}
	}
	now = now.Add(10 * time.Minute)
	if e := look("alice", "role"); e == nil || e.Detail["withheld"] != "2345" {
		t.Errorf("ten minutes later = %+v, want a record that tells of those before", e)
	}
	now = now.Add(-time.Hour)
	if look("alice", "role") == nil {
		t.Error("a clock that was set back keeps a record away")
	}
}

// What is remembered is bounded, and never at the cost of a first record.
func TestRepeatsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := audit.NewRepeats(func() time.Time { return now })
	for i := range 5000 {
		if !r.Worth(&audit.Event{Name: audit.ConsoleRefused, Username: fmt.Sprint("user", i)}) {
			t.Fatalf("the first of user%d is no record", i)
		}
	}
	if n := audit.RepeatsKnown(r); n > 1000 {
		t.Errorf("%d are remembered, want at most 1000", n)
	}
}
