package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Errors of opening.
var (
	// ErrLocked: another process writes this trail.
	ErrLocked = errors.New("audit: trail is in use by another process")
	// ErrNotATrail: the file holds something else, and is left as it is.
	ErrNotATrail = errors.New("audit: file is not an audit trail")
)

// medium is what the trail needs of its file.
type medium interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// openFile opens or makes the file, for appending, locked, with mode 0600. The
// folder is synced, so that a new file keeps its name over a crash.
func openFile(path string) (medium, error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	f, err := openAppending(path)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if err := errors.Join(secure(f), syncFolder(folder)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return appending(f), nil
}

func secure(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is not a regular file", ErrNotATrail, f.Name())
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return lock(f)
}
