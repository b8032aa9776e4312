package evidence_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/evidence"
)

var day = time.Date(2026, time.November, 1, 8, 0, 0, 0, time.UTC)

func trail(events ...audit.Event) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for i, e := range events {
			if e.Outcome == "" {
				e.Outcome = audit.OK
			}
			if !yield(audit.Entry{Event: e, Time: day.Add(time.Duration(i) * time.Minute), Sequence: uint64(i + 10)}, nil) {
				return
			}
		}
	}
}

func started(user, factor, reason, tx string, more ...string) audit.Event {
	e := audit.Event{Name: audit.SessionStarted, Username: user, Reason: reason, Transaction: tx, Detail: map[string]string{"kind": "api", "factor": factor}}
	for i := 0; i+1 < len(more); i += 2 {
		e.Detail[more[i]] = more[i+1]
	}
	return e
}

// Each session is told by how it came about, and nothing passes for a second
// factor that was none.
func TestCollect(t *testing.T) {
	t.Parallel()
	r, err := evidence.Collect(day, day.Add(time.Hour), trail(
		audit.Event{Name: audit.ServerStart},
		started("alice", "duo_push", "user_approved", "t1"),
		started("alice", "bypass_code", "valid_passcode", "t2"),
		started("bob", "", "fail_open", "t3", "fail_open", "true"),
		audit.Event{Name: audit.MFAExempt, Username: "svc", Transaction: "t4", Detail: map[string]string{"exemption": "backup"}},
		started("svc", "", "exempt", "t4"),
		started("nightly", "service_token", "service_token", "t5", "kind", "token"),
		started("carol", "break_glass", "break_glass", "t6"),
		started("dave", "", "", "t7"),
		audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: "bob"},
		audit.Event{Name: audit.MFARefused, Outcome: audit.Refused, Username: "bob"},
		audit.Event{Name: audit.GatewayRefused, Outcome: audit.Refused, Username: "bob"},
		audit.Event{Name: audit.DuoCodesCreated, Username: "alice", Actor: "root", Detail: map[string]string{"reason": "lost phone"}},
		audit.Event{Name: audit.AlertRaised, Reason: "denied"},
	))
	if err != nil {
		t.Fatal(err)
	}
	for way, want := range map[evidence.Way]int{
		evidence.WayFactor: 2, evidence.WayFailOpen: 1, evidence.WayExempt: 2, evidence.WayToken: 1, evidence.WayBreakGlass: 1,
	} {
		if r.Sessions[way] != want {
			t.Errorf("%s: %d, want %d", way, r.Sessions[way], want)
		}
	}
	if got, want := r.Covered(), 100*2.0/6; got != want {
		t.Errorf("Covered() = %v, want %v", got, want)
	}
	var exceptions []string
	for _, x := range r.Exceptions {
		exceptions = append(exceptions, fmt.Sprintf("%s %s %s", x.User, x.Way, x.Name))
	}
	want := []string{
		"alice second_factor bypass_code", "bob fail_open ", "svc exemption backup", "carol break_glass break_glass", "dave exemption ",
	}
	if !slices.Equal(exceptions, want) {
		t.Errorf("exceptions %q, want %q", exceptions, want)
	}
	if len(r.Acts) != 1 || r.Acts[0].Actor != "root" || r.Acts[0].User != "alice" || r.Acts[0].Why != "lost phone" {
		t.Errorf("acts %+v", r.Acts)
	}
	if r.Alerts["denied"] != 1 || r.Refused[audit.GatewayRefused] != 1 || r.Records != 14 || r.First != 10 || r.Last != 23 {
		t.Errorf("report %+v", r)
	}
	for _, u := range r.Users {
		if u.Name == "bob" && (u.Refused != 2 || u.Sessions[evidence.WayFailOpen] != 1) {
			t.Errorf("bob: %+v", u)
		}
	}
	if names := evidence.SortedCounts(r.Sessions); names[0] != evidence.WayExempt && names[0] != evidence.WayFactor {
		t.Errorf("order %v", names)
	}
}

var errDisk = errors.New("disk")

// A trail that cannot be read is no evidence.
func TestCollectFails(t *testing.T) {
	t.Parallel()
	_, err := evidence.Collect(day, day, func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, errDisk) })
	if !errors.Is(err, errDisk) {
		t.Errorf("Collect() = %v, want the trail's error", err)
	}
	if empty, err := evidence.Collect(day, day, trail()); err != nil || empty.Covered() != 100 {
		t.Errorf("Collect() of nothing = %+v, %v", empty, err)
	}
}

func ExampleCollect() {
	r, err := evidence.Collect(day, day.Add(time.Hour), trail(started("alice", "duo_push", "user_approved", "t1")))
	fmt.Println(r.Covered(), r.Factors, err)
	// Output: 100 map[duo_push:1] <nil>
}
