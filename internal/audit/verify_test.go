package audit_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/audit"
)

// key is a key as the seal room makes them.
func key(name string) audit.MAC {
	return func(label string, data []byte) [32]byte {
		h := hmac.New(sha256.New, []byte(name))
		h.Write(fmt.Appendf(nil, "%d %s", len(label), label))
		h.Write(data)
		return [32]byte(h.Sum(nil))
	}
}

// chained is a trail with a chain.
func chained(tb testing.TB) audit.Config {
	tb.Helper()
	c := config(tb)
	c.Unchained, c.MAC = false, key("k")
	return c
}

func verify(tb testing.TB, c audit.Config) audit.Report {
	tb.Helper()
	r, err := audit.Verify(tb.Context(), audit.VerifyConfig{Path: c.Path, MAC: c.MAC})
	if err != nil {
		tb.Fatalf("Verify = %v", err)
	}
	return r
}

// whole fails when the trail is not whole.
func whole(tb testing.TB, c audit.Config) audit.Report {
	tb.Helper()
	r := verify(tb, c)
	if err := r.Err(); err != nil {
		tb.Fatalf("Verify: %v", err)
	}
	return r
}

// sample is a trail of 63 records in three files of 21 lines: each has an
// audit.opened, nineteen events and a checkpoint. The last file is the one in
// use. A checkpoint is record 21, 42 and 63.
func sample(tb testing.TB, c audit.Config) {
	tb.Helper()
	trail, err := audit.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	for file := range 3 {
		if file > 0 {
			if err := trail.Rotate(); err != nil {
				tb.Fatalf("Rotate = %v", err)
			}
		}
		for i := range 19 {
			record(tb, trail, event(fmt.Sprintf("user-%d-%d", file, i)))
		}
	}
	if err := trail.Close(); err != nil {
		tb.Fatal(err)
	}
}

func rotated(c audit.Config, first uint64) string { return fmt.Sprintf("%s.%020d", c.Path, first) }

// tampering changes a sample.
type tampering struct {
	tb    testing.TB
	c     audit.Config
	files [3][]string
}

func (m *tampering) paths() [3]string { return [3]string{rotated(m.c, 1), rotated(m.c, 22), m.c.Path} }

func tamperWith(tb testing.TB, c audit.Config) *tampering {
	tb.Helper()
	m := &tampering{tb: tb, c: c}
	for i, path := range m.paths() {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		m.files[i] = slices.Collect(strings.Lines(string(text)))
		if len(m.files[i]) != 21 {
			tb.Fatalf("%s has %d lines, want 21:\n%s", path, len(m.files[i]), text)
		}
	}
	return m
}

func (m *tampering) write() {
	for i, path := range m.paths() {
		if m.files[i] == nil {
			if err := os.Remove(path); err != nil {
				m.tb.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(strings.Join(m.files[i], "")), 0o600); err != nil {
			m.tb.Fatal(err)
		}
	}
}

func edited(line, from, to string) string {
	if !strings.Contains(line, from) {
		panic(line)
	}
	return strings.Replace(line, from, to, 1)
}

// Threat T194: every way to change a trail is found, and located to the record.
func TestVerifyLocates(t *testing.T) {
	t.Parallel()
	other := chained(t)
	other.Node = "node-2"
	sample(t, other)
	foreign := tamperWith(t, other)
	for _, row := range []struct {
		name string
		do   func(m *tampering)
		want []string
	}{
		{"nothing", func(*tampering) {}, nil},
		{"a name edited", func(m *tampering) { m.files[0][9] = edited(m.files[0][9], "user-0-8", "user-0-9") }, []string{"0:10 edited 10"}},
		{"a sequence edited", func(m *tampering) { m.files[0][9] = edited(m.files[0][9], `"seq":10`, `"seq":11`) }, []string{"0:10 edited 10"}},
		{"a MAC edited", func(m *tampering) { m.files[1][20] = m.files[1][20][:len(m.files[1][20])-5] + "A\"}\n" }, []string{"1:21 edited 42"}},
		{"a line made garbage", func(m *tampering) { m.files[1][5] = "\x00\xff\n" }, []string{"1:6 edited 27"}},
		{"the chain taken off a line", func(m *tampering) {
			m.files[1][5] = `{"v":1,"seq":27,"time":"2026-03-01T11:00:00.123456789Z","node":"node-1","event":"primary.ok","outcome":"ok","user":"eve"}` + "\n"
		}, []string{"1:6 edited 27"}},
		{"the first line edited", func(m *tampering) { m.files[0][0] = edited(m.files[0][0], `"seq":1`, `"seq":9`) }, []string{"0:1 edited 1"}},
		{"the last line edited", func(m *tampering) { m.files[2][20] = edited(m.files[2][20], "ok", "no") }, []string{"2:21 edited 63"}},
		{"three lines edited", func(m *tampering) {
			for i := 4; i < 7; i++ {
				m.files[2][i] = edited(m.files[2][i], "user-2", "user-3")
			}
		}, []string{"2:5 edited 47-49"}},
		{"a line deleted", func(m *tampering) { m.files[0] = slices.Delete(m.files[0], 9, 10) }, []string{"0:10 deleted 10"}},
		{"lines deleted", func(m *tampering) { m.files[1] = slices.Delete(m.files[1], 3, 9) }, []string{"1:4 deleted 25-30"}},
		{"one deleted, one edited", func(m *tampering) {
			m.files[1][5] = edited(m.files[1][5], "user-1", "user-9")
			m.files[1] = slices.Delete(m.files[1], 9, 10)
		}, []string{"1:6 edited 27", "1:10 deleted 31"}},
		{"a checkpoint deleted", func(m *tampering) { m.files[0] = m.files[0][:20] }, []string{"1:1 rotation gap 21"}},
		{"an invented line", func(m *tampering) {
			m.files[0] = slices.Insert(m.files[0], 9, edited(m.files[0][9], "user-0-8", "user-0-9"))
		}, []string{"0:10 inserted 10"}},
		{"a copied line", func(m *tampering) { m.files[0] = slices.Insert(m.files[0], 15, m.files[0][4]) }, []string{"0:16 inserted 5"}},
		{"a copied part", func(m *tampering) { m.files[1] = slices.Insert(m.files[1], 15, m.files[1][10:15]...) }, []string{"1:16 inserted 32-36"}},
		{"garbage between", func(m *tampering) { m.files[0] = slices.Insert(m.files[0], 9, "hello\n") }, []string{"0:10 inserted 0"}},
		{"neighbours swapped", func(m *tampering) { m.files[0][9], m.files[0][10] = m.files[0][10], m.files[0][9] }, []string{"0:11 reordered 10"}},
		{"a line moved down", func(m *tampering) {
			line := m.files[0][4]
			m.files[0] = slices.Insert(slices.Delete(m.files[0], 4, 5), 15, line)
		}, []string{"0:16 reordered 5"}},
		{"a line moved up", func(m *tampering) {
			line := m.files[0][15]
			m.files[0] = slices.Insert(slices.Delete(m.files[0], 15, 16), 4, line)
		}, []string{"0:5 reordered 16"}},
		{"lines moved to another file", func(m *tampering) {
			lines := slices.Clone(m.files[0][4:8])
			m.files[0] = slices.Delete(m.files[0], 4, 8)
			m.files[2] = slices.Insert(m.files[2], 10, lines...)
		}, []string{"2:11 reordered 5-8"}},
		{"the tail cut off", func(m *tampering) { m.files[2] = m.files[2][:18] }, []string{"2:18 truncated 61-63"}},
		{"the tail cut off within a line", func(m *tampering) {
			m.files[2] = m.files[2][:19]
			m.files[2][18] = m.files[2][18][:40]
		}, []string{"2:19 truncated 61-63"}},
		{"the last file removed", func(m *tampering) { m.files[2] = nil }, []string{"1:21 truncated 43-63"}},
		{"the last file emptied", func(m *tampering) { m.files[2] = []string{} }, []string{"1:21 truncated 43-63"}},
		{"a file removed", func(m *tampering) { m.files[1] = nil }, []string{"2:1 rotation gap 22-42"}},
		{"the first file removed", func(m *tampering) { m.files[0] = nil }, []string{"1:1 rotation gap 1-21"}},
		{"the end of a rotated file removed", func(m *tampering) { m.files[0] = m.files[0][:15] }, []string{"1:1 rotation gap 16-21"}},
		{"the beginning of a file removed", func(m *tampering) { m.files[1] = m.files[1][5:] }, []string{"1:1 rotation gap 22-26"}},
		{"the end of another trail", func(m *tampering) { m.files[2] = slices.Concat(m.files[2][:8], foreign.files[2][8:]) }, []string{
			"head spliced 63", "2:9 spliced 51",
		}},
		{"one record of another trail", func(m *tampering) { m.files[1][8] = foreign.files[1][8] }, []string{"1:9 spliced 30", "1:10 spliced 31"}},
		{"a file of another trail", func(m *tampering) { m.files[1] = foreign.files[1] }, []string{"1:1 spliced 22", "2:1 spliced 43"}},
		{"two trails one after the other", func(m *tampering) { m.files[1] = slices.Concat(m.files[1], foreign.files[1][10:15]) }, []string{"1:22 spliced 32-36"}},
		{"another trail altogether", func(m *tampering) { m.files = foreign.files }, []string{"head spliced 63"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := chained(t)
			sample(t, c)
			m := tamperWith(t, c)
			row.do(m)
			m.write()
			r := verify(t, c)
			if diff := cmp.Diff(row.want, m.faults(r)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if got, broken := r.Err(), len(row.want) > 0; errors.Is(got, audit.ErrBroken) != broken {
				t.Errorf("Err = %v", got)
			}
		})
	}
}

// faults are the faults of a report, in short.
func (m *tampering) faults(r audit.Report) []string {
	paths := m.paths()
	var all []string
	for _, f := range r.Faults {
		where := "?"
		if i := slices.Index(paths[:], f.File); i >= 0 {
			where = fmt.Sprintf("%d:%d", i, f.Line)
		} else if f.File == m.c.Path+".head" {
			where = "head"
		}
		s := fmt.Sprintf("%s %s %d", where, f.Kind, f.Sequence)
		if f.Last > f.Sequence {
			s += fmt.Sprint("-", f.Last)
		}
		all = append(all, s)
	}
	return all
}

func TestVerifyReport(t *testing.T) {
	t.Parallel()
	c := chained(t)
	var sent []audit.Checkpoint
	c.Checkpoint = func(p audit.Checkpoint) { sent = append(sent, p) }
	sample(t, c)
	// A file that somebody compressed is not read, and not hidden either.
	if err := os.WriteFile(c.Path+".1.gz", []byte{0x1f, 0x8b, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	r := whole(t, c)
	want := audit.Report{
		Files: []audit.FileReport{
			{Path: rotated(c, 1), First: 1, Last: 21, Records: 21, Lines: 21},
			{Path: rotated(c, 22), First: 22, Last: 42, Records: 21, Lines: 21},
			{Path: c.Path, First: 43, Last: 63, Records: 21, Lines: 21},
		},
		Skipped: []string{c.Path + ".1.gz"},
		First:   1, Last: 63, Records: 63, Checkpoints: 3, Key: r.Key, Newest: sent[len(sent)-1],
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if len(sent) != 3 || !sent[0].Signed(r.Key) || sent[0].Sequence != 20 {
		t.Errorf("checkpoints sent = %v", sent)
	}
	if got, err := audit.ParseCheckpoint(sent[1].String()); err != nil || got != sent[1] {
		t.Errorf("ParseCheckpoint(%s) = %v, %v", sent[1], got, err)
	}
	forged := sent[1]
	forged.Sequence++
	if forged.Signed(r.Key) {
		t.Error("a checkpoint for another sequence counts as signed")
	}
}

// Threat T194: what nobody can see in the folder itself, checkpoints that were
// kept on another host show.
func TestVerifyWithKnownCheckpoints(t *testing.T) {
	t.Parallel()
	var sent []audit.Checkpoint
	keeping := func(t *testing.T) audit.Config {
		t.Helper()
		c := chained(t)
		c.Node = fmt.Sprint("node of ", t.Name())
		return c
	}
	c := keeping(t)
	c.Checkpoint = func(p audit.Checkpoint) { sent = append(sent, p) }
	sample(t, c)
	for _, row := range []struct {
		name string
		do   func(t *testing.T) audit.Config
		want []audit.FaultKind
	}{
		{"the same trail", func(*testing.T) audit.Config { return c }, nil},
		{"an older state, with its head", func(t *testing.T) audit.Config {
			t.Helper()
			older := keeping(t)
			older.Node = c.Node
			trail := open(t, older)
			for i := range 19 {
				record(t, trail, event(fmt.Sprintf("user-0-%d", i)))
			}
			if err := trail.Rotate(); err != nil {
				t.Fatal(err)
			}
			return older
		}, []audit.FaultKind{audit.Truncated, audit.Truncated}},
		{"another trail with the same key", func(t *testing.T) audit.Config {
			t.Helper()
			c := keeping(t)
			sample(t, c)
			return c
		}, []audit.FaultKind{audit.Spliced, audit.Spliced, audit.Spliced}},
		{"all of it removed", keeping, []audit.FaultKind{audit.Truncated, audit.Truncated, audit.Truncated}},
		{"another key", func(t *testing.T) audit.Config {
			t.Helper()
			c := keeping(t)
			c.MAC = key("other")
			sample(t, c)
			return c
		}, []audit.FaultKind{audit.CheckpointFault, audit.CheckpointFault, audit.CheckpointFault}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := row.do(t)
			if err := os.MkdirAll(filepath.Dir(c.Path), 0o700); err != nil {
				t.Fatal(err)
			}
			r, err := audit.Verify(t.Context(), audit.VerifyConfig{Path: c.Path, MAC: c.MAC, Known: sent})
			if err != nil {
				t.Fatalf("Verify = %v", err)
			}
			var got []audit.FaultKind
			for _, f := range r.Faults {
				got = append(got, f.Kind)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s\n%v", diff, r.Faults)
			}
		})
	}
}

func TestVerifyHead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(path string) error
		want audit.FaultKind
	}{
		{"removed", os.Remove, audit.HeadFault},
		{"emptied", func(p string) error { return os.Truncate(p, 0) }, audit.HeadFault},
		{"cut", func(p string) error { return os.Truncate(p, 40) }, audit.HeadFault},
		{"edited", func(p string) error {
			text, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			return os.WriteFile(p, bytes.Replace(text, []byte("63"), []byte("62"), 1), 0o600)
		}, audit.HeadFault},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := chained(t)
			sample(t, c)
			if err := row.do(c.Path + ".head"); err != nil {
				t.Fatal(err)
			}
			r := verify(t, c)
			if len(r.Faults) != 1 || r.Faults[0].Kind != row.want {
				t.Errorf("faults = %v, want one of kind %s", r.Faults, row.want)
			}
			// The trail goes on, and says what it found.
			trail := open(t, c)
			record(t, trail, event("carol"))
			got := lines(t, c.Path)
			if e := got[len(got)-2]; e.Name != audit.AuditDisturbed || e.Detail["what"] != "head" {
				t.Errorf("record before the event = %+v, want audit.disturbed", e)
			}
			whole(t, c)
		})
	}
}

func TestVerifyOtherKey(t *testing.T) {
	t.Parallel()
	c := chained(t)
	sample(t, c)
	c.MAC = key("other")
	if r := verify(t, c); r.Faults[0].Kind != audit.KeyFault {
		t.Errorf("faults = %v, want one of the key", r.Faults)
	}
	if _, err := audit.Verify(t.Context(), audit.VerifyConfig{Path: c.Path}); !errors.Is(err, audit.ErrNoKey) {
		t.Errorf("Verify without a key = %v, want ErrNoKey", err)
	}
}

// A line that a crash cut after its detail ends as a whole one does, and is torn
// all the same.
func TestTornAfterTheDetail(t *testing.T) {
	t.Parallel()
	c := chained(t)
	sample(t, c)
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	const detail = `"detail":{"previous_sequence":"42"}`
	end := bytes.Index(first, []byte(detail))
	if end < 0 {
		t.Fatalf("the first line has no %s: %s", detail, first)
	}
	torn := first[:end+len(detail)]
	if err := os.WriteFile(c.Path, bytes.Join([][]byte{first, torn, rest}, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := whole(t, c); r.TornBytes != len(torn) || r.Records != 63 {
		t.Errorf("%d torn bytes, %d records, want %d and 63", r.TornBytes, r.Records, len(torn))
	}
}
