package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Config says where the trail is.
type Config struct {
	// Path is the file; its folder is made when it is missing, with mode 0700.
	Path string
	// Node names this server in every line; empty means the host's name.
	Node string
	// Mask turns a username that no directory knows into a keyed hash, by
	// which the same name can be told again: people type passwords into the
	// username field (threat T193). Without it only the length is written.
	Mask func(name string) string
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Trail writes events to a file. It is safe for concurrent use. Its methods
// wait for the disk, and no context cuts them short: what happened is recorded
// even when nobody waits for the answer any more.
type Trail struct {
	path string
	node string
	mask func(string) string
	now  func() time.Time
	open func(path string) (medium, error)

	mu sync.Mutex // guards next
	// next collects the events that arrive while the disk is busy.
	next *batch

	disk sync.Mutex // guards what follows; taken before mu
	// file is nil when it could not be opened again after a failure.
	file medium
	// durable is the length of the file up to the last durable line.
	durable int64
	// sequence is that of the last durable line, last its time.
	sequence uint64
	last     time.Time
	// broken is set while a failed write has not been cleaned up after;
	// unwritten counts the events refused since.
	broken    bool
	unwritten int
	// notes are events of the trail about itself that wait for the next write.
	notes  []*Event
	closed bool
	buf    []byte
}

var _ Recorder = (*Trail)(nil)

// batch is a set of events that one fsync makes durable.
type batch struct {
	events []*Event
	done   chan struct{}
	err    error
}

// New opens the trail and continues its sequence. Errors: [ErrLocked],
// [ErrNotATrail], [ErrUnwritten], those of the file system.
func New(c Config) (*Trail, error) { return newTrail(c, openFile) }

func newTrail(c Config, open func(string) (medium, error)) (*Trail, error) {
	t := &Trail{path: c.Path, node: c.Node, mask: c.Mask, now: c.Now, open: open}
	if t.now == nil {
		t.now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if t.node == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("audit: naming this node: %w", err)
		}
		t.node = host
	}
	if t.mask == nil {
		t.mask = func(string) string { return "" }
	}
	err := t.start()
	if err == nil {
		err = t.write(nil)
	}
	if err != nil {
		if t.file != nil {
			err = errors.Join(err, t.file.Close())
		}
		return nil, err
	}
	return t, nil
}

// Record writes e and returns when it is durable. Writers that come at the
// same time share one fsync. Errors: those of [Event.Validate], [ErrUnwritten],
// [ErrClosed]. An event whose Record failed is not in the trail, or, when the
// disk failed in the middle, may be: then it tells of an effect that nobody saw.
func (t *Trail) Record(_ context.Context, e Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	b, first := t.join(&e)
	if first {
		t.commit(b)
	}
	<-b.done
	return b.err
}

// commit closes b to further events and writes it.
func (t *Trail) commit(b *batch) {
	t.disk.Lock()
	defer t.disk.Unlock()
	t.mu.Lock()
	t.next = nil
	t.mu.Unlock()
	defer close(b.done)
	b.err = t.write(b.events)
}

// join adds e to the batch that waits for the disk. The first of a batch is
// the one who writes it.
func (t *Trail) join(e *Event) (b *batch, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = &batch{done: make(chan struct{}), err: ErrUnwritten}
		first = true
	}
	t.next.events = append(t.next.events, e)
	return t.next, first
}

// write makes events durable, or none of them. The caller holds t.disk.
func (t *Trail) write(events []*Event) error {
	if t.closed {
		return ErrClosed
	}
	if err := t.ready(); err != nil {
		t.unwritten += len(events)
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	notes := t.notes
	if t.unwritten > 0 {
		notes = append(slices.Clip(notes), about(AuditHealed, Failed, "unwritten", number(t.unwritten)))
	}
	if len(notes)+len(events) == 0 {
		return nil
	}
	t.buf = t.buf[:0]
	sequence, last := t.sequence, t.last
	for _, list := range [][]*Event{notes, events} {
		for _, e := range list {
			at := t.now()
			if step, yes := stepped(last, at); yes {
				sequence++
				t.append(about(ClockStepped, OK, "step", step.String()), sequence, at)
			}
			last = at
			sequence++
			t.append(e, sequence, at)
		}
	}
	if err := t.flush(); err != nil {
		t.broken = true
		t.unwritten += len(events)
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.durable += int64(len(t.buf))
	t.sequence, t.last, t.notes, t.unwritten = sequence, last, nil, 0
	return nil
}

func (t *Trail) append(e *Event, sequence uint64, at time.Time) {
	entry := Entry{Event: *e, Time: at, Sequence: sequence, Node: t.node}
	if name := e.UnknownUsername; name != "" {
		entry.UnknownUsername, entry.UnknownBytes = t.mask(name), len(name)
	}
	t.buf = appendLine(t.buf, &entry)
}

func (t *Trail) flush() error {
	if _, err := t.file.Write(t.buf); err != nil {
		return err
	}
	return t.file.Sync()
}

// Close waits for the events under way and closes the file. Later calls of
// Record fail with [ErrClosed].
func (t *Trail) Close() error {
	t.disk.Lock()
	defer t.disk.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// about is an event of the trail about itself; pairs are the details.
func about(name Name, o Outcome, pairs ...string) *Event {
	e := &Event{Name: name, Outcome: o, Actor: "system", Detail: make(map[string]string, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Detail[pairs[i]] = pairs[i+1]
	}
	return e
}

// note keeps such an event for the next write. A disk that fails for hours
// makes no heap of them.
func (t *Trail) note(name Name, o Outcome, pairs ...string) {
	const most = 16
	if len(t.notes) < most {
		t.notes = append(t.notes, about(name, o, pairs...))
	}
}

// stepped reports by how much the wall clock moved otherwise than the
// monotonic one (threat T197). A clock without a monotonic reading is only
// caught going back.
func stepped(last, at time.Time) (time.Duration, bool) {
	const tolerance = 2 * time.Second
	if last.IsZero() {
		return 0, false
	}
	wall, ran := at.Round(0).Sub(last.Round(0)), at.Sub(last)
	if wall == ran && wall >= 0 {
		return 0, false
	}
	step := wall - max(ran, 0)
	return step, step.Abs() > tolerance
}

func number[T int | int64 | uint64](n T) string { return strconv.FormatInt(int64(n), 10) }
