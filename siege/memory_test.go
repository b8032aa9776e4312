package siege_test

import (
	"fmt"
	"testing"
)

const (
	// goLimit is what the runtime is told to stay below, in MiB.
	goLimit = 150
	// dataLimit is what the system lets the process have, in MiB (RLIMIT_DATA),
	// and memoryLimit the resident memory that must be enough, with a tenth to
	// spare.
	dataLimit, memoryLimit = 640, 256
)

// Fault R12: with little memory the server sheds what it has no room for, and
// lives: a flood of logins, each of which wants 19 MiB, while hundreds of slow
// connections are held.
func TestLittleMemory(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	wrap := func(binary string, args ...string) []string {
		return append([]string{"sh", "-c", fmt.Sprintf(`ulimit -d %d; exec "$0" "$@"`, dataLimit<<10), binary}, args...)
	}
	r := newRig(t, plan{users: floodedUsers + 1, environment: []string{fmt.Sprintf("GOMEMLIMIT=%dMiB", goLimit)}, wrap: wrap})
	if soft, _ := r.limit(t, "Max data size"); soft != dataLimit<<20 {
		t.Fatalf("the server may have %d bytes, want %d", soft, dataLimit<<20)
	}
	worker := r.signedIn(t, user(0), "127.0.0.20")
	slow := attack(t, roleSlow, slowOrder{r.listen, r.duo.CA().CertPEM(), min(s.slow, 1000), 10})
	var open slowReport
	slow.hear(t, &open)
	order := floodOrder{
		Address: r.listen, CA: r.duo.CA().CertPEM(), Rate: s.rate, Connections: s.connections,
		Spell: s.seconds, Many: true, Password: "wrong",
	}
	var report floodReport
	calls := together(t.Context(), t, func() { report = r.flood(t, order) }, working(worker, "/api/users/current"))
	t.Logf("%d slow connections, %v, calls %v: %d MiB at most", open.Open, report, calls[0].by["ok"], r.peak(t))
	wantRefusedAll(t, report)
	if got, most := r.peak(t), memoryLimit*9/10; got > most {
		t.Errorf("the server took %d MiB, want %d at most", got, most)
	}
	slow.leave()
	wantWell(t, r, user(floodedUsers))
	if code := r.stop(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.tail())
	}
}
