// Package record is how stores write what they keep: one encoding for each kind
// of record, with a version in front, so that a later program reads what an
// earlier one wrote and an earlier one refuses what it does not know (threat
// T128). Records are secret: stores seal them. What names a record, such as a
// session's key, is the store's, which binds it to the sealed form.
package record

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

// ErrDecode says that bytes are no record of the kind, or of a later version.
var ErrDecode = errors.New("record: does not decode")

// encoder writes records: a version, then the fields in a fixed order.
type encoder struct{ b []byte }

func (e *encoder) byte(v byte)    { e.b = append(e.b, v) }
func (e *encoder) int(v int64)    { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) str(s string)   { e.b = append(binary.AppendUvarint(e.b, uint64(len(s))), s...) }
func (e *encoder) bytes(p []byte) { e.b = append(binary.AppendUvarint(e.b, uint64(len(p))), p...) }
func (e *encoder) fixed(p []byte) { e.b = append(e.b, p...) }
func (e *encoder) time(t time.Time) {
	e.int(t.Unix())
	e.int(int64(t.Nanosecond()))
}

// flags packs up to eight flags, the first one lowest.
func (e *encoder) flags(all ...bool) {
	var v byte
	for i, set := range all {
		if set {
			v |= 1 << i
		}
	}
	e.byte(v)
}

// decoder reads what an encoder wrote. Strings share the memory of the
// record. After the first fault it returns zero values; see end.
type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) fixed(n int) string {
	if n < 0 || n > len(d.rest) {
		d.bad, d.rest = true, ""
		return ""
	}
	p := d.rest[:n]
	d.rest = d.rest[n:]
	return p
}

func (d *decoder) byte() byte {
	if p := d.fixed(1); p != "" {
		return p[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		b := d.rest[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			d.rest = d.rest[i+1:]
			return v
		}
	}
	d.bad, d.rest = true, ""
	return 0
}

func (d *decoder) int() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1) // zigzag, as encoding/binary does it
}

func (d *decoder) str() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return ""
	}
	return d.fixed(int(n)) //nolint:gosec // not more than len(d.rest)
}

// bytes returns a copy; nil when empty.
func (d *decoder) bytes() []byte {
	if s := d.str(); s != "" {
		return []byte(s)
	}
	return nil
}

func (d *decoder) time() time.Time {
	seconds, nanoseconds := d.int(), d.int()
	return time.Unix(seconds, nanoseconds).UTC()
}

func (d *decoder) flags(all ...*bool) {
	v := d.byte()
	for i, flag := range all {
		*flag = v&(1<<i) != 0
	}
}

// count reads the length of a list. No element takes less than a byte.
func (d *decoder) count() int {
	n := d.int()
	if n < 0 || n > int64(len(d.rest)) {
		d.bad, d.rest = true, ""
		return 0
	}
	return int(n)
}

// version reads the version of the record and accepts only those given.
func (d *decoder) version(known ...byte) byte {
	v := d.byte()
	if !slices.Contains(known, v) {
		d.bad = true
	}
	return v
}

// end reports ErrDecode unless the record was read whole and without fault.
func (d *decoder) end() error {
	if d.bad || d.rest != "" {
		return ErrDecode
	}
	return nil
}

// Nanos is t as indexes hold times: nanoseconds since 1970, held to what 64
// bits can say (the years 1678 to 2262).
func Nanos(t time.Time) int64 {
	const limit = math.MaxInt64 / int64(time.Second)
	switch s := t.Unix(); {
	case s >= limit:
		return math.MaxInt64
	case s <= -limit:
		return math.MinInt64
	default:
		return t.UnixNano()
	}
}
