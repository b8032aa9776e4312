package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// window is how much of the end of a file is read to find its last line.
const window = 1 << 20

// start opens the file, repairs its end and takes the sequence and the chain
// up. What it found is noted. The caller holds t.disk, or is the only one.
func (t *Trail) start() error {
	f, err := t.open(t.cfg.Path)
	if err != nil {
		return err
	}
	t.file = f
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	t.durable, t.first, t.rotateAt, t.reserve.until = 0, 0, t.cfg.MaxBytes, 0
	var end ending
	if info.Size() > 0 {
		if end, err = readEnd(f, info.Size()); err != nil {
			return err
		}
		if t.keys == nil && !end.last.MAC.IsZero() {
			return ErrChained
		}
		if err := t.repair(end); err != nil {
			return err
		}
		t.first = firstIn(f, nil)
	}
	if err := t.resume(end); err != nil {
		return err
	}
	if info.Size() == 0 {
		t.note(AuditOpened, OK, "previous_sequence", number(t.tip.sequence))
	}
	return nil
}

// resume finds the record that the next one follows: the last one in the
// files, unless the head or this process knows of a later one.
func (t *Trail) resume(end ending) error {
	known := t.tip
	opening := known.sequence == 0
	if opening && end.last.Sequence == 0 {
		end = endOfRotated(t.cfg.Path)
	}
	last := &end.last
	_, _, by := t.ring.authentic(end.line)
	if opening {
		head, maker, err := t.knownByHead(last, by)
		if err != nil {
			return err
		}
		known.mark = head
		switch {
		case by != nil && last.Sequence >= head.sequence:
			t.charge = t.ring.inCharge(end.line, by)
		case maker != nil:
			t.charge = maker
		}
	}
	genuine := known.mac.IsZero()
	if !last.MAC.IsZero() && t.keys != nil {
		genuine = by != nil
		if !genuine {
			t.note(AuditDisturbed, Failed, "what", "last_line", "sequence", number(last.Sequence))
		}
	}
	adopt := last.Sequence > known.sequence && (genuine || known.sequence == 0)
	if t.tip.sequence == 0 && last.Sequence < known.sequence {
		t.note(AuditDisturbed, Failed, "what", "truncated", "expected", number(known.sequence), "found", number(last.Sequence))
	}
	if adopt {
		known.mark = mark{last.Sequence, last.MAC}
	}
	if t.tip.at.IsZero() {
		known.at = last.Time
	}
	if last.Sequence > 0 && last.Name != AuditCheckpoint {
		known.unsigned = max(known.unsigned, 1)
	}
	t.tip = known
	return nil
}

// knownByHead is the record that the head names, of a trail that has last as
// its last one, which the key by made where it is genuine, and the key that made
// the head. One that an earlier key made since another was in charge is taken
// for damaged.
func (t *Trail) knownByHead(last *Entry, by *keys) (mark, *keys, error) {
	if t.keys == nil {
		return mark{}, nil, nil
	}
	m, maker, err := readHeadOf(t.head.file, t.ring)
	if err == nil && maker != t.keys && by != nil && by != maker {
		err = errBadHead
	}
	switch {
	case err == nil:
		return m, maker, nil
	case errors.Is(err, errNoHead):
		if !last.MAC.IsZero() {
			t.note(AuditDisturbed, Failed, "what", "head", "found", "missing")
		}
	case errors.Is(err, errBadHead):
		t.note(AuditDisturbed, Failed, "what", "head", "found", "damaged")
	default:
		return mark{}, nil, err
	}
	return mark{}, nil, nil
}

// compareIndex goes on behind what the index knows of, where that is more than
// the files have: somebody has put older ones in their place. An index that
// does not answer says nothing.
func (t *Trail) compareIndex() error {
	if t.cfg.Index == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	last, err := t.cfg.Index.Last(ctx)
	if err == nil && last.Sequence > t.tip.sequence {
		t.note(AuditDisturbed, Failed, "what", "index", "expected", number(last.Sequence), "found", number(t.tip.sequence))
		t.tip.sequence = last.Sequence
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
	// last is the last record, line its text; zero when there is none.
	last Entry
	line []byte
}

// readEnd reads the end of a file of the given size. [ErrNotATrail] when it
// has no line of a trail, so that a wrong path in a configuration costs nothing.
func readEnd(f io.ReaderAt, size int64) (ending, error) {
	text := make([]byte, min(size, window))
	from := size - int64(len(text))
	if _, err := f.ReadAt(text, from); err != nil {
		return ending{}, fmt.Errorf("audit: %w", err)
	}
	feed := bytes.LastIndexByte(text, '\n')
	e := ending{whole: from + int64(feed) + 1, torn: text[feed+1:]}
	if entry, err := ParseLine(e.torn); err == nil {
		e.complete, e.last, e.line = true, entry, e.torn
		return e, nil
	}
	for lines := text[:feed+1]; len(lines) > 0; {
		start := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
		if entry, err := ParseLine(lines[start:]); err == nil {
			e.last, e.line = entry, lines[start:]
			return e, nil
		}
		lines = lines[:start]
	}
	if from == 0 && onlyTorn(text) {
		return e, nil
	}
	return ending{}, ErrNotATrail
}

// onlyTorn reports whether a text without any record can be what crashes left
// of one: beginnings of a line, or zeros of a block that never reached the disk.
func onlyTorn(text []byte) bool {
	if bytes.IndexByte(text, '\n') < 0 && text[0] == '{' {
		return true
	}
	for line := range bytes.Lines(text) {
		if !looksTorn(line) {
			return false
		}
	}
	return true
}

// looksTorn reports whether line, less zeros, is the beginning of one.
func looksTorn(line []byte) bool {
	line = bytes.Trim(line, "\x00\n")
	for _, begin := range []string{`{"v":1,"seq":`, `{"v":2,"seq":`} {
		if strings.HasPrefix(begin, string(line)) || bytes.HasPrefix(line, []byte(begin)) {
			return true
		}
	}
	return false
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
	t.note(AuditTorn, OK, "bytes", number(len(e.torn)), "how", how)
	if err := t.file.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	return nil
}

// endOfRotated is the end of the file that was moved out of the way last. It
// is asked when the trail itself is empty, and finding nothing is no fault.
func endOfRotated(path string) ending {
	all, err := rotatedOf(path, nil)
	if err != nil {
		return ending{}
	}
	slices.SortFunc(all, func(a, b segment) int { return cmp.Compare(b.first, a.first) })
	for _, s := range all {
		if e := endOf(&s); e.last.Sequence > 0 {
			return e
		}
	}
	return ending{}
}

func endOf(s *segment) ending {
	f, err := s.open()
	if err != nil {
		return ending{}
	}
	defer func() { _ = f.Close() }()
	if s.info.Size() == 0 {
		return ending{}
	}
	e, err := readEnd(f, s.info.Size())
	if err != nil {
		return ending{}
	}
	return e
}
