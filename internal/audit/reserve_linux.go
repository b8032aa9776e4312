package audit

import (
	"errors"
	"os"
	"syscall"
)

// keepSize is FALLOC_FL_KEEP_SIZE: the file does not become longer.
const keepSize = 1

// allocateFile sets blocks aside behind the end of a file (fallocate(2)).
func allocateFile(m medium, from, size int64) error {
	f, ok := m.(*os.File)
	if !ok {
		return errors.ErrUnsupported
	}
	for {
		err := syscall.Fallocate(int(f.Fd()), keepSize, from, size)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
