package audit_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"mfaserver/internal/audit"
)

// written makes a trail with two events and returns its text.
func written(tb testing.TB, c audit.Config) string {
	tb.Helper()
	trail, err := audit.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	record(tb, trail, event("alice"))
	record(tb, trail, event("bob"))
	if err := trail.Close(); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(c.Path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func TestTornTail(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, tail, how string
	}{
		{"half a line", `{"v":1,"seq":4,"time":"2026-03-0`, "cut"},
		{"one byte", "{", "cut"},
		{"zeros of a block that never came", strings.Repeat("\x00", 4096), "cut"},
		{"JSON of something else", `{"seq":4}`, "cut"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			text := written(t, c)
			if err := os.WriteFile(c.Path, []byte(text+row.tail), 0o600); err != nil {
				t.Fatal(err)
			}
			trail := open(t, c)
			record(t, trail, event("carol"))
			got := wantLines(t, c.Path, "1 audit.opened", "2 primary.ok alice", "3 primary.ok bob", "4 audit.torn", "5 primary.ok carol")
			if d := got[3].Detail; d["how"] != row.how || d["bytes"] != fmt.Sprint(len(row.tail)) {
				t.Errorf("detail of audit.torn = %v, want %s of %d bytes", d, row.how, len(row.tail))
			}
		})
	}
}

func TestTailWithoutLineFeedIsKept(t *testing.T) {
	t.Parallel()
	c := config(t)
	text := written(t, c)
	if err := os.WriteFile(c.Path, []byte(strings.TrimSuffix(text, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, c)
	got := wantLines(t, c.Path, "1 audit.opened", "2 primary.ok alice", "3 primary.ok bob", "4 audit.torn")
	if how := got[3].Detail["how"]; how != "kept" {
		t.Errorf("how = %q, want kept", how)
	}
}

func TestTailThatCannotBeCutIsSealed(t *testing.T) {
	t.Parallel()
	c, disk := config(t), newFaulty()
	text := written(t, c) + `{"v":1,"se`
	if err := os.WriteFile(c.Path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	disk.rigid = true
	trail := openOn(t, c, disk)
	record(t, trail, event("carol"))
	// On such a file a failing write is sealed off too.
	disk.set(func() { disk.room = 20 })
	if err := trail.Record(t.Context(), event("lost")); !errors.Is(err, audit.ErrUnwritten) {
		t.Fatalf("Record = %v, want ErrUnwritten", err)
	}
	disk.set(func() { disk.room = -1 })
	record(t, trail, event("dave"))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, c)
	after, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for l := range strings.Lines(string(after)) {
		e, err := audit.ParseLine([]byte(l))
		if err != nil {
			got = append(got, strings.TrimSpace(l))
			continue
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", e.Sequence, e.Name, e.Username, e.Detail["how"])))
	}
	want := []string{
		"1 audit.opened", "2 primary.ok alice", "3 primary.ok bob", `{"v":1,"se`, "4 audit.torn  sealed", "5 primary.ok carol",
		`{"v":1,"seq":6,"time`, "6 audit.torn  sealed", "7 audit.healed", "8 primary.ok dave",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("lines:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestCrashAnywhere cuts a trail at every byte: it opens, keeps every whole
// line, and goes on with the sequence (R01, R02).
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	c := config(t)
	text := written(t, c)
	step := 1
	if testing.Short() {
		step = 17
	}
	for cut := 0; cut < len(text); cut += step {
		if err := os.WriteFile(c.Path, []byte(text[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		trail, err := audit.New(c)
		if err != nil {
			t.Fatalf("cut at %d: New = %v", cut, err)
		}
		record(t, trail, event("carol"))
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
		got := lines(t, c.Path)
		whole := strings.Count(text[:cut], "\n")
		for i, e := range got {
			if e.Sequence != uint64(i+1) {
				t.Fatalf("cut at %d: sequence %d in line %d", cut, e.Sequence, i+1)
			}
		}
		if len(got) < whole+1 || got[len(got)-1].Username != "carol" {
			t.Fatalf("cut at %d: %d lines of %d whole ones", cut, len(got), whole)
		}
	}
}

func TestOtherHands(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(path string) error
		want []string
	}{
		{"removed", os.Remove, []string{"3 audit.disturbed", "4 audit.opened", "5 primary.ok bob"}},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, []string{"3 audit.disturbed", "4 audit.opened", "5 primary.ok bob"}},
		{"written to", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("half a li")
			return errors.Join(err, f.Close())
		}, []string{"1 audit.opened", "2 primary.ok alice", "3 audit.disturbed", "4 audit.torn", "5 primary.ok bob"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			trail := open(t, c)
			record(t, trail, event("alice"))
			// Threat T194, R08: it is seen at the next event, and nothing is
			// written where nobody finds it.
			if err := row.do(c.Path); err != nil {
				t.Fatal(err)
			}
			record(t, trail, event("bob"))
			wantLines(t, c.Path, row.want...)
		})
	}
}
