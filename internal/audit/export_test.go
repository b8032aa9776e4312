package audit

// Medium is the file as tests may replace it.
type Medium = medium

// OpenFile is how a trail opens its file.
func OpenFile(path string) (Medium, error) { return openFile(path) }

// NewOn is New on another medium.
func NewOn(c Config, open func(string) (Medium, error)) (*Trail, error) { return newTrail(c, open) }

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
