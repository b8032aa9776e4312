package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

func TestVerifyArchived(t *testing.T) {
	t.Parallel()
	c := chained(t)
	sample(t, c)
	if err := os.Remove(rotated(c, 1)); err != nil {
		t.Fatal(err)
	}
	r, err := audit.Verify(t.Context(), audit.VerifyConfig{Path: c.Path, MAC: c.MAC, First: 22})
	if err != nil || r.Err() != nil {
		t.Errorf("Verify from record 22 = %v, %v, want no fault", err, r.Err())
	}
}

// Old trails have no chain; it begins where the key comes in, and nothing
// without it is taken after that.
func TestVerifyOldTrail(t *testing.T) {
	t.Parallel()
	old := config(t)
	written(t, old)
	c := old
	c.Unchained, c.MAC = false, key("k")
	trail, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	record(t, trail, event("carol"))
	record(t, trail, event("dave"))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if r := whole(t, c); r.Unchained != 3 || r.Records != 6 {
		t.Errorf("%d records, %d without a chain, want 6 and 3", r.Records, r.Unchained)
	}
	if _, err := audit.New(old); !errors.Is(err, audit.ErrChained) {
		t.Errorf("New without the key = %v, want ErrChained", err)
	}
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(strings.Lines(string(text)))
	for _, row := range []struct {
		name string
		text []string
		want audit.FaultKind
	}{
		{"an old one at the end", append(slices.Clone(all), edited(all[2], `"seq":3`, `"seq":7`)), audit.Inserted},
		{"an old one deleted", slices.Delete(slices.Clone(all), 1, 2), audit.Deleted},
		{"all old ones deleted", all[3:], audit.RotationGap},
		{"a chained one made an old one", append(slices.Clone(all[:3]), append([]string{edited(all[2], `"seq":3`, `"seq":4`)}, all[4:]...)...), audit.Edited},
	} {
		if err := os.WriteFile(c.Path, []byte(strings.Join(row.text, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verify(t, c); len(r.Faults) != 1 || r.Faults[0].Kind != row.want {
			t.Errorf("%s: faults = %v, want one of kind %s", row.name, r.Faults, row.want)
		}
	}
}

// A line that a crash tore and that could not be cut off is no fault when the
// trail says so.
func TestVerifySealedLines(t *testing.T) {
	t.Parallel()
	c, disk := chained(t), newFaulty()
	disk.rigid = true
	trail := openOn(t, c, disk)
	record(t, trail, event("alice"))
	for _, room := range []int{20, 200, 700} {
		disk.set(func() { disk.room = room })
		_ = trail.Record(t.Context(), event("lost"))
		_ = trail.Record(t.Context(), event("lost"))
		disk.set(func() { disk.room = -1 })
		record(t, trail, event("bob"))
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	whole(t, c)
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte("\n{\"v\":2,\"seq\":3,")) + 1
	text = slices.Insert(text, at, []byte("hello\n")...)
	if err := os.WriteFile(c.Path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, c); len(r.Faults) != 1 || r.Faults[0].Kind != audit.Inserted || r.Faults[0].Line != 3 {
		t.Errorf("faults = %v, want one line inserted", r.Faults)
	}
}

func TestVerifyHugeLine(t *testing.T) {
	t.Parallel()
	c := chained(t)
	sample(t, c)
	m := tamperWith(t, c)
	m.files[1] = slices.Insert(m.files[1], 5, strings.Repeat("x", 1<<20)+"\n")
	m.write()
	if got := m.faults(verify(t, c)); len(got) != 1 || got[0] != "1:6 inserted 0" {
		t.Errorf("faults = %v, want the line inserted", got)
	}
}

// A trail in ten thousand pieces is reported, in bounded time.
func TestVerifyShreds(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.MaxBytes = -1
	trail := open(t, c)
	for i := range 300 {
		record(t, trail, event(fmt.Sprint(i)))
	}
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(strings.Lines(string(text)))
	var b strings.Builder
	for i := range 20000 {
		b.WriteString(all[(i*7)%len(all)])
	}
	if err := os.WriteFile(c.Path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if r := verify(t, c); r.Err() == nil {
		t.Error("no fault")
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
