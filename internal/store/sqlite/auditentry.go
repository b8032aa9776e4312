package sqlite

import (
	"encoding/binary"

	"mfaserver/internal/audit"
)

// entry reads the columns sequence and record.
func (x *auditIndex) entry(scan func(...any) error) (audit.IndexEntry, error) {
	var column int64
	var sealed []byte
	if err := scan(&column, &sealed); err != nil {
		return audit.IndexEntry{}, err
	}
	sequence := sequenceOf(column)
	plain, err := x.db.vault.sealer.Open(sealed, x.aad(binary.BigEndian.AppendUint64(nil, sequence)))
	if err != nil {
		return audit.IndexEntry{}, fault("open entry of the audit index", err)
	}
	e, err := decodeIndexEntry(string(plain))
	e.Sequence = sequence
	return e, fault("open entry of the audit index", err)
}

const indexEntryVersion = 2

func encodeIndexEntry(e *audit.IndexEntry) []byte {
	var w encoder
	w.byte(indexEntryVersion)
	w.time(e.Time)
	for _, text := range []string{string(e.Event), string(e.Outcome), e.User, e.Actor, e.Transaction, e.Session, e.Request, encodeAddr(e.Source)} {
		w.str(text)
	}
	w.int(int64(e.File)) //nolint:gosec // all bits are kept
	w.int(e.Offset)
	return w.b
}

func decodeIndexEntry(record string) (audit.IndexEntry, error) {
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
	e.Source, err = decodeAddr(addr)
	return e, err
}
