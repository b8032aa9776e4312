package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// harden keeps the secrets of this process out of core dumps, and its memory
// and environment from other processes of the same user (threat T167).
func harden() error {
	return errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
	)
}
