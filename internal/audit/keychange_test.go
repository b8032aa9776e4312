package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
)

// inherited is c under the next key, with the one of before.
func inherited(c audit.Config, next string) audit.Config {
	c.Earlier = append([]audit.MAC{c.MAC}, c.Earlier...)
	c.MAC = key(next)
	return c
}

func verifyRing(tb testing.TB, c audit.Config, known ...audit.Checkpoint) audit.Report {
	tb.Helper()
	r, err := audit.Verify(tb.Context(), audit.VerifyConfig{Path: c.Path, MAC: c.MAC, Earlier: c.Earlier, Known: known})
	if err != nil {
		tb.Fatalf("Verify = %v", err)
	}
	return r
}

// write opens a trail, records so many events in it, and closes it.
func write(tb testing.TB, c audit.Config, name string, many int) {
	tb.Helper()
	trail, err := audit.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range many {
		record(tb, trail, event(fmt.Sprint(name, i)))
	}
	if err := trail.Close(); err != nil {
		tb.Fatal(err)
	}
}

// changed is a trail of 15 records: audit.opened, five events and a checkpoint
// under the key k, of which the change is record 8; six events and a checkpoint
// under the key l.
func changed(tb testing.TB, c audit.Config) audit.Config {
	tb.Helper()
	write(tb, c, "old", 5)
	c = inherited(c, "l")
	write(tb, c, "new", 6)
	return c
}

// Threat T172: the chain goes on under another key; the change is the last
// record of the earlier one, and names both, and everything stays verifiable.
func TestKeyChange(t *testing.T) {
	t.Parallel()
	c := changed(t, chained(t))
	r := verifyRing(t, c)
	if r.Err() != nil || r.Records != 15 || r.KeyChanges != 1 || r.Checkpoints != 2 || r.KeyUnused {
		t.Fatalf("report = %+v", r)
	}
	all := lines(t, c.Path)
	change := all[7]
	before := all[6]
	want := map[string]string{"sequence": "7", "mac": before.MAC.String()}
	for _, member := range []string{"key", "next_key", "signature", "next_signature"} {
		if want[member] = change.Detail[member]; len(want[member]) < 43 {
			t.Errorf("%s = %q", member, want[member])
		}
	}
	if diff := cmp.Diff(want, change.Detail); diff != "" || change.Name != audit.AuditKeyChanged || change.Outcome != audit.OK || change.Actor != "system" ||
		change.Prev != before.MAC || want["key"] == want["next_key"] || want["key"] != before.Detail["key"] {
		t.Errorf("change = %+v\n%s", change, diff)
	}
	// Nothing is changed twice.
	write(t, c, "more", 1)
	if r := verifyRing(t, c); r.Err() != nil || r.KeyChanges != 1 {
		t.Errorf("after one more start: %d changes, %v", r.KeyChanges, r.Err())
	}
	// Checkpoints of both keys, kept elsewhere, still hold.
	var kept []audit.Checkpoint
	for _, e := range all {
		if e.Name == audit.AuditCheckpoint {
			p, err := audit.ParseCheckpoint("mfaserver-audit-checkpoint-v1." + e.Detail["sequence"] + "." + e.Detail["mac"] + "." + e.Detail["signature"])
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, p)
		}
	}
	if r := verifyRing(t, c, kept...); len(kept) != 2 || r.Err() != nil {
		t.Errorf("with %d checkpoints from elsewhere: %v", len(kept), r.Err())
	}
	// Without its key, what the earlier key made is as good as edited.
	alone := c
	alone.Earlier = nil
	if r := verifyRing(t, alone); r.Err() == nil {
		t.Error("the earlier part is whole without its key")
	}
}

// A trail whose present key was put into place and not used yet is whole, and
// says so; keys that never made a record are passed over.
func TestKeyUnused(t *testing.T) {
	t.Parallel()
	c := chained(t)
	write(t, c, "old", 3)
	c = inherited(c, "l")
	if r := verifyRing(t, c); r.Err() != nil || !r.KeyUnused || r.KeyChanges != 0 {
		t.Errorf("report = %+v", r)
	}
	c = inherited(inherited(c, "m"), "n")
	write(t, c, "new", 3)
	if r := verifyRing(t, c); r.Err() != nil || r.KeyUnused || r.KeyChanges != 1 {
		t.Errorf("report = %+v", r)
	}
	c = inherited(c, "o")
	write(t, c, "newer", 3)
	if r := verifyRing(t, c); r.Err() != nil || r.KeyChanges != 2 {
		t.Errorf("report = %+v", r)
	}
}

// The keys are changed where the last record lies in a file that was rotated
// away, and in the middle of a change that was cut short.
func TestKeyChangeAfterRotationAndCrash(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	record(t, trail, event("old"))
	if err := trail.Rotate(); err != nil {
		t.Fatal(err)
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(c.Path, 0); err != nil { // the rotation was cut short
		t.Fatal(err)
	}
	last := lines(t, rotated(c, 1))
	e := last[len(last)-1]
	if err := audit.ForgeHead(c.MAC, c.Path, e.Sequence, e.MAC); err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(c.Path + ".head")
	if err != nil {
		t.Fatal(err)
	}
	c = inherited(c, "l")
	next, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	// The process dies when the change is on disk and the head is not.
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	change, _, _ := strings.Cut(string(text), "\n")
	if !strings.Contains(change, `"audit.key_changed"`) {
		t.Fatalf("the first line is %s", change)
	}
	for path, content := range map[string]string{c.Path: change + "\n", c.Path + ".head": string(head)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := verifyRing(t, c); r.Err() != nil || r.KeyUnused {
		t.Errorf("after the crash: %+v", r)
	}
	write(t, c, "new", 2)
	if r := verifyRing(t, c); r.Err() != nil || r.KeyChanges != 1 {
		t.Errorf("after the next start: %+v", r)
	}
	for _, e := range lines(t, c.Path) {
		if e.Name == audit.AuditDisturbed {
			t.Errorf("the trail was disturbed: %v", e.Detail)
		}
	}
}

// thief is somebody who has the earlier key, and writes where the trail lies.
type thief struct {
	t     *testing.T
	c     audit.Config
	lines []string
	head  func() error
}

// at is the record of a line.
func (f *thief) at(i int) audit.Entry {
	e, err := audit.ParseLine([]byte(f.lines[i]))
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

// forge writes a line anew with the earlier key, behind the one before it.
func (f *thief) forge(i int, change func(e *audit.Entry)) {
	e := f.at(i)
	if i > 0 {
		e.Prev = f.at(i - 1).MAC
	}
	change(&e)
	f.lines[i], _ = audit.Forge(key("k"), e)
}

func keep(*audit.Entry) {}

// Threats T172, T194: what is done to a trail on either side of a change of
// keys is found and located, and also what somebody does who has the earlier key.
func TestKeyChangeTampering(t *testing.T) {
	t.Parallel()
	other := chained(t)
	other.Node = "node-2"
	other = changed(t, other)
	text, err := os.ReadFile(other.Path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := slices.Collect(strings.Lines(string(text)))
	for _, row := range []struct {
		name string
		do   func(f *thief)
		want []string
	}{
		{"nothing", func(*thief) {}, nil},
		{"the earlier part edited", func(f *thief) { f.lines[2] = edited(f.lines[2], "old1", "old9") }, []string{"edited 3"}},
		{"the later part edited", func(f *thief) { f.lines[10] = edited(f.lines[10], "new2", "new9") }, []string{"edited 11"}},
		{"the change edited", func(f *thief) { f.lines[7] = edited(f.lines[7], "node-1", "node-9") }, []string{"edited 8"}},
		{"the change deleted", func(f *thief) { f.lines = slices.Delete(f.lines, 7, 8) }, []string{"deleted 8"}},
		{"deleted on both sides", func(f *thief) {
			f.lines = slices.Delete(slices.Delete(f.lines, 11, 12), 3, 4)
		}, []string{"deleted 4", "deleted 12"}},
		{"the change of another trail", func(f *thief) { f.lines[7] = foreign[7] }, []string{"spliced 8", "spliced 9"}},
		{"the earlier part of another trail", func(f *thief) { f.lines = slices.Concat(foreign[:8], f.lines[8:]) }, []string{"spliced 9"}},
		{"the later part of another trail", func(f *thief) { f.lines = slices.Concat(f.lines[:8], foreign[8:]) }, []string{"head spliced 15", "spliced 9"}},
		{"the past written anew up to the change", func(f *thief) {
			f.forge(2, func(e *audit.Entry) { e.Username = "nobody" })
			for i := 3; i < 7; i++ {
				f.forge(i, keep)
			}
		}, []string{"checkpoint 7", "spliced 8"}},
		{"the past and the change written anew", func(f *thief) {
			f.forge(2, func(e *audit.Entry) { e.Username = "nobody" })
			for i := 3; i < 8; i++ {
				f.forge(i, keep)
			}
		}, []string{"checkpoint 7", "key change 8", "spliced 9"}},
		{"the change says another past", func(f *thief) {
			f.forge(7, func(e *audit.Entry) { e.Detail["mac"] = f.at(2).MAC.String() })
		}, []string{"key change 8", "spliced 9"}},
		{"the change left out", func(f *thief) {
			f.forge(7, func(e *audit.Entry) { e.Event = event("nobody") })
		}, []string{"spliced 9"}},
		{"the earlier key goes on at the end", func(f *thief) {
			e := f.at(14)
			e.Sequence, e.Prev, e.Event = 16, e.MAC, event("nobody")
			line, mac := audit.Forge(key("k"), e)
			f.lines = append(f.lines, line)
			f.head = func() error { return audit.ForgeHead(key("k"), f.c.Path, 16, mac) }
		}, []string{"spliced 16"}},
		{"the end cut off, with a head of the earlier key", func(f *thief) {
			f.lines = f.lines[:12]
			mac := f.at(11).MAC
			f.head = func() error { return audit.ForgeHead(key("k"), f.c.Path, 12, mac) }
		}, []string{"head head 0"}},
		{"the end cut off, with a head of before", func(f *thief) {
			f.lines = f.lines[:12]
			mac := f.at(5).MAC
			f.head = func() error { return audit.ForgeHead(key("k"), f.c.Path, 6, mac) }
		}, []string{"head head 0"}},
		{"the end cut off", func(f *thief) { f.lines = f.lines[:12] }, []string{"truncated 13-15"}},
		{"all since the change cut off", func(f *thief) { f.lines = f.lines[:7] }, []string{"truncated 8-15"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := changed(t, chained(t))
			text, err := os.ReadFile(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			f := &thief{t: t, c: c, lines: slices.Collect(strings.Lines(string(text))), head: func() error { return nil }}
			row.do(f)
			if err := os.WriteFile(c.Path, []byte(strings.Join(f.lines, "")), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := f.head(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, fault := range verifyRing(t, c).Faults {
				s := fmt.Sprint(fault.Kind, " ", fault.Sequence)
				if fault.Last > fault.Sequence {
					s += fmt.Sprint("-", fault.Last)
				}
				if filepath.Ext(fault.File) == ".head" {
					s = "head " + s
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
