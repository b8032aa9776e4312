package audit

import "os"

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
