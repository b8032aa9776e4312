package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const noFollow = 0

// lockAt is the byte that is locked: locks of Windows keep others from reading
// too, and the trail is read while it grows.
const lockAt = 1 << 30

// openAppending opens the file so that it can be renamed while it is open, as
// rotation does, and cut. A link is opened as such, and refused as no file.
func openAppending(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, share, nil,
		windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// appender writes at the end. A file that Windows itself appends to could not
// be cut; nobody else writes, for the file is locked.
type appender struct{ *os.File }

func appending(f *os.File) medium { return appender{f} }

func (a appender) Write(p []byte) (int, error) {
	if _, err := a.Seek(0, io.SeekEnd); err != nil {
		return 0, err
	}
	return a.File.Write(p)
}

// lock takes the file for this process until it is closed.
func lock(f *os.File) error {
	at := &windows.Overlapped{OffsetHigh: lockAt}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return fmt.Errorf("%w: %s", ErrLocked, f.Name())
	}
	if err != nil {
		return fmt.Errorf("audit: locking %s: %w", f.Name(), err)
	}
	return nil
}

// removed is false: the number of names is not known here, and whether the name
// still means this file is asked before.
func removed(fs.FileInfo) bool { return false }

// syncFolder does nothing: folders cannot be synced here, and their names are in
// the journal of the file system.
func syncFolder(string) error { return nil }
