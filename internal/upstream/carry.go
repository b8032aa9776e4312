package upstream

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"mfaserver/internal/secret"
)

// held is one session at the engine.
type held struct {
	id ID
	// username is the canonical name; in the ledger it is what was typed for
	// sessions that nobody held yet.
	username string
	// userID is the engine's number of the user, 0 while it is not known.
	userID   uint32
	openedAt time.Time
	cookie   secret.Secret
}

func newID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // it never fails
	return id
}

// What is sealed begins with version (1), id (16), time of opening in
// nanoseconds (8), number of the user (4) and length of the name (2); name and
// cookie follow.
const (
	carryVersion = 1
	carryHeader  = 1 + 16 + 8 + 4 + 2
	maxName      = 1<<16 - 1
)

func (h *held) encode() []byte {
	name := h.username[:min(len(h.username), maxName)]
	cookie := h.cookie.Reveal()
	b := make([]byte, 0, carryHeader+len(name)+len(cookie))
	b = append(b, carryVersion)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.openedAt.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, h.userID)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name))) //nolint:gosec // bounded above
	b = append(b, name...)
	return append(b, cookie...)
}

// decode reads what encode wrote.
func decode(b []byte) (held, bool) {
	if len(b) < carryHeader || b[0] != carryVersion {
		return held{}, false
	}
	length := int(binary.BigEndian.Uint16(b[29:31]))
	rest := b[carryHeader:]
	if len(rest) <= length {
		return held{}, false
	}
	return held{
		id:       ID(b[1:17]),
		openedAt: time.Unix(0, int64(binary.BigEndian.Uint64(b[17:25]))), //nolint:gosec // all bits come back
		userID:   binary.BigEndian.Uint32(b[25:29]),
		username: string(rest[:length]),
		cookie:   secret.New(string(rest[length:])),
	}, true
}

// A carry opens for its user alone, an entry of the ledger for its ID alone,
// and neither for the other.
func carryLabel(username string) []byte { return []byte("upstream carry\x00" + username) }
func entryLabel(id ID) []byte           { return append([]byte("upstream ledger\x00"), id[:]...) }

// carry seals h for its way through login and session.
func (u *Upstream) carry(h *held) []byte {
	return u.cfg.Sealer.Seal(h.encode(), carryLabel(h.username))
}

// uncarry opens what carry sealed; [ErrCarry].
func (u *Upstream) uncarry(username string, carry []byte) (held, error) {
	plain, err := u.cfg.Sealer.Open(carry, carryLabel(username))
	if err != nil {
		return held{}, fmt.Errorf("%w: %w", ErrCarry, err)
	}
	h, ok := decode(plain)
	if !ok || h.username != username {
		return held{}, ErrCarry
	}
	return h, nil
}

func (u *Upstream) entry(h *held) Entry {
	return Entry{
		ID: h.id, Sealed: u.cfg.Sealer.Seal(h.encode(), entryLabel(h.id)), OpenedAt: h.openedAt, Node: u.cfg.Node,
	}
}

// unseal opens an entry of the ledger; [ErrCarry].
func (u *Upstream) unseal(e *Entry) (held, error) {
	plain, err := u.cfg.Sealer.Open(e.Sealed, entryLabel(e.ID))
	if err != nil {
		return held{}, fmt.Errorf("%w: %w", ErrCarry, err)
	}
	h, ok := decode(plain)
	if !ok || h.id != e.ID {
		return held{}, ErrCarry
	}
	return h, nil
}
