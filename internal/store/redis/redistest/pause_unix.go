//go:build unix

package redistest

import "syscall"

// The signals that pause a process and let it go on.
const (
	stop = syscall.SIGSTOP
	cont = syscall.SIGCONT
)
