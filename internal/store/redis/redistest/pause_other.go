//go:build !unix

package redistest

import "syscall"

// A system without these signals: its processes do not pause.
const (
	stop = syscall.Signal(0)
	cont = syscall.Signal(0)
)
