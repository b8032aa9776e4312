package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mfaserver/internal/audit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

// config is a trail in a folder of its own, on a clock that stands.
func config(tb testing.TB) audit.Config {
	tb.Helper()
	return audit.Config{
		Path: filepath.Join(tb.TempDir(), "audit", "audit.jsonl"),
		Node: "node-1", Unchained: true,
		Mask: func(name string) string { return fmt.Sprintf("masked-%d", len(name)) },
		Now:  func() time.Time { return noon },
	}
}

func open(tb testing.TB, c audit.Config) *audit.Trail {
	tb.Helper()
	t, err := audit.New(c)
	if err != nil {
		tb.Fatalf("New = %v", err)
	}
	tb.Cleanup(func() {
		if err := t.Close(); err != nil {
			tb.Errorf("Close = %v", err)
		}
	})
	return t
}

func record(tb testing.TB, t *audit.Trail, e audit.Event) {
	tb.Helper()
	if err := t.Record(tb.Context(), e); err != nil {
		tb.Fatalf("Record(%s) = %v", e.Name, err)
	}
}

// event is an event that can be told from others by its user.
func event(user string) audit.Event {
	return audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: user}
}

// lines reads a file in which every line must parse.
func lines(tb testing.TB, path string) []audit.Entry {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte{'\n'}) {
		tb.Errorf("%s does not end with a line feed", path)
	}
	var entries []audit.Entry
	for l := range bytes.Lines(text) {
		e, err := audit.ParseLine(l)
		if err != nil {
			tb.Fatalf("line %q: %v", l, err)
		}
		entries = append(entries, e)
	}
	return entries
}

// summary is name, user and sequence of each entry.
func summary(entries []audit.Entry) []string {
	var s []string
	for _, e := range entries {
		s = append(s, fmt.Sprintf("%d %s %s", e.Sequence, e.Name, e.Username))
	}
	return s
}

func wantLines(tb testing.TB, path string, want ...string) []audit.Entry {
	tb.Helper()
	entries := lines(tb, path)
	got := summary(entries)
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Fatalf("lines of the trail (-want +got):\n%s", diff)
	}
	return entries
}

func TestRecordWritesWhoWhatWhenWhere(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	full := audit.Event{
		Name: audit.MFARefused, Outcome: audit.Refused, Username: "alice", UnknownUsername: "hunter2", Actor: "bob",
		Source: netip.MustParseAddr("::ffff:192.0.2.1"), UserAgent: "curl/8", Transaction: "tx1", Session: "s1",
		RequestID: "r1", Reason: "denied", Detail: map[string]string{"factor": "duo_push", "txid": "t-1"},
	}
	record(t, trail, full)
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	// Threat T192, T197: who, what, when in UTC to the nanosecond, where,
	// outcome, correlation. Threat T193: an unknown name is not written.
	want := `{"v":1,"seq":2,"time":"2026-03-01T11:00:00.123456789Z","node":"node-1","event":"mfa.refused","outcome":"refused",` +
		`"user":"alice","unknown_user":"masked-7","unknown_user_bytes":7,"actor":"bob","source":"192.0.2.1","user_agent":"curl/8",` +
		`"tx":"tx1","session":"s1","request_id":"r1","reason":"denied","detail":{"factor":"duo_push","txid":"t-1"}}` + "\n"
	if _, got, _ := strings.Cut(string(text), "\n"); got != want {
		t.Errorf("line = %s\nwant   %s", got, want)
	}
	got := wantLines(t, c.Path, "1 audit.opened", "2 mfa.refused alice")[1]
	full.UnknownUsername, full.Source = "masked-7", full.Source.Unmap()
	wantEntry := audit.Entry{Event: full, UnknownBytes: 7, Time: noon.UTC(), Sequence: 2, Node: "node-1"}
	if diff := cmp.Diff(wantEntry, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("ParseLine (-want +got):\n%s", diff)
	}
}

func TestZoneOfASourceIsLeftOut(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	e := event("alice")
	e.Source = netip.MustParseAddr("fe80::1").WithZone("\"}\n")
	record(t, trail, e)
	if got := lines(t, c.Path)[1].Source; got != netip.MustParseAddr("fe80::1") {
		t.Errorf("source = %s, want fe80::1", got)
	}
}

func TestUnknownNameWithoutMask(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Mask = nil
	trail := open(t, c)
	// Threat T193: a password typed into the username field.
	record(t, trail, audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused, UnknownUsername: "correct horse"})
	got := lines(t, c.Path)[1]
	if got.UnknownUsername != "" || got.UnknownBytes != 13 {
		t.Errorf("unknown name = %q, %d bytes, want its length alone", got.UnknownUsername, got.UnknownBytes)
	}
}

func TestRecordRefusesFaultyEmitters(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	for _, row := range []struct {
		name string
		e    audit.Event
		want error
	}{
		// Threat T192: a name that is not in the catalogue.
		{"unlisted", audit.Event{Name: "primary.fine", Outcome: audit.OK}, audit.ErrUnknownName},
		{"no name", audit.Event{Outcome: audit.OK}, audit.ErrUnknownName},
		{"no outcome", audit.Event{Name: audit.PrimaryOK}, audit.ErrBadOutcome},
		{"strange outcome", audit.Event{Name: audit.PrimaryOK, Outcome: "okay"}, audit.ErrBadOutcome},
	} {
		if err := trail.Record(t.Context(), row.e); !errors.Is(err, row.want) {
			t.Errorf("%s: Record = %v, want %v", row.name, err, row.want)
		}
	}
	wantLines(t, c.Path, "1 audit.opened")
}

func TestSequenceContinuesAfterRestart(t *testing.T) {
	t.Parallel()
	c := config(t)
	for i := range 3 {
		trail, err := audit.New(c)
		if err != nil {
			t.Fatal(err)
		}
		record(t, trail, event(fmt.Sprint("user", i)))
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantLines(t, c.Path, "1 audit.opened", "2 primary.ok user0", "3 primary.ok user1", "4 primary.ok user2")
}

func TestFileIsPrivate(t *testing.T) {
	t.Parallel()
	c := config(t)
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	trail := open(t, c)
	// Threat T196.
	if got := mode(c.Path); got != 0o600 {
		t.Errorf("mode of the file = %o, want 600", got)
	}
	if got := mode(filepath.Dir(c.Path)); got != 0o700 {
		t.Errorf("mode of the folder = %o, want 700", got)
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(c.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, c)
	if got := mode(c.Path); got != 0o600 {
		t.Errorf("mode of a file that was too open = %o, want 600", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	t.Run("a second writer", func(t *testing.T) {
		t.Parallel()
		c := config(t)
		open(t, c)
		if _, err := audit.New(c); !errors.Is(err, audit.ErrLocked) {
			t.Errorf("second New = %v, want ErrLocked", err)
		}
	})
	t.Run("a symbolic link", func(t *testing.T) {
		t.Parallel()
		c := config(t)
		c.Path = filepath.Join(t.TempDir(), "audit.jsonl")
		target := filepath.Join(t.TempDir(), "target")
		if err := os.Symlink(target, c.Path); err != nil {
			t.Skip(err)
		}
		if _, err := audit.New(c); err == nil {
			t.Error("New followed a symbolic link")
		}
		if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("target of the link: %v, want none", err)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		t.Parallel()
		c := config(t)
		c.Path = t.TempDir()
		if _, err := audit.New(c); err == nil {
			t.Error("New of a folder = nil")
		}
	})
	for name, text := range map[string]string{
		"a configuration file": "listen: \":8443\"\n",
		"other JSON lines":     "{\"a\":1}\n{\"b\":2}\n",
		"no line feed":         "hello",
		"another version":      `{"v":3,"seq":1,"time":"2026-03-01T11:00:00Z","event":"a","outcome":"ok"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			c.Path = filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(c.Path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := audit.New(c); !errors.Is(err, audit.ErrNotATrail) {
				t.Errorf("New = %v, want ErrNotATrail", err)
			}
			if after, err := os.ReadFile(c.Path); err != nil || string(after) != text {
				t.Errorf("file after = %q, %v, want it as it was", after, err)
			}
		})
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	trail := open(t, config(t))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if err := trail.Record(t.Context(), event("alice")); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("Record = %v, want ErrClosed", err)
	}
	if err := trail.Reopen(); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("Reopen = %v, want ErrClosed", err)
	}
}

func TestClockStep(t *testing.T) {
	t.Parallel()
	c := config(t)
	at := noon
	c.Now = func() time.Time { return at }
	trail := open(t, c)
	record(t, trail, event("alice"))
	// Threat T197: the clock is set back; the sequence is not.
	at = at.Add(-time.Hour)
	record(t, trail, event("bob"))
	at = at.Add(-time.Second)
	record(t, trail, event("carol"))
	got := wantLines(t, c.Path, "1 audit.opened", "2 primary.ok alice", "3 clock.stepped", "4 primary.ok bob", "5 primary.ok carol")
	if step := got[2].Detail["step"]; step != "-1h0m0s" {
		t.Errorf("step = %q, want -1h0m0s", step)
	}
}

func TestClockStepOverRestart(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	record(t, trail, event("alice"))
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	c.Now = func() time.Time { return time.Unix(0, 0) }
	trail = open(t, c)
	record(t, trail, event("bob"))
	wantLines(t, c.Path, "1 audit.opened", "2 primary.ok alice", "3 clock.stepped", "4 primary.ok bob")
}

func TestManyWritersGetOneLineEach(t *testing.T) {
	t.Parallel()
	c := config(t)
	trail := open(t, c)
	const writers, each = 32, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := trail.Record(t.Context(), event(fmt.Sprintf("%d-%d", w, i))); err != nil {
					t.Errorf("Record = %v", err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i, e := range lines(t, c.Path) {
		if e.Sequence != uint64(i+1) {
			t.Fatalf("line %d has sequence %d", i+1, e.Sequence)
		}
		seen[e.Username] = true
	}
	if len(seen) != writers*each+1 {
		t.Errorf("%d different events, want %d", len(seen)-1, writers*each)
	}
}
