package record

import (
	"net/netip"

	"mfaserver/mfa"
)

// transactionVersion is what is written. Version 1 did not know which client
// secret began a login.
const (
	transactionVersion = 2
	transactionBefore  = 1
)

// EncodeTransaction is the record of t without its key.
func EncodeTransaction(t *mfa.Transaction) []byte {
	e := encoder{b: make([]byte, 0, 384+len(t.UserAgent)+len(t.Carry))}
	e.byte(transactionVersion)
	e.flags(t.Administrator, t.AddrProvesNothing, t.Enrolling)
	e.int(int64(t.UserID))
	e.int(int64(t.Misses))
	e.time(t.CreatedAt)
	e.time(t.ExpiresAt)
	e.fixed(t.Binding[:])
	e.fixed(t.UnsentCode[:])
	for _, text := range []string{
		t.Username, t.Typed, t.DuoUsername, string(t.Primary), t.PrimaryMessage, t.RedirectURI, t.Nonce,
		EncodeAddr(t.Addr), t.UserAgent, string(t.Phase),
	} {
		e.str(text)
	}
	e.bytes(t.Carry)
	e.fixed(t.Secret[:])
	return e.b
}

// DecodeTransaction reads a record; [ErrDecode].
func DecodeTransaction(k mfa.Key, record string) (mfa.Transaction, error) {
	t := mfa.Transaction{Key: k}
	d := decoder{rest: record}
	version := d.version(transactionVersion, transactionBefore)
	d.flags(&t.Administrator, &t.AddrProvesNothing, &t.Enrolling)
	t.UserID = int(d.int())
	t.Misses = int(d.int())
	t.CreatedAt = d.time()
	t.ExpiresAt = d.time()
	copy(t.Binding[:], d.fixed(len(t.Binding)))
	copy(t.UnsentCode[:], d.fixed(len(t.UnsentCode)))
	for _, text := range []*string{
		&t.Username, &t.Typed, &t.DuoUsername, (*string)(&t.Primary), &t.PrimaryMessage, &t.RedirectURI, &t.Nonce,
	} {
		*text = d.str()
	}
	addr, err := DecodeAddr(d.str())
	if err != nil {
		return t, err
	}
	t.Addr = addr
	t.UserAgent = d.str()
	t.Phase = mfa.Phase(d.str())
	t.Carry = d.bytes()
	if version != transactionBefore {
		copy(t.Secret[:], d.fixed(len(t.Secret)))
	}
	return t, d.end()
}

// EncodeAddr keeps the zero address apart from all others.
func EncodeAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// DecodeAddr reads what EncodeAddr wrote; [ErrDecode].
func DecodeAddr(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}, ErrDecode
	}
	return a, nil
}
