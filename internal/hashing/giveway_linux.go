package hashing

import "golang.org/x/sys/unix"

const (
	// lowly is how nice a worker is: beside a busy thread of ordinary priority
	// it still gets a tenth of a processor, so that logins end on a busy machine.
	lowly = 10
	// longSlice, in nanoseconds, is the longest slice of time that Linux 6.12
	// and later give a thread. Whoever has a shorter one need not wait for the
	// end of it.
	longSlice = 100_000_000
)

// giveWay makes the calling thread give way to others. A system that forbids it
// leaves the thread as it is.
func giveWay() {
	if unix.SchedSetAttr(0, &unix.SchedAttr{Policy: unix.SCHED_NORMAL, Nice: lowly, Runtime: longSlice}, 0) != nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, lowly)
	}
}

// firstThread reports whether the caller runs on the thread that the process
// began with.
func firstThread() bool { return unix.Gettid() == unix.Getpid() }
