//go:build !unix

package main

import "os/exec"

// standApart is for systems where Ctrl-C is no signal to a group.
func standApart(*exec.Cmd) {}
