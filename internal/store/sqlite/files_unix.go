//go:build unix

package sqlite

import (
	"errors"
	"os"
	"syscall"
)

// modesTell: the mode of a file says who may use it.
const modesTell = true

const noFollow = syscall.O_NOFOLLOW

// tryLock takes the file for this process, unless another one has it.
func tryLock(f *os.File) (taken bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// syncPath syncs a file, or a folder with the names in it.
func syncPath(path string) error {
	f, err := os.Open(path) //nolint:gosec // the store or its folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
