package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
)

// fileWatch notices that the file was removed, replaced or cut while the
// store is open: SQLite itself would go on with the file it holds.
type fileWatch struct {
	path string
	file fs.FileInfo
	size int64
	// floor is how small the file may have become by giving room back.
	floor int64
	gone  atomic.Pointer[error]
}

func newFileWatch(path string) (*fileWatch, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return &fileWatch{path: path, file: info, size: info.Size(), floor: notShrinking}, nil
}

// look checks the file; only the writer's goroutine calls it. A file that
// comes back heals the store; one that was cut does not.
func (w *fileWatch) look() (cut error) {
	info, _ := os.Lstat(w.path) // nil when the file is gone
	if info == nil || !os.SameFile(info, w.file) {
		gone := fmt.Errorf("%w: %s was removed or replaced", ErrFailed, w.path)
		w.gone.Store(&gone)
		return nil
	}
	w.gone.Store(nil)
	switch size := info.Size(); {
	case size < w.size && size < w.floor:
		return errors.New("file was cut short")
	case size <= w.floor:
		w.floor = notShrinking
	}
	w.size = info.Size()
	return nil
}

// mayShrink says that the file will have so many bytes once the log is folded
// in; only the writer's goroutine calls it.
func (w *fileWatch) mayShrink(size int64) { w.floor = min(size, w.floor) }

func (w *fileWatch) missing() error {
	if err := w.gone.Load(); err != nil {
		return *err
	}
	return nil
}
