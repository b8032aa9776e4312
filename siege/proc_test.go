package siege_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// clockTick is what Linux counts processor time in, in every port of it that Go
// knows (USER_HZ).
const clockTick = 10 * time.Millisecond

// status is one number of /proc/PID/status, without its unit.
func (s *server) status(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(s.proc("status"))
	if err != nil {
		t.Skipf("this system does not tell what a process uses: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in the status of a process", name)
	return 0
}

// resident is how much memory the server takes now, in MiB.
func (s *server) resident(t *testing.T) int { t.Helper(); return s.status(t, "VmRSS") >> 10 }

// peak is how much memory the server took at most, and each process that hashes
// for it, in MiB.
func (s *server) peak(t *testing.T) int {
	t.Helper()
	sum := s.status(t, "VmHWM")
	for _, child := range s.children(t) {
		helper := server{cmd: &exec.Cmd{Process: &os.Process{Pid: child}}}
		sum += helper.status(t, "VmHWM")
	}
	return sum >> 10
}

// children are the processes that the server started and that still run.
func (s *server) children(t *testing.T) (pids []int) {
	t.Helper()
	tasks, err := filepath.Glob(s.proc("task/*/children"))
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
			pids = append(pids, pid)
		}
	}
	return pids
}

// descriptors is how many files and connections the server has open.
func (s *server) descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir(s.proc("fd"))
	if err != nil {
		t.Skipf("whoever runs the tests cannot count the descriptors of the server: %v", err)
	}
	return len(open)
}

// processor is the processor time that the server has used, and those who hash
// for it.
func (s *server) processor(t *testing.T) time.Duration {
	t.Helper()
	used := s.alone(t)
	for _, child := range s.children(t) {
		helper := server{cmd: &exec.Cmd{Process: &os.Process{Pid: child}}}
		used += helper.alone(t)
	}
	return used
}

// alone is the processor time of one process, and of those it has outlived.
func (s *server) alone(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(s.proc("stat"))
	if err != nil {
		t.Skipf("this system does not tell what a process uses: %v", err)
	}
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	var ticks int64
	for _, field := range fields[11:15] { // utime, stime, cutime and cstime, see proc_pid_stat(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// limit is a soft and a hard limit of /proc/PID/limits.
func (s *server) limit(t *testing.T, name string) (soft, hard int) {
	t.Helper()
	text, err := os.ReadFile(s.proc("limits"))
	if err != nil {
		t.Skipf("this system does not tell the limits of a process: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if _, err := fmt.Sscan(rest, &soft, &hard); err != nil {
				t.Fatal(err)
			}
		}
	}
	return soft, hard
}
