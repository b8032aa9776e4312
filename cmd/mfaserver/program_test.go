package main_test

import (
	"os"
	"syscall"
	"testing"
)

// writeProgram writes a file that is to be run. Nobody forks meanwhile: a child
// has what its parent was writing open until it runs a program of its own, and as
// long nobody can run that file ("text file busy").
func writeProgram(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, content, mode)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}
