package mfa

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// Sizes of what only chance knows, in bytes (threat T033).
const (
	stateBytes   = 18 // 36 hexadecimal characters on the wire
	nonceBytes   = 32
	bindingBytes = 32
)

// chances are the random values of one transaction. They come from separate
// bytes: none says anything about another.
type chances struct {
	state   string
	nonce   string
	binding string
}

// draw reads fresh values. A source that fails is an error, never a weaker
// value.
func draw(random io.Reader) (chances, error) {
	var b [stateBytes + nonceBytes + bindingBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return chances{}, fmt.Errorf("%w: random source: %w", ErrUnavailable, err)
	}
	state, rest := b[:stateBytes], b[stateBytes:]
	return chances{
		state:   hex.EncodeToString(state),
		nonce:   base64.RawURLEncoding.EncodeToString(rest[:nonceBytes]),
		binding: base64.RawURLEncoding.EncodeToString(rest[nonceBytes:]),
	}, nil
}
