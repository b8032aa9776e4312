package audit_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
)

func names(tb testing.TB, path string) string {
	tb.Helper()
	var all []string
	for _, e := range lines(tb, path) {
		all = append(all, strings.TrimPrefix(string(e.Name), "audit."))
	}
	return strings.Join(all, " ")
}

func TestChainHangsTogether(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	record(t, trail, event("alice"))
	record(t, trail, event("bob"))
	all := lines(t, c.Path)
	prev := audit.Sum{}
	for _, e := range all {
		if e.Prev != prev || e.MAC.IsZero() {
			t.Errorf("record %d: prev %s, want %s", e.Sequence, e.Prev, prev)
		}
		prev = e.MAC
	}
	if _, err := audit.New(audit.Config{Path: c.Path}); !errors.Is(err, audit.ErrNoKey) {
		t.Errorf("New without a key = %v, want ErrNoKey", err)
	}
	if _, err := audit.New(c); !errors.Is(err, audit.ErrLocked) {
		t.Errorf("a second New = %v, want ErrLocked", err)
	}
}

// While a file changes its name no second writer comes in.
func TestHeadKeepsASecondWriterOut(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	record(t, trail, event("alice"))
	if err := os.Rename(c.Path, c.Path+".1"); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.New(c); !errors.Is(err, audit.ErrLocked) {
		t.Errorf("a second New = %v, want ErrLocked", err)
	}
	if err := trail.Reopen(); err != nil {
		t.Fatal(err)
	}
	whole(t, c)
}

func TestCheckpointsByNumber(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.CheckpointRecords = 3
	trail := open(t, c)
	for i := range 5 {
		record(t, trail, event(fmt.Sprint(i)))
	}
	if got, want := names(t, c.Path), "opened primary.ok primary.ok checkpoint primary.ok primary.ok primary.ok checkpoint"; got != want {
		t.Errorf("records %s, want %s", got, want)
	}
	if r := whole(t, c); r.Checkpoints != 2 {
		t.Errorf("%d checkpoints, want 2", r.Checkpoints)
	}
}

func TestCheckpointsByTime(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.Now = nil
	synctest.Test(t, func(t *testing.T) {
		trail := open(t, c)
		record(t, trail, event("alice"))
		time.Sleep(59 * time.Second)
		record(t, trail, event("bob"))
		if got, want := names(t, c.Path), "opened primary.ok primary.ok"; got != want {
			t.Errorf("records %s, want %s", got, want)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		time.Sleep(time.Hour)
		record(t, trail, event("carol"))
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := names(t, c.Path), "opened primary.ok primary.ok checkpoint primary.ok checkpoint"; got != want {
			t.Errorf("records %s, want %s", got, want)
		}
	})
	whole(t, c)
}

// What is opened and closed without an event leaves nothing behind.
func TestNoCheckpointOfNothing(t *testing.T) {
	t.Parallel()
	c := chained(t)
	for range 3 {
		trail, err := audit.New(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(t, c.Path), "opened checkpoint"; got != want {
		t.Errorf("records %s, want %s", got, want)
	}
}

// A chain of any past stays whole: failing disks, restarts, rotations of both
// kinds, clocks.
func TestChainModel(t *testing.T) {
	t.Parallel()
	folder, runs := t.TempDir(), 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		c, disk, at := chained(t), newFaulty(), noon
		c.Path = filepath.Join(folder, fmt.Sprint(runs), "audit.jsonl")
		c.Now = func() time.Time { return at }
		c.MaxBytes = rapid.SampledFrom([]int64{-1, 400, 2000}).Draw(r, "max")
		c.CheckpointRecords = rapid.IntRange(1, 5).Draw(r, "checkpoint")
		steps := []string{"fail", "heal", "record", "record", "record", "restart", "clock", "rotate", "rename"}
		if disk.rigid = rapid.Bool().Draw(r, "rigid"); disk.rigid {
			// A file that can only be appended to keeps its name.
			steps, c.MaxBytes = steps[:len(steps)-2], -1
		}
		trail, err := audit.NewOn(c, disk.open)
		if err != nil {
			r.Fatal(err)
		}
		working := func() { disk.room, disk.failSync, disk.failOpen = -1, false, false }
		for i := range rapid.IntRange(1, 40).Draw(r, "steps") {
			switch rapid.SampledFrom(steps).Draw(r, "do") {
			case "fail":
				disk.room = rapid.IntRange(0, 900).Draw(r, "room")
				disk.failSync = rapid.Bool().Draw(r, "sync")
				disk.failOpen = rapid.Bool().Draw(r, "open")
			case "heal":
				working()
			case "restart":
				working()
				_ = trail.Close()
				if trail, err = audit.NewOn(c, disk.open); err != nil {
					r.Fatalf("NewOn = %v", err)
				}
			case "rotate":
				_ = trail.Rotate()
			case "rename":
				_ = os.Rename(c.Path, fmt.Sprintf("%s-%d", c.Path, i))
				if rapid.Bool().Draw(r, "reopen") {
					_ = trail.Reopen()
				}
			case "clock":
				at = at.Add(-time.Hour)
			default:
				if err := trail.Record(t.Context(), event(fmt.Sprint(i))); err != nil && !errors.Is(err, audit.ErrUnwritten) {
					r.Fatalf("Record = %v", err)
				}
			}
		}
		working()
		if err := trail.Close(); err != nil {
			r.Fatalf("Close = %v", err)
		}
		v, err := audit.Verify(t.Context(), audit.VerifyConfig{Path: c.Path, MAC: c.MAC})
		if err = errors.Join(err, v.Err()); err != nil {
			text, _ := os.ReadFile(c.Path)
			r.Fatalf("%v\n%s", err, text)
		}
	})
}

// Threat T194, R35: a trail that lost its end goes on behind it, and the loss
// stays visible for ever.
func TestChainAfterALoss(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(m *tampering)
		what string
		want []string
	}{
		{"the end cut off", func(m *tampering) { m.files[2] = m.files[2][:18] }, "truncated", []string{"2:19 truncated 61-63"}},
		{"the last file removed", func(m *tampering) { m.files[2] = nil }, "truncated", []string{"2:1 truncated 43-63"}},
		{"the last line edited", func(m *tampering) { m.files[2][20] = edited(m.files[2][20], "ok", "no") }, "last_line", []string{"2:21 edited 63"}},
		{"an old line at the end", func(m *tampering) {
			m.files[2] = append(m.files[2], `{"v":1,"seq":900,"time":"2026-03-01T11:00:00.123456789Z","event":"primary.ok","outcome":"ok"}`+"\n")
		}, "", []string{"2:22 inserted 900"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := chained(t)
			sample(t, c)
			m := tamperWith(t, c)
			row.do(m)
			m.write()
			trail := open(t, c)
			record(t, trail, event("carol"))
			all := lines(t, c.Path)
			if last := all[len(all)-1].Sequence; last < 64 || last > 70 {
				t.Errorf("the trail goes on with record %d, want one soon after 63", last)
			}
			said := ""
			for _, e := range all {
				if e.Name == audit.AuditDisturbed {
					said = e.Detail["what"]
				}
			}
			if said != row.what {
				t.Errorf("audit.disturbed says %q, want %q", said, row.what)
			}
			if got := m.faults(verify(t, c)); strings.Join(got, ", ") != strings.Join(row.want, ", ") {
				t.Errorf("faults = %q, want %q", got, row.want)
			}
		})
	}
}

func TestRotationBySize(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.MaxBytes = 4000
	trail := open(t, c)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 25 {
				record(t, trail, event(fmt.Sprintf("%d-%d", w, i)))
			}
		})
	}
	wg.Wait()
	r := whole(t, c)
	if len(r.Files) < 5 {
		t.Errorf("%d files of 200 records, want more", len(r.Files))
	}
	for _, f := range r.Files[:len(r.Files)-1] {
		if f.Path != rotated(c, f.First) {
			t.Errorf("records from %d on are in %s", f.First, f.Path)
		}
		all := lines(t, f.Path)
		if last := all[len(all)-1]; last.Name != audit.AuditCheckpoint {
			t.Errorf("%s ends with %s, want a checkpoint", f.Path, last.Name)
		}
		if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want mode 0600", f.Path, info.Mode(), err)
		}
	}
}

// Nothing is overwritten, and a rotation that fails loses nothing.
func TestRotationThatFails(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.MaxBytes = 600
	failing := true
	trail, err := audit.NewRenaming(c, func(from, to string) error {
		if failing {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EACCES}
		}
		return os.Rename(from, to)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = trail.Close() })
	record(t, trail, event("alice"))
	record(t, trail, event("bob"))
	if err := trail.Rotate(); !errors.Is(err, syscall.EACCES) {
		t.Errorf("Rotate = %v, want EACCES", err)
	}
	if _, err := os.Stat(rotated(c, 1)); err == nil {
		t.Error("a file was rotated away")
	}
	failing = false
	if err := os.WriteFile(rotated(c, 1), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	record(t, trail, event("carol"))
	if err := trail.Rotate(); err != nil {
		t.Fatalf("Rotate = %v", err)
	}
	record(t, trail, event("dave"))
	if text, err := os.ReadFile(rotated(c, 1)); err != nil || string(text) != "precious" {
		t.Errorf("the file that was there = %q, %v", text, err)
	}
	r := whole(t, c)
	if len(r.Skipped) != 1 || r.Files[0].Path != rotated(c, 1)+".2" {
		t.Errorf("files %+v, skipped %q", r.Files, r.Skipped)
	}
	if got := names(t, r.Files[0].Path); !strings.Contains(got, "disturbed") {
		t.Errorf("records %s, want one of the rotation that failed", got)
	}
}

func TestRotateNothing(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	for range 3 {
		if err := trail.Rotate(); err != nil {
			t.Fatalf("Rotate = %v", err)
		}
	}
	whole(t, c)
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := trail.Rotate(); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("Rotate = %v, want ErrClosed", err)
	}
}

// Threat T195, I: with a sink that fails no record counts as written, and what
// was refused is not in the trail.
func TestChainedSinkFails(t *testing.T) {
	t.Parallel()
	c, disk := chained(t), newFaulty()
	trail := openOn(t, c, disk)
	for _, fault := range []func(){
		func() { disk.room = 0 },
		func() { disk.room = 200 },
		func() { disk.failSync = true },
		func() { disk.room, disk.failOpen = 0, true },
	} {
		record(t, trail, event("before"))
		disk.set(fault)
		for range 3 {
			if err := trail.Record(t.Context(), event("lost")); !errors.Is(err, audit.ErrUnwritten) {
				t.Errorf("Record = %v, want ErrUnwritten", err)
			}
		}
		disk.set(func() { disk.room, disk.failSync, disk.failOpen = -1, false, false })
		record(t, trail, event("after"))
	}
	for _, e := range lines(t, c.Path) {
		if e.Username == "lost" {
			t.Errorf("record %d was refused and is there", e.Sequence)
		}
	}
	whole(t, c)
}

func TestLineReadsBack(t *testing.T) {
	t.Parallel()
	c := chained(t)
	trail := open(t, c)
	detail := map[string]string{}
	for i := range 20 {
		detail[fmt.Sprint(i)] = strings.Repeat("\u2028\xff\"", 100*i)
	}
	record(t, trail, audit.Event{Name: audit.MFAAllowed, Outcome: audit.OK, UnknownUsername: "x\x00", UserAgent: strings.Repeat("é<", 400), Detail: detail})
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		e, err := audit.ParseLine([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(audit.AppendLine(nil, &e)); got != line {
			t.Errorf("read and written again:\n%swant\n%s", got, line)
		}
	}
}

func FuzzVerify(f *testing.F) {
	c := chained(f)
	sample(f, c)
	m := tamperWith(f, c)
	good := []byte(strings.Join(m.files[0], ""))
	head, err := os.ReadFile(c.Path + ".head")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, head)
	f.Add(good[:len(good)/2], head)
	f.Add([]byte("hello"), []byte(nil))
	f.Add([]byte(`{"v":2,"seq":1,"prev":"","mac":""}`+"\n"), head[:20])
	f.Fuzz(func(t *testing.T, text, head []byte) {
		c := chained(t)
		c.Path = filepath.Join(t.TempDir(), "audit.jsonl")
		if err := errors.Join(os.WriteFile(c.Path, text, 0o600), os.WriteFile(c.Path+".head", head, 0o600)); err != nil {
			t.Fatal(err)
		}
		r := verify(t, c)
		// Nothing but a beginning of what the key wrote has its records.
		if r.Records > r.Unchained && r.Err() == nil && !strings.HasPrefix(string(good), string(text[:len(text)-r.TornBytes])) {
			t.Errorf("%q counts as whole", text)
		}
	})
}
