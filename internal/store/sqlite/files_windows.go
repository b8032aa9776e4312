package sqlite

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// modesTell: Windows has access lists in the place of modes; package os makes
// the modes up. The folder's list says who may use the files in it.
const modesTell = false

const noFollow = 0

// lockAt is the byte that is locked: locks of Windows keep others from reading
// too, and who holds the lock stands at the beginning.
const lockAt = 1 << 30

// tryLock takes the file for this process, unless another one has it.
func tryLock(f *os.File) (taken bool, err error) {
	at := &windows.Overlapped{Offset: lockAt}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}

func unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: lockAt})
}

// syncPath syncs a file. Folders cannot be synced here: their names are in the
// journal of the file system.
func syncPath(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0) // only who may write may sync
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
