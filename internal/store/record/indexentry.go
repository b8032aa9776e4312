package record

import "mfaserver/internal/audit"

const indexEntryVersion = 2

// EncodeIndexEntry is the record of e without its sequence.
func EncodeIndexEntry(e *audit.IndexEntry) []byte {
	var w encoder
	w.byte(indexEntryVersion)
	w.time(e.Time)
	for _, text := range []string{string(e.Event), string(e.Outcome), e.User, e.Actor, e.Transaction, e.Session, e.Request, EncodeAddr(e.Source)} {
		w.str(text)
	}
	w.int(int64(e.File)) //nolint:gosec // all bits are kept
	w.int(e.Offset)
	return w.b
}

// DecodeIndexEntry reads a record; [ErrDecode].
func DecodeIndexEntry(record string) (audit.IndexEntry, error) {
	var e audit.IndexEntry
	d := decoder{rest: record}
	d.version(indexEntryVersion)
	e.Time = d.time()
	for _, text := range []*string{(*string)(&e.Event), (*string)(&e.Outcome), &e.User, &e.Actor, &e.Transaction, &e.Session, &e.Request} {
		*text = d.str()
	}
	addr := d.str()
	e.File = uint64(d.int()) //nolint:gosec // as it was written
	e.Offset = d.int()
	if err := d.end(); err != nil {
		return e, err
	}
	var err error
	e.Source, err = DecodeAddr(addr)
	return e, err
}
