package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

const (
	// feedQueue is how many records wait for the index; more are read back
	// from the files.
	feedQueue = 4096
	// feedBatch is how many are given to the index at once.
	feedBatch = 1000
	// feedEvery is the least time between two of them: what comes meanwhile
	// shares a transaction of the index.
	feedEvery = 100 * time.Millisecond
	// feedRetry is how long an index that failed is left alone.
	feedRetry = time.Second
	// feedGrace is how long the index has to finish when the trail is closed.
	feedGrace = 2 * time.Second
)

// feeder tells the index of every record that is durable, in its own time.
type feeder struct {
	path  string
	index Index
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}
	pace  feedPace

	mu sync.Mutex // guards what follows
	// queue holds what the index was not told yet; lost says that it does not
	// hold all of it.
	queue []IndexEntry
	lost  bool
	// durable is the last record that may be told of, told the last that was.
	durable, told uint64
	err           error
}

func newFeeder(path string, index Index, durable uint64) *feeder {
	f := &feeder{
		path: path, index: index, lost: true, durable: durable,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	f.pace.durable.Store(durable)
	go f.run()
	return f
}

// push hands over records that became durable. It never waits for the index.
func (f *feeder) push(entries []IndexEntry) {
	f.mu.Lock()
	f.durable = entries[len(entries)-1].Sequence
	f.pace.durable.Store(f.durable)
	if !f.lost {
		f.queue = append(f.queue, entries...)
	}
	if len(f.queue) > feedQueue {
		f.queue, f.lost = nil, true
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// close lets the index finish, for as long as it may take, and ends the feeder.
func (f *feeder) close() {
	f.pace.hurry.Store(true)
	close(f.stop)
	<-f.done
}

func (f *feeder) run() {
	defer close(f.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		rest := feedEvery
		retry := f.feed(ctx)
		if retry {
			rest = feedRetry
		}
		if !f.wait(rest, !retry) {
			break
		}
	}
	// Once more, for what came in the meantime.
	defer time.AfterFunc(feedGrace, cancel).Stop()
	f.feed(ctx)
}

// wait waits for as long as that, and then for something to tell when news is
// wanted. It reports false as soon as the trail is closed.
func (f *feeder) wait(rest time.Duration, news bool) bool {
	select {
	case <-time.After(rest):
	case <-f.stop:
		return false
	}
	if !news {
		return true
	}
	select {
	case <-f.wake:
		return true
	case <-f.stop:
		return false
	}
}

// feed tells the index what there is to tell; retry reports that it failed.
func (f *feeder) feed(ctx context.Context) (retry bool) {
	f.mu.Lock()
	queue, lost, durable := f.queue, f.lost, f.durable
	f.queue, f.lost = nil, false
	f.mu.Unlock()
	var err error
	if lost {
		err = f.catchUp(ctx, durable)
	}
	if err == nil {
		err = f.add(ctx, queue)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	if err != nil {
		f.queue, f.lost = nil, true
	}
	return err != nil
}

// add tells the index of entries, but for those that it knows.
func (f *feeder) add(ctx context.Context, entries []IndexEntry) error {
	for len(entries) > 0 && entries[0].Sequence <= f.toldUntil() {
		entries = entries[1:]
	}
	for i := range entries {
		entries[i].asRead()
	}
	for len(entries) > 0 {
		part := entries[:min(len(entries), feedBatch)]
		if err := f.index.Add(ctx, part, f.pace.rest); err != nil {
			return fmt.Errorf("audit: index: %w", err)
		}
		entries = entries[len(part):]
		f.mu.Lock()
		f.told = part[len(part)-1].Sequence
		f.pace.told.Store(f.told)
		f.mu.Unlock()
	}
	return nil
}

func (f *feeder) toldUntil() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.told
}

// catchUp reads in the files what the index does not know, up to the last
// record that is durable.
func (f *feeder) catchUp(ctx context.Context, durable uint64) error {
	last, err := f.index.Last(ctx)
	if err != nil {
		return fmt.Errorf("audit: index: %w", err)
	}
	f.mu.Lock()
	f.told = last.Sequence
	f.pace.told.Store(f.told)
	f.mu.Unlock()
	var part []IndexEntry
	failed := scan(ctx, f.path, scope{after: last.Sequence, before: durable + 1, file: last.File, offset: last.Offset},
		func(s *segment, offset int64, line []byte) bool {
			f.pace.restInFlood()
			e, bad := ParseLine(line)
			if bad != nil || e.Sequence <= last.Sequence || e.Sequence > durable {
				return true
			}
			entry := indexed(&e)
			entry.File, entry.Offset = s.first, offset
			if part = append(part, entry); len(part) < feedBatch {
				return true
			}
			err = f.add(ctx, part)
			part = nil
			return err == nil
		})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = f.add(ctx, part)
	}
	return err
}

// Indexed is the last record that the index knows of, and why it knows no more
// where it failed. Both are zero without an index.
func (t *Trail) Indexed() (sequence uint64, err error) {
	if t.feeder == nil {
		return 0, nil
	}
	t.feeder.mu.Lock()
	defer t.feeder.mu.Unlock()
	return t.feeder.told, t.feeder.err
}

// asRead makes the texts of e what they are after they were written and read.
func (e *IndexEntry) asRead() {
	for _, s := range []*string{&e.User, &e.Actor, &e.Transaction, &e.Session, &e.Request} {
		*s = readBack(*s)
	}
}

func readBack(s string) string {
	short := len(s) <= maxText
	for i := 0; short && i < len(s); i++ {
		short = s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\' && s[i] != '<' && s[i] != '>' && s[i] != '&'
	}
	if short {
		return s
	}
	var read string
	if err := json.Unmarshal(append(appendText([]byte{'"'}, s), '"'), &read); err != nil {
		return ""
	}
	return read
}
