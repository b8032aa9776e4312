package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// fileLock keeps other processes off the store. The kernel drops it with the
// process, however that ends; the file itself stays, so that all processes
// lock the same one.
type fileLock struct{ f *os.File }

// acquireLock takes the lock beside the store at path, or says with
// [ErrLocked] who has it. It does not wait for the lock.
func acquireLock(path string) (*fileLock, error) {
	name := path + ".lock"
	if err := checkFile(name); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|noFollow, 0o600) //nolint:gosec // the operator names the store
	if err != nil {
		return nil, fmt.Errorf("sqlite: lock file: %w", err)
	}
	taken, err := tryLock(f)
	if err != nil || taken {
		defer f.Close() //nolint:errcheck // nothing was written
		if err != nil {
			return nil, fmt.Errorf("sqlite: lock %s: %w", name, err)
		}
		return nil, fmt.Errorf("%w: %s is held by %s", ErrLocked, path, holder(f))
	}
	lock := &fileLock{f: f}
	if err := lock.sign(); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: lock file: %w", err), lock.release())
	}
	return lock, nil
}

// sign writes who holds the lock.
func (l *fileLock) sign() error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// release gives the lock up. Closing alone would not do: a child process
// being started holds a copy of the descriptor for a moment.
func (l *fileLock) release() error { return errors.Join(unlock(l.f), l.f.Close()) }

// holder reads who holds the lock; a process that has just taken it may not
// have signed yet.
func holder(f *os.File) string {
	for range 10 {
		text, err := io.ReadAll(io.NewSectionReader(f, 0, 32))
		if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
			return "process " + pid
		}
		time.Sleep(20 * time.Millisecond)
	}
	return "another process"
}
