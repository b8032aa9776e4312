package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Reader finds records in the files of a trail, also while they are written.
// It is safe for concurrent use.
//
// What it reads is not checked against the chain: that is the work of
// [Verify]. A line that is none of a trail is left out.
type Reader struct {
	path  string
	index Index
}

// NewReader reads the trail at path. The index may be nil; a search then reads
// all files that it may concern.
func NewReader(path string, index Index) *Reader { return &Reader{path: path, index: index} }

// Search returns the records that f wants, in ascending sequence. A search that
// fails ends with its error; none of it is about a damaged line.
func (r *Reader) Search(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := r.search(ctx, f, yield); err != nil {
			yield(Entry{}, err)
		}
	}
}

// search yields what f wants; its error is nil when yield had enough.
func (r *Reader) search(ctx context.Context, f Filter, yield func(Entry, error) bool) error {
	last := r.indexed(ctx)
	if last.Sequence == 0 {
		return r.scanAll(ctx, f, yield)
	}
	// The index is asked up to its last record of now, the files for the rest.
	known, tail := f, f
	if f.Before == 0 || f.Before > last.Sequence {
		known.Before = last.Sequence + 1
	}
	behind := scope{after: max(f.After, last.Sequence), before: f.Before}
	tail.After = behind.after
	if tail.After == last.Sequence {
		behind.file, behind.offset = last.File, last.Offset
	}
	if f.Newest && f.Limit > 0 {
		return r.searchNewest(ctx, f, known, tail, behind, yield)
	}
	left, going := f.Limit, true
	err := r.lookUp(ctx, known, func(e Entry, err error) bool {
		left--
		f.After = e.Sequence
		going = yield(e, err) && left != 0
		return going
	})
	if f.Limit = max(left, 0); errors.Is(err, errIndex) {
		return r.scanAll(ctx, f, yield)
	}
	if err != nil || !going {
		return err
	}
	tail.Limit = f.Limit
	return r.scan(ctx, tail, behind, yield)
}

// searchNewest looks at what the index does not know yet before it asks the
// index, and holds as many records as the limit says.
func (r *Reader) searchNewest(ctx context.Context, f, known, tail Filter, behind scope, yield func(Entry, error) bool) error {
	var old, fresh []Entry
	if err := r.scan(ctx, tail, behind, collect(&fresh)); err != nil {
		return err
	}
	if known.Limit = f.Limit - len(fresh); known.Limit > 0 {
		err := r.lookUp(ctx, known, collect(&old))
		if errors.Is(err, errIndex) {
			return r.scanAll(ctx, f, yield)
		}
		if err != nil {
			return err
		}
	}
	for _, e := range append(old, fresh...) {
		if !yield(e, nil) {
			return nil
		}
	}
	return nil
}

// errIndex: the index failed; the files have it all.
var errIndex = errors.New("audit: index failed")

func collect(all *[]Entry) func(Entry, error) bool {
	return func(e Entry, _ error) bool {
		*all = append(*all, e)
		return true
	}
}

// indexed is the last record that the index knows of. An index that fails is as
// good as none.
func (r *Reader) indexed(ctx context.Context) IndexEntry {
	if r.index == nil {
		return IndexEntry{}
	}
	last, err := r.index.Last(ctx)
	if err != nil {
		return IndexEntry{}
	}
	return last
}

// lookUp yields what f wants of the records that the index knows.
func (r *Reader) lookUp(ctx context.Context, f Filter, yield func(Entry, error) bool) (err error) {
	all, err := segments(r.path, nil)
	if err != nil {
		return err
	}
	open := &opened{all: all}
	defer func() { err = errors.Join(err, open.close()) }()
	buf := make([]byte, longest)
	for place, err := range r.index.Search(ctx, f) {
		if err != nil {
			return fmt.Errorf("%w: %w", errIndex, err)
		}
		e, there, err := open.at(&place, buf)
		if err != nil {
			return err
		}
		if !there {
			// The index does not know where it is; the files do.
			e, there, err = r.find(ctx, place.Sequence)
			if err != nil {
				return err
			}
		}
		if there && f.Match(&e) && !yield(e, nil) {
			return nil
		}
	}
	return nil
}

// find is the record of that sequence.
func (r *Reader) find(ctx context.Context, sequence uint64) (found Entry, there bool, err error) {
	one := Filter{After: sequence - 1, Before: sequence + 1, Limit: 1}
	err = r.scan(ctx, one, scope{after: one.After, before: one.Before}, func(e Entry, _ error) bool {
		found, there = e, true
		return false
	})
	return found, there, err
}

// opened keeps the file open that was read last.
type opened struct {
	all  []segment
	now  reading
	file uint64
}

// at is the record at a place; false when it is not there.
func (o *opened) at(place *IndexEntry, buf []byte) (Entry, bool, error) {
	if o.now == nil || o.file != place.File {
		i := slices.IndexFunc(o.all, func(s segment) bool { return s.first == place.File })
		if i < 0 {
			return Entry{}, false, nil
		}
		f, err := o.all[i].open()
		if err != nil {
			return Entry{}, false, err
		}
		if o.now != nil {
			err = o.now.Close()
		}
		o.now, o.file = f, place.File
		if err != nil {
			return Entry{}, false, fmt.Errorf("audit: %w", err)
		}
	}
	n, err := o.now.ReadAt(buf, place.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return Entry{}, false, fmt.Errorf("audit: %w", err)
	}
	line, _, whole := bytes.Cut(buf[:n], []byte{'\n'})
	e, err := ParseLine(line)
	return e, whole && err == nil && e.Sequence == place.Sequence, nil
}

func (o *opened) close() error {
	err := closeAll(o.all)
	if o.now != nil {
		err = errors.Join(err, o.now.Close())
	}
	return err
}

func (r *Reader) scanAll(ctx context.Context, f Filter, yield func(Entry, error) bool) error {
	return r.scan(ctx, f, scope{after: f.After, before: f.Before}, yield)
}

// scan yields what f wants of the files in scope.
func (r *Reader) scan(ctx context.Context, f Filter, in scope, yield func(Entry, error) bool) error {
	needles := f.needles()
	wanted := func(line []byte) (Entry, bool) {
		if !holds(line, needles) {
			return Entry{}, false
		}
		e, err := ParseLine(line)
		return e, err == nil && f.Match(&e)
	}
	if f.Newest && f.Limit > 0 {
		return r.scanNewest(ctx, f.Limit, in, wanted, yield)
	}
	left := f.Limit
	return scan(ctx, r.path, in, func(_ *segment, _ int64, line []byte) bool {
		e, ok := wanted(line)
		if !ok {
			return true
		}
		left--
		return yield(e, nil) && left != 0
	})
}

// scanNewest yields the last limit records that are wanted. It reads the files
// from the last one back, until it has them.
func (r *Reader) scanNewest(ctx context.Context, limit int, in scope, wanted func([]byte) (Entry, bool), yield func(Entry, error) bool) error {
	all, err := segments(r.path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = closeAll(all) }()
	var found []Entry
	for i := len(all) - 1; i >= 0 && len(found) < limit; i-- {
		if !in.in(all, i) {
			continue
		}
		var here []Entry
		err := all[i].read(ctx, in.start(&all[i]), func(_ int64, line []byte) bool {
			if e, ok := wanted(line); ok {
				if here = append(here, e); len(here) >= 2*limit {
					here = append(here[:0], here[len(here)-limit:]...)
				}
			}
			return true
		})
		if err != nil {
			return err
		}
		found = append(here, found...)
	}
	for _, e := range found[max(0, len(found)-limit):] {
		if !yield(e, nil) {
			return nil
		}
	}
	return nil
}
