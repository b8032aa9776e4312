package siege_test

import (
	"net/http"
	"testing"
	"time"
)

// refusal is somebody who is refused, again and again.
type refusal struct {
	name string
	// user is whose name sample number i gives.
	user   func(i int) string
	status int
}

func always(name string) func(int) string { return func(int) string { return name } }

// timeRefusals takes samples of each in turn and returns their medians relative
// to that of the first.
func timeRefusals(t *testing.T, c *client, samples int, all ...refusal) map[string]float64 {
	t.Helper()
	took := make([][]time.Duration, len(all))
	body := ""
	for i := range samples {
		for j, r := range all {
			began := time.Now()
			a, err := c.first(t.Context(), r.user(i), "not the password")
			took[j] = append(took[j], time.Since(began))
			if err != nil || a.status != r.status {
				t.Fatalf("%s: %d %s, %v; want %d", r.name, a.status, a.body, err, r.status)
			}
			if body == "" {
				body = a.body
			}
			if a.body != body {
				t.Errorf("%s is answered %q, %s %q", r.name, a.body, all[0].name, body)
			}
		}
	}
	off := map[string]float64{}
	base := sorted(took[0]).at(0.5)
	for j, r := range all {
		off[r.name] = ratio(base, sorted(took[j]).at(0.5)) - 1
		t.Logf("%-20s %v, median %+.2f %%", r.name, figures(took[j]), 100*off[r.name])
	}
	return off
}

// farthest is the largest difference, as a share of the shorter time.
func farthest(off map[string]float64) float64 {
	most := 0.0
	for _, x := range off {
		most = max(most, x, -x/(1+x))
	}
	return most
}

// shows is the difference that a hash which is not computed leaves on any
// machine, however busy it is: thirty times the time, of which five count.
const shows = 4

// bar is how far medians may lie apart: 5 % where nothing else runs.
func (s settings) bar() float64 {
	if s.long {
		return 0.05
	}
	return shows
}

// ownUsers is a server with an account that is disabled; its limits do not get
// into the way of so many samples.
func ownUsers(t *testing.T, binary string) (*rig, []refusal) {
	t.Helper()
	r := newRig(t, plan{users: 2, extra: "limits_factor: 100\n", binary: binary})
	if err := r.command(t.Context(), "users.disable", map[string]string{"username": user(1)}); err != nil {
		t.Fatal(err)
	}
	return r, []refusal{
		{"wrong password", always(user(0)), http.StatusUnauthorized},
		{"unknown user", always("nobody"), http.StatusUnauthorized},
		{"disabled user", always(user(1)), http.StatusUnauthorized},
	}
}

// Threat T006: over the real handler, the time of a refusal does not tell a wrong
// password from a user who is disabled or does not exist.
func TestRefusalsTakeTheSameTime(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	r, all := ownUsers(t, "")
	c := r.newClient(t, "")
	timeRefusals(t, c, 2, all...)
	if got := farthest(timeRefusals(t, c, s.samples, all...)); got > s.bar() {
		t.Errorf("medians differ by %.1f %%, want %.0f %% at most", 100*got, 100*s.bar())
	}
}

// Threats T006, T008: an account that is locked for its failures answers as one
// that does not exist and is locked for the same, in the same time.
func TestLockedTakesTheSameTime(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	r := newRig(t, plan{users: 1})
	c := r.newClient(t, "")
	for _, name := range []string{user(0), "nobody"} {
		for range 10 {
			if a, err := c.first(t.Context(), name, "not the password"); err != nil || a.status != http.StatusUnauthorized {
				t.Fatalf("a wrong password = %d, %v", a.status, err)
			}
		}
	}
	locked := []refusal{
		{"locked user", always(user(0)), http.StatusTooManyRequests},
		{"locked unknown user", always("nobody"), http.StatusTooManyRequests},
	}
	timeRefusals(t, c, 20, locked...)
	if got := farthest(timeRefusals(t, c, 10*s.samples, locked...)); got > s.bar() {
		t.Errorf("medians differ by %.1f %%, want %.0f %% at most", 100*got, 100*s.bar())
	}
}

// Threat T006: nor is it told before an engine that refuses the unknown and the
// locked without looking at a password.
func TestRefusalsOfAnEngineTakeTheSameTime(t *testing.T) { //nolint:paralleltest // it measures
	s := readSettings(t)
	const engineFailures, others = 3, 2
	r := newRig(t, plan{
		gateway: true, users: others + s.samples + 3, slowHash: 40 * time.Millisecond, engineFailures: engineFailures,
		extra: "limits_factor: 1000\n",
	})
	c := r.newClient(t, "")
	for range 48 { // the server learns how long a password takes there
		if a, err := c.first(t.Context(), user(0), password); err != nil || a.status != http.StatusUnauthorized {
			t.Fatalf("a right password = %d %s, %v", a.status, a.body, err)
		}
	}
	for range engineFailures {
		if _, err := c.first(t.Context(), user(1), "not the password"); err != nil {
			t.Fatal(err)
		}
	}
	got := farthest(timeRefusals(t, c, s.samples,
		refusal{"wrong password", func(i int) string { return user(others + i) }, http.StatusUnauthorized},
		refusal{"unknown user", always("nobody"), http.StatusUnauthorized},
		refusal{"locked by the engine", always(user(1)), http.StatusUnauthorized},
	))
	if got > s.bar() {
		t.Errorf("medians differ by %.1f %%, want %.0f %% at most", 100*got, 100*s.bar())
	}
}
