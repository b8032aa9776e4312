//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// standApart keeps Ctrl-C at the terminal from a program.
func standApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
