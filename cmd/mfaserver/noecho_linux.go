package main

import "golang.org/x/sys/unix"

// noEcho hides what is typed from now on, so that nothing of an answer shows
// that comes as soon as the question stands there.
func noEcho(fd int) error {
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	mode.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, unix.TCSETS, mode)
}
