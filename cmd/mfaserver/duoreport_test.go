package main_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	main "mfaserver/cmd/mfaserver"
	"mfaserver/duoclient/duotest"
)

const (
	reportAccounts = 3
	// mostGrowth is what a report of many rows may hold beyond one of few: a
	// whole page of users and a whole piece of a table. The rows would take
	// twice as much.
	mostGrowth = 2 << 20
)

// heapWatch takes what a command prints and looks now and then at how much the
// process holds: what is live after a collection, so that it is no matter when
// the collector would have run.
type heapWatch struct {
	io.Writer
	written, sampled int
	most             uint64
}

const sampleEvery = 128 << 10 // bytes of output

func (w *heapWatch) Write(b []byte) (int, error) {
	if w.written += len(b); w.written-w.sampled >= sampleEvery || w.sampled == 0 {
		w.sampled = w.written
		w.most = max(w.most, liveHeap())
	}
	return w.Writer.Write(b)
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// reportBench has three child accounts with so many users each.
func reportBench(t *testing.T, users int) *duoBench {
	t.Helper()
	b := startDuoBench(t, "clinic-a", "clinic-b", "clinic-c")
	for _, a := range b.Accounts() {
		a.AddUsers(users, func(i int) duotest.User {
			name := fmt.Sprintf("%s-user-%04d", a.Name(), i)
			return duotest.User{Name: name, RealName: "Somebody With A Long Name", Email: name + "@clinic.example.org"}
		})
	}
	return b
}

// reportHeld runs a report and gives by how much the heap grew at most, and the
// number of rows.
func reportHeld(t *testing.T, users int, args ...string) (held int64, rows int) {
	t.Helper()
	b := reportBench(t, users)
	var counted lines
	out, complaints := &heapWatch{Writer: &counted}, new(bytes.Buffer)
	args = append([]string{"--config", b.config, "duo", "users", "report", "--all-orgs"}, args...)
	before := liveHeap()
	if code := main.Run(t.Context(), args, strings.NewReader(""), out, complaints); code != 0 {
		t.Fatalf("%v = %d: %s", args, code, complaints)
	}
	// The default organisation has one user, in whom nothing is found.
	want := fmt.Sprintf("%d user(s) of %d organization(s) read, %d found", reportAccounts*users+1, reportAccounts+1, reportAccounts*users)
	if !strings.Contains(complaints.String(), want) {
		t.Errorf("%v says %q, want %q", args, complaints, want)
	}
	return int64(out.most) - int64(before), counted.users
}

// lines counts the users of an output as it comes and keeps none of it.
type lines struct {
	rest  []byte
	users int
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		if bytes.Contains(line, []byte("-user-")) && !bytes.Contains(line, []byte(`"email"`)) {
			l.users++
		}
		l.rest = bytes.Clone(rest)
	}
}

// A report over 3 accounts of 2,000 users holds no more than one over 3 of 50,
// and is complete. This test is not parallel: nothing else may fill the heap.
func TestDuoReportHoldsLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("6,000 users take their time")
	}
	for _, args := range [][]string{{"--output", "table"}, {"--output", "json"}, {"--csv", "-"}} {
		name := strings.Join(args, " ")
		few, rows := reportHeld(t, 50, args...)
		if rows != reportAccounts*50 {
			t.Errorf("%s: %d rows, want %d", name, rows, reportAccounts*50)
		}
		many, rows := reportHeld(t, 2000, args...)
		if rows != reportAccounts*2000 {
			t.Errorf("%s: %d rows, want %d", name, rows, reportAccounts*2000)
		}
		t.Logf("%s: 150 rows held %d KiB, 6,000 rows %d KiB", name, few>>10, many>>10)
		if many-few > mostGrowth {
			t.Errorf("%s: 6,000 rows held %d KiB more than 150, want at most %d", name, (many-few)>>10, mostGrowth>>10)
		}
	}
}
