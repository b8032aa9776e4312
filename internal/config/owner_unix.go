//go:build unix

package config

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// modesTell: the mode of a file says who may use it.
const modesTell = true

// checkOwner accepts the running user and root.
func checkOwner(path string, info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "the owner of " + path + " cannot be told"
	}
	if stat.Uid == 0 || int64(stat.Uid) == int64(os.Getuid()) {
		return ""
	}
	return fmt.Sprintf("%s belongs to another user; run: chown %d %s", path, os.Getuid(), path)
}

func ownedByRoot(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == 0
}
