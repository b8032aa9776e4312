package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint says which record a trail had at a sequence. Kept on another
// host, it shows later whether the trail is still the same up to there, even
// to one who has no key but [Checkpoint.Signed]'s (threat T194).
type Checkpoint struct {
	// Sequence is that of the last record before the checkpoint's own, MAC is
	// that record's.
	Sequence uint64
	MAC      Sum
	// Signature is an Ed25519 signature (RFC 8032).
	Signature [ed25519.SignatureSize]byte
}

// ErrBadCheckpoint means that a text is no checkpoint.
var ErrBadCheckpoint = errors.New("audit: not a checkpoint")

// checkpointForm begins every checkpoint, and everything that is signed.
const checkpointForm = "mfaserver-audit-checkpoint-v1"

// signedText is what the signature is over.
func (c *Checkpoint) signedText() []byte {
	return []byte(checkpointForm + "." + strconv.FormatUint(c.Sequence, 10) + "." + c.MAC.String())
}

// String is the checkpoint as one word: form, sequence, MAC and signature, with
// dots in between.
func (c Checkpoint) String() string {
	return string(c.signedText()) + "." + sumText.EncodeToString(c.Signature[:])
}

// ParseCheckpoint reads what [Checkpoint.String] wrote. The error is
// [ErrBadCheckpoint].
func ParseCheckpoint(text string) (Checkpoint, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 || parts[0] != checkpointForm {
		return Checkpoint{}, ErrBadCheckpoint
	}
	return readCheckpoint(parts[1], parts[2], parts[3])
}

func readCheckpoint(sequence, mac, signature string) (c Checkpoint, err error) {
	if c.Sequence, err = strconv.ParseUint(sequence, 10, 64); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrBadCheckpoint, err)
	}
	if err := c.MAC.UnmarshalText([]byte(mac)); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrBadCheckpoint, err)
	}
	s, err := sumText.DecodeString(signature)
	if err != nil || len(s) != len(c.Signature) {
		return Checkpoint{}, fmt.Errorf("%w: signature", ErrBadCheckpoint)
	}
	copy(c.Signature[:], s)
	return c, nil
}

// Signed reports whether the holder of the trail's key signed the checkpoint.
// The public key is in every record audit.checkpoint, as the detail key, and
// in the [Report] of a verification.
func (c *Checkpoint) Signed(public ed25519.PublicKey) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, c.signedText(), c.Signature[:])
}

func (k *keys) public() ed25519.PublicKey {
	public, _ := k.sign.Public().(ed25519.PublicKey)
	return public
}

// checkpoint signs the record of that sequence and MAC.
func (k *keys) checkpoint(sequence uint64, mac Sum) Checkpoint {
	c := Checkpoint{Sequence: sequence, MAC: mac}
	copy(c.Signature[:], ed25519.Sign(k.sign, c.signedText()))
	return c
}

// event is the record of a checkpoint.
func (c *Checkpoint) event(public ed25519.PublicKey) *Event {
	return about(AuditCheckpoint, OK, "sequence", strconv.FormatUint(c.Sequence, 10), "mac", c.MAC.String(),
		"signature", sumText.EncodeToString(c.Signature[:]), "key", sumText.EncodeToString(public))
}

// checkpointOf reads the record of a checkpoint.
func checkpointOf(e *Entry) (Checkpoint, error) {
	return readCheckpoint(e.Detail["sequence"], e.Detail["mac"], e.Detail["signature"])
}
