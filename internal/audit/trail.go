package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Config says where the trail is and how it is kept.
type Config struct {
	// Path is the file; its folder is made when it is missing, with mode 0700.
	// Beside it lie the head (.head) and the files that were rotated away.
	Path string
	// Node names this server in every line; empty means the host's name.
	Node string
	// MAC is the key of the chain; [ErrNoKey] without it.
	MAC MAC
	// Earlier are the keys of before: a trail whose last record one of them made
	// is handed over to MAC with a record that both sign.
	Earlier []MAC
	// Unchained says that the trail is to have no chain. It is for tests.
	Unchained bool
	// Mask turns a username that no directory knows into a keyed hash, by
	// which the same name can be told again: people type passwords into the
	// username field (threat T193). Without it only the length is written.
	Mask func(name string) string
	// CheckpointRecords and CheckpointEvery are how many records, and how much
	// time after a record, go without a checkpoint at most; 0 means 1,000 and
	// a minute.
	CheckpointRecords int
	CheckpointEvery   time.Duration
	// Checkpoint, where given, is called with each checkpoint once it is
	// durable, to be sent to another host. It must not wait, nor call the
	// trail.
	Checkpoint func(Checkpoint)
	// MaxBytes is the size at which a file is rotated away; 0 means 64 MiB, a
	// negative one never. Nothing is ever deleted.
	MaxBytes int64
	// Reserve is the room on the disk, in bytes, that is set aside for events
	// that take access away ([Name.Reserved]); when the disk has no other, the
	// rest is refused with [ErrReserved]. 0 means none, and so does a file
	// system, or a system other than Linux, that sets nothing aside.
	Reserve int64
	// Index, where given, is fed with every record that is durable.
	Index Index
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Trail writes events to a file. It is safe for concurrent use. Its methods
// wait for the disk, and no context cuts them short: what happened is recorded
// even when nobody waits for the answer any more.
type Trail struct {
	cfg    Config
	open   func(path string) (medium, error)
	rename func(from, to string) error

	mu sync.Mutex // guards next and shut
	// next collects the events that arrive while the disk is busy.
	next *batch
	// shut is set when the trail is closed: nothing is left to a timer.
	shut bool

	disk sync.Mutex // guards what follows; taken before mu
	// keys, ring and head are nil in a trail without a chain. charge is the key
	// that was to make the next record when the trail was opened.
	keys   *keys
	ring   keyring
	charge *keys
	head   *head
	// feeder is nil without an index.
	feeder *feeder
	// file is nil when it could not be opened again after a failure. first is
	// the sequence of its first record, durable its length up to the last
	// durable line; at rotateAt it is rotated away.
	file     medium
	first    uint64
	durable  int64
	rotateAt int64
	// tip is the last durable record.
	tip tip
	// due makes the next checkpoint; nil while there is nothing to make one of.
	due     *time.Timer
	reserve reserve
	// broken is set while a failed write has not been cleaned up after;
	// unwritten counts the events refused since.
	broken    bool
	unwritten int
	// notes are events of the trail about itself that wait for the next write.
	notes  []*Event
	closed bool
	// buf and places are the lines of one batch, and what the index is told.
	buf    []byte
	places []IndexEntry

	// last is the sequence of tip, for those who do not wait for the disk.
	last atomic.Uint64
	// failing is set while the last write failed.
	failing atomic.Bool
	// scarce is set while the reserve is the only room there is, refused counts
	// the events that were turned away for it.
	scarce  atomic.Bool
	refused atomic.Int64
}

var _ Recorder = (*Trail)(nil)

// batch is a set of events that one fsync makes durable.
type batch struct {
	events []*Event
	done   chan struct{}
	err    error
	// taken is set once somebody is to write it; guarded by [Trail.mu].
	taken bool
}

// New opens the trail and continues its sequence and its chain. Errors:
// [ErrNoKey], [ErrChained], [ErrLocked], [ErrNotATrail], [ErrUnwritten], those
// of the file system.
func New(c Config) (*Trail, error) { return newTrail(c, openFile, os.Rename) }

func newTrail(c Config, open func(string) (medium, error), rename func(from, to string) error) (*Trail, error) {
	c, err := withDefaults(c)
	if err != nil {
		return nil, err
	}
	t := &Trail{cfg: c, open: open, rename: rename}
	// A checkpoint may be due before this returns.
	t.disk.Lock()
	defer t.disk.Unlock()
	if err := t.begin(); err != nil {
		return nil, errors.Join(err, t.release())
	}
	t.last.Store(t.tip.sequence)
	if c.Index != nil {
		t.feeder = newFeeder(c.Path, c.Index, t.tip.sequence)
	}
	return t, nil
}

func withDefaults(c Config) (Config, error) {
	if c.MAC == nil && !c.Unchained {
		return c, ErrNoKey
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.Node == "" {
		host, err := os.Hostname()
		if err != nil {
			return c, fmt.Errorf("audit: naming this node: %w", err)
		}
		c.Node = host
	}
	if c.Mask == nil {
		c.Mask = func(string) string { return "" }
	}
	if c.CheckpointRecords <= 0 {
		c.CheckpointRecords = 1000
	}
	if c.CheckpointEvery <= 0 {
		c.CheckpointEvery = time.Minute
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	return c, nil
}

// begin opens the files and takes the trail up where it ended.
func (t *Trail) begin() error {
	if !t.cfg.Unchained {
		t.ring = newKeyring(t.cfg.MAC, t.cfg.Earlier)
		t.keys = t.ring[0]
		h, err := openHead(t.cfg.Path)
		if err != nil {
			return err
		}
		t.head = h
	}
	if err := t.start(); err != nil {
		return err
	}
	if err := t.compareIndex(); err != nil {
		return err
	}
	if err := t.takeOver(); err != nil {
		return err
	}
	return t.write(nil, false)
}

// release closes the files.
func (t *Trail) release() error {
	var err error
	if t.file != nil {
		err = t.file.Close()
	}
	if t.head != nil {
		err = errors.Join(err, t.head.close())
	}
	return err
}

// Record writes e and returns when it is durable. Writers that come at the
// same time share one fsync. Errors: those of [Event.Validate], [ErrUnwritten],
// [ErrClosed]. An event whose Record failed is not in the trail, or, when the
// disk failed in the middle, may be: then it tells of an effect that nobody saw.
//
// What was turned away before anything was looked at ([Name.Passing]) is not
// waited for: such events come by the thousand, change nothing, and must not
// keep the disk from those that do. They are durable a moment later, see soon.go.
func (t *Trail) Record(_ context.Context, e Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	if err := t.admit(&e); err != nil {
		return err
	}
	if e.Name.Passing() && t.leave(&e) {
		return nil
	}
	b, mine := t.join(&e)
	if mine {
		t.commit(b)
	}
	<-b.done
	return b.err
}

// Last is the sequence of the last record that is durable. It never waits.
func (t *Trail) Last() uint64 { return t.last.Load() }

// join adds e to the batch that waits for the disk. The first of a batch who
// waits for it is the one who writes it.
func (t *Trail) join(e *Event) (b *batch, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b = t.add(e)
	mine = !b.taken
	b.taken = true
	return b, mine
}

// add adds e to the next batch. The caller holds t.mu.
func (t *Trail) add(e *Event) *batch {
	if t.next == nil {
		t.next = &batch{done: make(chan struct{}), err: ErrUnwritten}
	}
	t.next.events = append(t.next.events, e)
	return t.next
}

// commit closes b to further events and writes it.
func (t *Trail) commit(b *batch) {
	t.disk.Lock()
	defer t.disk.Unlock()
	runtime.Gosched() // those who are ready to run may have more for this batch
	t.mu.Lock()
	t.next = nil
	t.mu.Unlock()
	func() {
		defer close(b.done)
		b.err = t.write(b.events, false)
	}()
	if b.err == nil && t.cfg.MaxBytes > 0 && t.durable >= t.rotateAt && !t.scarce.Load() {
		t.rotateBySize()
	}
}

// Close waits for the events under way, signs the last record and closes the
// files. Later calls of Record fail with [ErrClosed].
func (t *Trail) Close() error {
	t.disk.Lock()
	defer t.disk.Unlock()
	if t.closed {
		return nil
	}
	err := t.writeLeft()
	if !t.broken {
		err = errors.Join(err, t.sign())
	}
	t.closed = true
	if t.due != nil {
		t.due.Stop()
	}
	if t.feeder != nil {
		t.feeder.close()
	}
	return errors.Join(err, t.release())
}
