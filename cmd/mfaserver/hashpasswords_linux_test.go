package main_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hashers are the processes of a server that hash passwords, and have not ended.
func hashers(t *testing.T, server int) (pids []int) {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(server) + "/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			if line, err := os.ReadFile("/proc/" + field + "/cmdline"); err == nil && strings.Contains(string(line), "hash-passwords") {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Threat T176: passwords are hashed in a process of its own. Threat T167: it ends
// with the server, however that ends.
func TestHashingProcess(t *testing.T) {
	t.Parallel()
	p, ready := startDemo(t, "--auto", "approve")
	newAPIClient(t, ready.ServerURL, ready.CAFile).login(t, ready.Username, ready.Password)
	found := hashers(t, p.cmd.Process.Pid)
	if len(found) == 0 {
		t.Fatal("a password was checked, and no process hashes")
	}
	p.kill(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, pid := range found {
		for running(pid) {
			select {
			case <-tick.C:
			case <-t.Context().Done():
				t.Fatalf("process %d stays without its server", pid)
			}
		}
	}
}

// running reports whether a process has not ended. One that nobody waits for may
// be listed for longer.
func running(pid int) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && len(line) > 0
}
