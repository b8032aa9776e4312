package record

import "mfaserver/internal/upstream"

const entryVersion = 1

// EncodeEntry is the record of v without its id.
func EncodeEntry(v *upstream.Entry) []byte {
	var e encoder
	e.byte(entryVersion)
	e.time(v.OpenedAt)
	e.str(v.Node)
	e.bytes(v.Sealed)
	return e.b
}

// DecodeEntry reads a record; [ErrDecode].
func DecodeEntry(id upstream.ID, record string) (upstream.Entry, error) {
	v := upstream.Entry{ID: id}
	d := decoder{rest: record}
	d.version(entryVersion)
	v.OpenedAt = d.time()
	v.Node = d.str()
	v.Sealed = d.bytes()
	return v, d.end()
}
