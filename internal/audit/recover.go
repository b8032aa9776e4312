package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// window is how much of the end of a file is read to find its last line.
const window = 1 << 20

// start opens the file, repairs its end and takes the sequence up. What it
// found is noted. The caller holds t.disk, or is the only one.
func (t *Trail) start() error {
	f, err := t.open(t.path)
	if err != nil {
		return err
	}
	t.file = f
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	var end ending
	if info.Size() > 0 {
		if end, err = readEnd(f, info.Size()); err != nil {
			return err
		}
		if err := t.repair(end); err != nil {
			return err
		}
	}
	t.sequence = max(t.sequence, end.last.Sequence)
	if t.sequence == 0 {
		t.sequence = lastOfRotated(t.path)
	}
	if t.last.IsZero() {
		t.last = end.last.Time
	}
	if info.Size() == 0 {
		t.durable = 0
		t.note(AuditOpened, OK, "previous_sequence", number(t.sequence))
	}
	return nil
}

// ending is the end of a trail's file.
type ending struct {
	// whole is the length of the file up to its last line feed.
	whole int64
	// torn is what follows it.
	torn []byte
	// complete: torn is a line that only lacks its line feed.
	complete bool
	// last is the last line; zero when there is none.
	last Entry
}

// readEnd reads the end of a file of the given size. [ErrNotATrail] when it
// has no line of a trail, so that a wrong path in a configuration costs nothing.
func readEnd(f medium, size int64) (ending, error) {
	text := make([]byte, min(size, window))
	from := size - int64(len(text))
	if _, err := f.ReadAt(text, from); err != nil {
		return ending{}, fmt.Errorf("audit: %w", err)
	}
	feed := bytes.LastIndexByte(text, '\n')
	e := ending{whole: from + int64(feed) + 1, torn: text[feed+1:]}
	if entry, err := ParseLine(e.torn); err == nil {
		e.complete, e.last = true, entry
		return e, nil
	}
	for lines := text[:feed+1]; len(lines) > 0; {
		start := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
		if entry, err := ParseLine(lines[start:]); err == nil {
			e.last = entry
			return e, nil
		}
		lines = lines[:start]
	}
	// A first line may be torn, or never have reached the disk (zeros).
	if from == 0 && feed < 0 && (text[0] == '{' || len(bytes.Trim(text, "\x00")) == 0) {
		return e, nil
	}
	return ending{}, ErrNotATrail
}

// repair makes the file end with a line feed, and notes how.
func (t *Trail) repair(e ending) error {
	t.durable = e.whole
	if len(e.torn) == 0 {
		return nil
	}
	how := "cut"
	err := errors.ErrUnsupported
	if e.complete {
		how = "kept"
	} else {
		err = t.file.Truncate(e.whole)
	}
	if err != nil {
		if !e.complete {
			how = "sealed"
		}
		if _, err := t.file.Write([]byte{'\n'}); err != nil {
			return fmt.Errorf("%w: %w", ErrUnwritten, err)
		}
		t.durable += int64(len(e.torn)) + 1
	}
	if err := t.file.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.note(AuditTorn, OK, "bytes", number(len(e.torn)), "how", how)
	return nil
}

// lastOfRotated looks for the last sequence in files that were moved out of
// the way: names that begin with that of the trail. It is asked when the trail
// itself is empty, and finding nothing is no fault.
func lastOfRotated(path string) uint64 {
	var last uint64
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return 0
	}
	for _, n := range names {
		rest, ok := strings.CutPrefix(n.Name(), filepath.Base(path))
		if !ok || rest == "" || !n.Type().IsRegular() {
			continue
		}
		last = max(last, lastOf(filepath.Join(filepath.Dir(path), n.Name())))
	}
	return last
}

func lastOf(path string) uint64 {
	f, err := os.Open(path) //nolint:gosec // beside the operator's path
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0
	}
	end, err := readEnd(f, info.Size())
	if err != nil {
		return 0
	}
	return end.last.Sequence
}
