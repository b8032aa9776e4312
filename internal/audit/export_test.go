package audit

import (
	"errors"
	"os"

	"mfaserver/internal/breather"
)

// Medium is the file as tests may replace it.
type Medium = medium

// OpenFile is how a trail opens its file.
func OpenFile(path string) (Medium, error) { return openFile(path) }

// NewOn is New on another medium.
func NewOn(c Config, open func(string) (Medium, error)) (*Trail, error) {
	return newTrail(c, open, os.Rename)
}

// NewRenaming is New with another way to rename files.
func NewRenaming(c Config, rename func(from, to string) error) (*Trail, error) {
	return newTrail(c, openFile, rename)
}

// Queued is the number of events that wait for the disk.
func (t *Trail) Queued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		return 0
	}
	return len(t.next.events)
}

// AppendText is the escaping of one value.
func AppendText(dst []byte, s string) []byte { return appendText(dst, s) }

// AppendLine is a line as it was read.
func AppendLine(dst []byte, e *Entry) []byte { return appendLine(dst, e) }

// RepeatsKnown is how many kinds r remembers.
func RepeatsKnown(r *Repeats) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// Forge is a line as whoever has the key can make it, and its MAC.
func Forge(m MAC, e Entry) (line string, mac Sum) {
	text, mac := newKeys(m).appendChain(appendBody(nil, schemaChained, &e), 0, e.Prev)
	return string(text) + "\n", mac
}

// ForgeHead is a head as whoever has the key can make it.
func ForgeHead(m MAC, path string, sequence uint64, mac Sum) error {
	h, err := openHead(path)
	if err != nil {
		return err
	}
	return errors.Join(h.write(newKeys(m), mark{sequence, mac}), h.close())
}

// PaceAt is how fast the index is told at so many records a second, when it is so
// many behind.
func PaceAt(rate float64, behind uint64) breather.Pace { return paceAt(rate, behind) }
