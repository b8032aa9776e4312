package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strconv"
)

// keyring is the key that makes records, first, with those that made earlier
// ones. It is not for concurrent use; empty in a trail without a chain.
type keyring []*keys

func newKeyring(current MAC, earlier []MAC) keyring {
	r := keyring{newKeys(current)}
	for _, m := range earlier {
		r = append(r, newKeys(m))
	}
	return r
}

// authentic is [keys.authentic] for whichever key made the line; by is nil when
// none did.
func (r keyring) authentic(line []byte) (prev, mac Sum, by *keys) {
	for _, k := range r {
		if prev, mac, ok := k.authentic(line); ok {
			return prev, mac, k
		}
	}
	return prev, mac, nil
}

// withPublic is the key of the ring that signs so; nil when there is none.
func (r keyring) withPublic(public ed25519.PublicKey) *keys {
	for _, k := range r {
		if k.public().Equal(public) {
			return k
		}
	}
	return nil
}

// signed reports whether one of the keys signed the checkpoint.
func (r keyring) signed(c *Checkpoint) bool {
	for _, k := range r {
		if c.Signed(k.public()) {
			return true
		}
	}
	return false
}

// keyChange is the last record that a key makes: it hands the trail over to the
// next one. Both sign it. The signature of the next key is over the record
// before, and so over all there are, so that whoever has learned the earlier key
// cannot write the past anew (threats T172, T194).
type keyChange struct {
	// before is the record before the change.
	before           mark
	earlier, later   ed25519.PublicKey
	byEarly, byLater []byte
}

const keyChangeForm = "mfaserver-audit-key-change-v1"

func (c *keyChange) signedText() []byte {
	return fmt.Appendf(nil, "%s.%d.%s.%s.%s", keyChangeForm, c.before.sequence, c.before.mac, sumText.EncodeToString(c.earlier), sumText.EncodeToString(c.later))
}

func newKeyChange(before mark, earlier, later *keys) *keyChange {
	c := &keyChange{before: before, earlier: earlier.public(), later: later.public()}
	text := c.signedText()
	c.byEarly, c.byLater = ed25519.Sign(earlier.sign, text), ed25519.Sign(later.sign, text)
	return c
}

func (c *keyChange) event() *Event {
	return about(AuditKeyChanged, OK, "sequence", number(c.before.sequence), "mac", c.before.mac.String(),
		"key", sumText.EncodeToString(c.earlier), "next_key", sumText.EncodeToString(c.later),
		"signature", sumText.EncodeToString(c.byEarly), "next_signature", sumText.EncodeToString(c.byLater))
}

// keyChangeOf reads the record of a change; nil when e is none.
func keyChangeOf(line []byte) (c *keyChange, e Entry) {
	if !bytes.Contains(line, eventMember(AuditKeyChanged)) {
		return nil, e
	}
	e, err := ParseLine(line)
	if err != nil || e.Name != AuditKeyChanged {
		return nil, e
	}
	c = &keyChange{}
	// What cannot be read is empty, and signed by nobody.
	c.before.sequence, _ = strconv.ParseUint(e.Detail["sequence"], 10, 64)
	_ = c.before.mac.UnmarshalText([]byte(e.Detail["mac"]))
	for member, to := range map[string]*[]byte{
		"key": (*[]byte)(&c.earlier), "next_key": (*[]byte)(&c.later), "signature": &c.byEarly, "next_signature": &c.byLater,
	} {
		*to, _ = sumText.DecodeString(e.Detail[member])
	}
	return c, e
}

// signedFor reports whether both keys signed the change, as the record e that
// earlier made.
func (c *keyChange) signedFor(e *Entry, earlier *keys) bool {
	if len(c.later) != ed25519.PublicKeySize || !earlier.public().Equal(c.earlier) {
		return false
	}
	text := c.signedText()
	return c.before.sequence+1 == e.Sequence && c.before.mac == e.Prev &&
		ed25519.Verify(c.earlier, text, c.byEarly) && ed25519.Verify(c.later, text, c.byLater)
}

// inCharge is the key that makes the record after a line that by has made.
func (r keyring) inCharge(line []byte, by *keys) *keys {
	if c, _ := keyChangeOf(line); c != nil {
		if next := r.withPublic(c.later); next != nil {
			return next
		}
	}
	return by
}

// takeOver hands the trail over to the present key where an earlier one made
// the last record. The caller holds t.disk, and nothing was written yet.
func (t *Trail) takeOver() error {
	if t.charge == nil || t.charge == t.keys {
		return nil
	}
	if err := t.ready(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.setAside()
	later := t.keys
	t.keys = t.charge
	t.buf, t.places = t.buf[:0], t.places[:0]
	next := t.tip
	at := t.clock(&next)
	t.appendAt(&next, newKeyChange(next.mark, t.charge, later).event(), at)
	t.keys, t.charge = later, nil
	if err := t.flush(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.settle(next)
	// From here on a head that the earlier key made is a forged one.
	if err := t.head.file.Sync(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}
