//go:build !unix

package audit

import (
	"io/fs"
	"os"
)

const noFollow = 0

// lock does nothing: the data folder's own lock has to do.
func lock(*os.File) error { return nil }

// removed is false: an open file cannot be removed here.
func removed(fs.FileInfo) bool { return false }
