package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// segment is one file of a trail.
type segment struct {
	path string
	info fs.FileInfo
	// first is the sequence of the first record in it; 0 when it has none
	// that can be read.
	first uint64
	// file is open for the one that has the trail's name.
	file *os.File
}

// segments lists the files of a trail in the order of their records. The one
// that has the trail's name is opened before the others are looked for, so that
// a rotation in between hides none. close what is returned.
func segments(path string, r keyring) ([]segment, error) {
	var all []segment
	active, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0) //nolint:gosec // the path is the operator's
	switch {
	case err == nil:
		info, err := active.Stat()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("audit: %w", err), active.Close())
		}
		all = append(all, segment{path: path, info: info, file: active, first: firstIn(active, r)})
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("audit: %w", err)
	}
	rotated, err := rotatedOf(path, r)
	if err != nil {
		return nil, errors.Join(err, closeAll(all))
	}
	for _, r := range rotated {
		if len(all) > 0 && os.SameFile(all[0].info, r.info) {
			continue
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b segment) int {
		// An empty file is one that a rotation has just made.
		if empty := cmp.Compare(min(a.first, 1), min(b.first, 1)); empty != 0 {
			return -empty
		}
		return cmp.Compare(a.first, b.first)
	})
	return all, nil
}

// rotatedOf lists the files whose names begin with that of the trail, in no
// order that means something.
func rotatedOf(path string, r keyring) ([]segment, error) {
	folder, base := filepath.Split(path)
	names, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	var all []segment
	for _, n := range names {
		rest, ok := strings.CutPrefix(n.Name(), base)
		if !ok || rest == "" || rest == headSuffix || !n.Type().IsRegular() {
			continue
		}
		s := segment{path: filepath.Join(folder, n.Name())}
		f, err := s.open()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.info, err = f.Stat()
		s.first = firstIn(f, r)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

func closeAll(all []segment) error {
	var err error
	for _, s := range all {
		if s.file != nil {
			err = errors.Join(err, s.file.Close())
		}
	}
	return err
}

// reading is a segment that is being read.
type reading interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// open opens the segment for reading.
func (s *segment) open() (reading, error) {
	if s.file != nil {
		return kept{s.file}, nil
	}
	f, err := os.OpenFile(s.path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return f, nil
}

// kept is a file that stays open longer than one reading.
type kept struct{ *os.File }

func (kept) Close() error { return nil }

// firstIn is the sequence of the first record in a file: of the first that one of
// the keys made, where there is one near the beginning, else of the first there is.
func firstIn(f io.ReaderAt, r keyring) uint64 {
	text := make([]byte, 64<<10)
	n, err := f.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	var first uint64
	for line := range bytes.Lines(text[:n]) {
		e, err := ParseLine(line)
		if err != nil {
			continue
		}
		if first == 0 {
			first = e.Sequence
		}
		if r == nil {
			break
		}
		if _, _, by := r.authentic(line); by != nil {
			return e.Sequence
		}
	}
	return first
}

// longest is more than any line that this package writes.
const longest = 64 << 10

// eachLine calls do with every line from the offset on, with its line feed
// where it has one; the bytes hold until the next call. Of a line that is longer
// than any of a trail the beginning is shown. It ends when do returns false.
func eachLine(ctx context.Context, f io.ReaderAt, offset int64, do func(offset int64, line []byte) bool) error {
	r := bufio.NewReaderSize(io.NewSectionReader(f, offset, 1<<62-offset), longest)
	for n := 0; ; n++ {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		line, length, last, err := nextLine(r)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		if length == 0 || !do(offset, line) || last {
			return nil
		}
		offset += length
	}
}

// nextLine reads a line of that length, of which it may show the beginning
// only.
func nextLine(r *bufio.Reader) (line []byte, length int64, last bool, err error) {
	line, err = r.ReadSlice('\n')
	length = int64(len(line))
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		var more []byte
		more, err = r.ReadSlice('\n')
		length += int64(len(more))
	}
	if errors.Is(err, io.EOF) {
		return line, length, true, nil
	}
	return line, length, false, err
}
