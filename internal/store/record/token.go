package record

import (
	"net/netip"

	"mfaserver/internal/token"
)

// Versions of the records of package token.
const (
	tokenVersion      = 1
	signInVersion     = 1
	breakGlassVersion = 1
)

// EncodeToken is the record of r without its id and key.
func EncodeToken(r *token.Record) []byte {
	e := encoder{b: make([]byte, 0, 256+len(r.Credential))}
	e.byte(tokenVersion)
	e.flags(r.ReadOnly)
	e.int(int64(r.UserID))
	e.time(r.CreatedAt)
	e.time(r.ExpiresAt)
	e.time(r.EndedAt)
	e.time(r.LastUsed)
	for _, text := range []string{r.Name, r.Username, r.Owner, r.CreatedBy, r.EndReason, EncodeAddr(r.LastSource)} {
		e.str(text)
	}
	e.int(int64(len(r.Paths)))
	for _, path := range r.Paths {
		e.str(path)
	}
	e.int(int64(len(r.Networks)))
	for _, n := range r.Networks {
		e.str(n.String())
	}
	e.bytes(r.Credential)
	return e.b
}

// DecodeToken reads a record; [ErrDecode].
func DecodeToken(id string, k token.Key, record string) (token.Record, error) {
	r := token.Record{Key: k}
	r.ID = id
	d := decoder{rest: record}
	d.version(tokenVersion)
	d.flags(&r.ReadOnly)
	r.UserID = int(d.int())
	r.CreatedAt = d.time()
	r.ExpiresAt = d.time()
	r.EndedAt = d.time()
	r.LastUsed = d.time()
	for _, text := range []*string{&r.Name, &r.Username, &r.Owner, &r.CreatedBy, &r.EndReason} {
		*text = d.str()
	}
	addr, err := DecodeAddr(d.str())
	if err != nil {
		return r, err
	}
	r.LastSource = addr
	for range d.count() {
		r.Paths = append(r.Paths, d.str())
	}
	for range d.count() {
		n, err := netip.ParsePrefix(d.str())
		if err != nil {
			return r, ErrDecode
		}
		r.Networks = append(r.Networks, n)
	}
	r.Credential = d.bytes()
	return r, d.end()
}

// EncodeSignIn is the record of r, its key included.
func EncodeSignIn(r *token.CodeRecord) []byte {
	p := &r.Proof
	e := encoder{b: make([]byte, 0, 256+len(p.Carry))}
	e.byte(signInVersion)
	e.fixed(r.Key[:])
	e.flags(p.Administrator)
	e.int(int64(p.UserID))
	e.int(int64(r.Misses))
	e.time(r.IssuedAt)
	e.time(r.ExpiresAt)
	e.time(p.At)
	for _, text := range []string{
		string(r.State), p.Username, p.Typed, p.Primary, p.Message, p.Factor, p.Reason, p.Device, p.TxID, p.Transaction,
	} {
		e.str(text)
	}
	e.bytes(p.Carry)
	return e.b
}

// DecodeSignIn reads a record; [ErrDecode].
func DecodeSignIn(record string) (token.CodeRecord, error) {
	var r token.CodeRecord
	p := &r.Proof
	d := decoder{rest: record}
	d.version(signInVersion)
	copy(r.Key[:], d.fixed(len(r.Key)))
	d.flags(&p.Administrator)
	p.UserID = int(d.int())
	r.Misses = int(d.int())
	r.IssuedAt = d.time()
	r.ExpiresAt = d.time()
	p.At = d.time()
	for _, text := range []*string{
		(*string)(&r.State), &p.Username, &p.Typed, &p.Primary, &p.Message, &p.Factor, &p.Reason, &p.Device, &p.TxID, &p.Transaction,
	} {
		*text = d.str()
	}
	p.Carry = d.bytes()
	return r, d.end()
}

// EncodeBreakGlass is the record of r, its key included.
func EncodeBreakGlass(r *token.BreakGlassRecord) []byte {
	var e encoder
	e.byte(breakGlassVersion)
	e.fixed(r.Key[:])
	e.time(r.MadeAt)
	e.time(r.ExpiresAt)
	e.time(r.SpentAt)
	for _, text := range []string{r.Username, r.By, r.Reason} {
		e.str(text)
	}
	return e.b
}

// DecodeBreakGlass reads a record; [ErrDecode].
func DecodeBreakGlass(record string) (token.BreakGlassRecord, error) {
	var r token.BreakGlassRecord
	d := decoder{rest: record}
	d.version(breakGlassVersion)
	copy(r.Key[:], d.fixed(len(r.Key)))
	r.MadeAt = d.time()
	r.ExpiresAt = d.time()
	r.SpentAt = d.time()
	for _, text := range []*string{&r.Username, &r.By, &r.Reason} {
		*text = d.str()
	}
	return r, d.end()
}
