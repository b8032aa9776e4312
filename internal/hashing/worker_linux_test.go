package hashing_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Threat T176: hashes give way to whoever else wants a processor. Threat T167:
// nothing of the server's environment is in that of a worker.
func TestWorkerIsLowly(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SERVER", "canary")
	p := newPool(t, works, nil)
	if _, err := p.Hash("right"); err != nil {
		t.Fatal(err)
	}
	pid := p.Resting()[0]
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	// The 19th field of proc_pid_stat(5), counted after the name in brackets.
	fields := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:])
	if nice := fields[16]; nice != "10" {
		t.Errorf("a worker has the niceness %s, want 10", nice)
	}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Fields(string(own)[strings.LastIndexByte(string(own), ')')+1:]); fields[16] == "10" {
		t.Error("the server itself became lowly")
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(environment), "canary") {
		t.Errorf("a worker has the environment %q", environment)
	}
}
