package hashing

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"time"
)

// worker is a process that hashes. One question is under way at a time.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	ask *gob.Encoder
	say *gob.Decoder
	// used is when it answered last.
	used time.Time
}

// startWorker starts the program, with nothing of our environment.
func startWorker(command []string) (*worker, error) {
	w := &worker{cmd: exec.Command(command[0], command[1:]...)} //nolint:gosec,noctx // the program itself; it lives for many calls
	w.cmd.Env = []string{"GOMAXPROCS=1", "GOGC=25"}
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startLowly(w.cmd); err != nil {
		return nil, err
	}
	w.in, w.ask, w.say = in, gob.NewEncoder(in), gob.NewDecoder(out)
	return w, nil
}

// startLowly starts cmd from a thread that gives way to others, which a process
// takes over from the thread that starts it. The thread ends: without privileges
// it could not be made what it was.
func startLowly(cmd *exec.Cmd) error {
	failed := make(chan error, 1)
	go aside(func() {
		giveWay()
		failed <- cmd.Start()
	})
	return <-failed
}

// aside runs f on a thread that ends with it, and is not the first one: that
// never ends, and stands for the process wherever one is listed.
func aside(f func()) {
	runtime.LockOSThread()
	if !firstThread() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		aside(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

// errLate: a worker did not answer within patience.
var errLate = errors.New("no answer")

// do asks one question. After an error the worker is of no use any more.
func (w *worker) do(q question, patience time.Duration) (a answer, err error) {
	late := time.AfterFunc(patience, func() { _ = w.cmd.Process.Kill() })
	if err = w.ask.Encode(q); err == nil {
		err = w.say.Decode(&a)
	}
	if !late.Stop() && err != nil {
		err = fmt.Errorf("%w within %v: %w", errLate, patience, err)
	}
	return a, err
}

// end lets the process go, and waits for it.
func (w *worker) end() {
	_ = w.in.Close()
	stuck := time.AfterFunc(time.Second, func() { _ = w.cmd.Process.Kill() })
	defer stuck.Stop()
	_ = w.cmd.Wait()
}
