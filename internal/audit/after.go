package audit

import "context"

// Place is where a record is: what a reader remembers who goes on after it.
// The zero value is before the first record.
type Place struct {
	// Sequence is that of the record, File that of the first record in its
	// file, Offset where its line begins in there, in bytes.
	Sequence, File uint64
	Offset         int64
}

// After returns up to limit records that follow p, and the place of the last
// one; p itself when there are none. It needs no index, and reads no more of a
// long trail than what is new. A record is returned once it is in the file,
// which may be a moment before it is durable.
func (r *Reader) After(ctx context.Context, p Place, limit int) ([]Entry, Place, error) {
	var found []Entry
	at := p
	in := scope{after: p.Sequence, file: p.File, offset: p.Offset}
	err := scan(ctx, r.path, in, func(s *segment, offset int64, line []byte) bool {
		e, bad := ParseLine(line)
		if bad != nil || e.Sequence <= p.Sequence {
			return true
		}
		found = append(found, e)
		at = Place{Sequence: e.Sequence, File: s.first, Offset: offset}
		return len(found) < limit
	})
	if err != nil {
		return nil, p, err
	}
	return found, at, nil
}

// AppendLine appends the record as the trail has it, byte for byte, with its
// line feed.
func (e *Entry) AppendLine(dst []byte) []byte { return appendLine(dst, e) }
