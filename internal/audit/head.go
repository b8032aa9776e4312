package audit

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// headSuffix names the head of a trail after the trail.
const headSuffix = ".head"

// The head of a trail is a small file beside it that names the last durable
// record, so that a tail which was cut off is missed (threat T194). It has a
// fixed size and is written in place after each batch, without an fsync of its
// own: after a power cut it may name an earlier record, never a later one. It
// is also what keeps a second writer out while files change their names.
type head struct {
	file *os.File
	buf  []byte
}

// mark is a record as the head names it.
type mark struct {
	sequence uint64
	mac      Sum
}

// Errors of reading a head.
var (
	errNoHead  = errors.New("audit: head is missing")
	errBadHead = errors.New("audit: head is damaged")
)

const (
	headBegin = `{"v":1,"seq":"`
	headSign  = `,"sign":"`
	headSize  = len(headBegin) + 20 + 1 + len(macMember) + sumLength + 1 + len(headSign) + sumLength + len(lineEnd) + 1
)

// openHead opens or makes the head and takes it for this process.
func openHead(path string) (*head, error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	f, err := os.OpenFile(path+headSuffix, os.O_RDWR|os.O_CREATE|noFollow, 0o600) //nolint:gosec // the path is the operator's
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if err := errors.Join(secure(f), syncFolder(folder)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &head{file: f}, nil
}

// write makes the head name m.
func (h *head) write(k *keys, m mark) error {
	b := h.buf[:0]
	b = append(b, headBegin...)
	var digits [20]byte
	number := strconv.AppendUint(digits[:0], m.sequence, 10)
	for range len(digits) - len(number) {
		b = append(b, '0')
	}
	b = append(b, number...)
	b = append(b, '"')
	b = append(b, macMember...)
	b = sumText.AppendEncode(b, m.mac[:])
	b = append(b, '"')
	signed := k.head.sum(b)
	b = append(b, headSign...)
	b = sumText.AppendEncode(b, signed[:])
	b = append(b, lineEnd+"\n"...)
	h.buf = b
	_, err := h.file.WriteAt(b, 0)
	return err
}

// close closes the head; durably, so that it misses nothing after a shutdown.
func (h *head) close() error { return errors.Join(h.file.Sync(), h.file.Close()) }

// readHeadOf is readHead for whichever key made it.
func readHeadOf(f io.ReaderAt, r keyring) (m mark, by *keys, err error) {
	for _, k := range r {
		if m, err = readHead(f, k); !errors.Is(err, errBadHead) {
			return m, k, err
		}
	}
	return mark{}, nil, err
}

// readHead reads a head. The errors are errNoHead for none or an empty one,
// errBadHead, and those of the file system.
func readHead(f io.ReaderAt, k *keys) (mark, error) {
	text := make([]byte, headSize+1)
	n, err := f.ReadAt(text, 0)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return mark{}, errNoHead
	case err != nil && !errors.Is(err, io.EOF):
		return mark{}, fmt.Errorf("audit: %w", err)
	case n != headSize:
		return mark{}, errBadHead
	}
	var m mark
	var sign Sum
	seq := text[len(headBegin):][:20]
	mac := text[len(headBegin)+20+1+len(macMember):][:sumLength]
	body := len(headBegin) + 20 + 1 + len(macMember) + sumLength + 1
	if sign.UnmarshalText(text[body+len(headSign):][:sumLength]) != nil || m.mac.UnmarshalText(mac) != nil {
		return mark{}, errBadHead
	}
	want := k.head.sum(text[:body])
	if !hmac.Equal(want[:], sign[:]) {
		return mark{}, errBadHead
	}
	if m.sequence, err = strconv.ParseUint(string(seq), 10, 64); err != nil {
		return mark{}, errBadHead
	}
	return m, nil
}
