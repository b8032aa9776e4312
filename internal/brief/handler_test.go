package brief_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"mfaserver/internal/brief"
)

// bench is a log whose clock stands until it is moved.
type bench struct {
	out bytes.Buffer
	at  time.Time
	h   *brief.Handler
	log *slog.Logger
}

func newBench(whole int) *bench {
	b := &bench{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	b.h = brief.New(brief.Config{
		Next: slog.NewJSONHandler(&b.out, &slog.HandlerOptions{Level: slog.LevelDebug}), Now: func() time.Time { return b.at }, Whole: whole,
	})
	b.log = slog.New(b.h)
	return b
}

func (b *bench) refuse(ctx context.Context, route string, status int, id string) {
	b.log.DebugContext(ctx, "request refused", slog.String("request_id", id), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", time.Duration(len(id))))
}

func (b *bench) lines(t *testing.T) []string {
	t.Helper()
	var all []string
	for text := range strings.Lines(b.out.String()) {
		var l struct {
			Msg       string
			Route     string
			RequestID string `json:"request_id"`
			Status    int
			Repeated  int
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %d %s %d", l.Msg, l.Route, l.Status, l.RequestID, l.Repeated)))
	}
	return all
}

func wantLines(t *testing.T, b *bench, want ...string) {
	t.Helper()
	got := b.lines(t)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Threat T183: of the same refusals the first are lines, and the others one
// line for each kind and minute, with their number and the last of them.
func TestRepeatsAreCounted(t *testing.T) {
	t.Parallel()
	b := newBench(1)
	for i := range 1000 {
		b.refuse(t.Context(), "login", 401, fmt.Sprint("r", i))
	}
	b.refuse(t.Context(), "login", 429, "other")
	b.at = b.at.Add(59 * time.Second)
	b.refuse(t.Context(), "login", 401, "last")
	want := []string{"request refused login 401 r0 0", "request refused login 429 other 0"}
	wantLines(t, b, want...)
	b.at = b.at.Add(time.Second)
	b.log.InfoContext(t.Context(), "ready")
	want = append(want, "request refused login 401 last 1000", "ready  0  0")
	wantLines(t, b, want...)
	b.refuse(t.Context(), "login", 401, "again")
	wantLines(t, b, append(want, "request refused login 401 again 0")...)
}

// What was counted when the process ends is written; once.
func TestFlush(t *testing.T) {
	t.Parallel()
	b := newBench(2)
	for i := range 5 {
		b.refuse(t.Context(), "login", 401, fmt.Sprint(i))
	}
	b.h.Flush(t.Context())
	b.h.Flush(t.Context())
	wantLines(t, b, "request refused login 401 0 0", "request refused login 401 1 0", "request refused login 401 4 3")
}

// Lines of the operation pass, however many are alike.
func TestInfoPasses(t *testing.T) {
	t.Parallel()
	b := newBench(1)
	for range 50 {
		b.log.InfoContext(t.Context(), "audit checkpoint")
	}
	if n := len(b.lines(t)); n != 50 {
		t.Errorf("%d lines of 50", n)
	}
}

// What differs each time makes no kind of its own; what matters does.
func TestKinds(t *testing.T) {
	t.Parallel()
	dial := func(port int) error { return fmt.Errorf("dial tcp 127.0.0.1:%d: %w", port, io.ErrUnexpectedEOF) }
	for _, row := range []struct {
		name string
		log  func(l *slog.Logger, i int)
		want int
	}{
		{"ports in errors", func(l *slog.Logger, i int) { l.Error("duo cannot be asked", "err", dial(i)) }, 1},
		{"addresses in messages", func(l *slog.Logger, i int) {
			slog.NewLogLogger(l.Handler(), slog.LevelDebug).Printf("http: TLS handshake error from 10.0.0.%d:%d: EOF", i, i)
		}, 1},
		{"ids of requests", func(l *slog.Logger, i int) { l.Warn("x", "request_id", fmt.Sprint(i)) }, 1},
		{"users", func(l *slog.Logger, i int) { l.Warn("x", "user", fmt.Sprint("user", i)) }, 100},
		{"other errors", func(l *slog.Logger, i int) { l.Warn("x", "err", errors.New(strings.Repeat("x", i))) }, 100},
		{"other numbers", func(l *slog.Logger, i int) { l.Warn("x", "status", i) }, 100},
		{"yes and no", func(l *slog.Logger, i int) { l.Warn("x", "running", i%2 == 0) }, 2},
		{"loggers of their own", func(l *slog.Logger, i int) { l.With("sink", fmt.Sprint("s", i%3)).Warn("x") }, 3},
		{"groups", func(l *slog.Logger, i int) { l.WithGroup(fmt.Sprint("g", i%2)).Warn("x", "a", "b") }, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(1)
			for i := range 100 {
				row.log(b.log, i)
			}
			if n := len(b.lines(t)); n != row.want {
				t.Errorf("%d lines, want %d", n, row.want)
			}
		})
	}
}

// Threat T183: who makes up ever new kinds does not fill the memory, nor the
// disk: beyond a number they share one line.
func TestKindsAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(1)
	const many = 100_000
	for i := range many {
		b.log.WarnContext(t.Context(), "x", "user", fmt.Sprint("user", i))
	}
	if n := len(b.lines(t)); n != 513 {
		t.Errorf("%d lines, want 513", n)
	}
	b.h.Flush(t.Context())
	if got := b.lines(t); got[len(got)-1] != fmt.Sprintf("x  0  %d", many-513) {
		t.Errorf("the last line is %q", got[len(got)-1])
	}
}

// Many write at once, and every line is written or counted.
func TestConcurrentLines(t *testing.T) {
	t.Parallel()
	b := newBench(10)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				b.refuse(t.Context(), "login", 401, "x")
			}
		})
	}
	all.Wait()
	b.h.Flush(t.Context())
	if got := b.lines(t); len(got) != 11 || got[10] != "request refused login 401 x 7990" {
		t.Errorf("%d lines, the last one %q", len(got), got[len(got)-1])
	}
}

// It is a handler as log/slog wants one.
func TestHandler(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := brief.New(brief.Config{Next: slog.NewJSONHandler(&out, nil), Now: time.Now})
	err := slogtest.TestHandler(h, func() []map[string]any {
		var all []map[string]any
		for text := range strings.Lines(out.String()) {
			var m map[string]any
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

// BenchmarkWithheld is what a line costs that is counted alone.
func BenchmarkWithheld(b *testing.B) {
	one := newBench(1)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		one.refuse(ctx, "login", 401, "0123456789abcdef")
	}
}
