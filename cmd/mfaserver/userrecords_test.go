package main_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/audit"
)

// cmpAddr compares addresses.
func cmpAddr() cmp.Option { return cmpopts.EquateComparable(netip.Addr{}) }

// recordsOf are the records of a trail with one of the names.
func recordsOf(t *testing.T, path string, names ...audit.Name) []audit.Event {
	t.Helper()
	var all []audit.Event
	for e, err := range audit.NewReader(path, nil).Search(t.Context(), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(names, e.Name) {
			all = append(all, e.Event)
		}
	}
	return all
}

// Threat T192: who lists users, adds one, or gives a password for an hour leaves
// a record, at a running server and without one.
func TestUserCommandsAreRecorded(t *testing.T) {
	t.Parallel()
	var config string
	p, _ := serveWith(t, newDuo(t), func(text string) string { config = text; return text })
	path := configPath(config)
	trail := filepath.Join(filepath.Dir(path), "audit", "audit.jsonl")
	self := fmt.Sprint("os-user:", os.Getuid())
	of := func(name audit.Name, user string) audit.Event {
		return audit.Event{Name: name, Outcome: audit.OK, Username: user, Actor: self}
	}
	// The bench has added test1 before the server ran.
	want := []audit.Event{of(audit.UserAdded, "test1")}
	for _, running := range []bool{true, false} {
		suffix := fmt.Sprint(running)
		if !running {
			p.stop(t)
		}
		for _, args := range [][]string{
			{"users", "add", "alice" + suffix, "--password-file", "-"},
			{"users", "add", "bob" + suffix, "--one-time"},
			{"users", "list"},
		} {
			if r := runCommand(t, "correct horse battery\n", append([]string{"--config", path}, args...)...); r.code != 0 {
				t.Fatalf("%v = %d %s", args, r.code, r.stderr)
			}
		}
		want = append(want, of(audit.UserAdded, "alice"+suffix), of(audit.BootstrapIssued, "bob"+suffix), of(audit.UserListed, ""))
	}
	got := recordsOf(t, trail, audit.UserAdded, audit.BootstrapIssued, audit.UserListed)
	if diff := cmp.Diff(want, got, cmpAddr()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
