package sqlite

import (
	"encoding/binary"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/record"
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
	e, err := record.DecodeIndexEntry(string(plain))
	e.Sequence = sequence
	return e, fault("open entry of the audit index", err)
}
