package ship

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mfaserver/internal/audit"
)

// ErrMark means that the file that says what arrived cannot be read as such.
// Removing it makes shipping begin with the records to come.
var ErrMark = errors.New("ship: damaged mark")

// markFile remembers the place of the last record that arrived.
type markFile struct {
	path  string
	place audit.Place
}

// read reports whether there is a mark.
func (m *markFile) read() (bool, error) {
	text, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ship: %w", err)
	}
	if err := json.Unmarshal(text, &m.place); err != nil || m.place.Offset < 0 {
		return false, fmt.Errorf("%w: %s", ErrMark, m.path)
	}
	return true, nil
}

// write replaces the mark in one step. Its folder is not synced: after a power
// failure an older one only makes records arrive twice. An empty one would keep
// the server from starting.
func (m *markFile) write(p audit.Place) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	beside := filepath.Join(filepath.Dir(m.path), "."+filepath.Base(m.path)+".new")
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // beside the trail
	if err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(beside, m.path)
	}
	if err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	m.place = p
	return nil
}
