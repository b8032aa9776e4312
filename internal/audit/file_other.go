//go:build !unix && !windows

package audit

import (
	"io/fs"
	"os"
)

const noFollow = 0

func openAppending(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

func appending(f *os.File) medium { return f }

// lock does nothing: the data folder's own lock has to do.
func lock(*os.File) error { return nil }

// removed is false: it cannot be told.
func removed(fs.FileInfo) bool { return false }

func syncFolder(string) error { return nil }
