package siege_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// attacker is the test binary in one of its roles.
type attacker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
	err bytes.Buffer
}

// attack starts a role and tells it what to do. It ends when the test does, or
// when its standard input is closed.
func attack(t *testing.T, role string, told any) *attacker {
	t.Helper()
	a := &attacker{cmd: itself(t, role != roleBare && readSettings(t).long)}
	a.cmd.Env = append(os.Environ(), roleVariable+"="+role)
	a.cmd.Stderr = &a.err
	in, err := a.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	a.in, a.out = in, json.NewDecoder(out)
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.leave)
	if err := json.NewEncoder(in).Encode(told); err != nil {
		t.Fatal(err)
	}
	return a
}

// hear waits for what the attacker says next.
func (a *attacker) hear(t *testing.T, to any) {
	t.Helper()
	if err := a.out.Decode(to); err != nil {
		t.Fatalf("the attacker ended: %v\n%s", err, &a.err)
	}
}

func (a *attacker) leave() {
	_ = a.in.Close()
	_ = a.cmd.Wait()
}

// told reads what an attacker is told.
func told(to any) error { return json.NewDecoder(os.Stdin).Decode(to) }

// say prints what the tests want to hear.
func say(v any) error { return json.NewEncoder(os.Stdout).Encode(v) }

// untilClosed waits until the tests are through with an attacker.
func untilClosed() error {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}

// itself runs the test binary; a lowly one with the lowest priority there is
// (SCHED_IDLE), so that it takes no processor time that the server wants: whoever
// wakes up takes the processor from it at once, and need not wait for the end of
// a slice. Beside other tests it would get none at all.
func itself(t *testing.T, lowly bool) *exec.Cmd {
	t.Helper()
	if chrt, err := exec.LookPath("chrt"); lowly && err == nil {
		return exec.CommandContext(t.Context(), chrt, "--idle", "0", os.Args[0])
	}
	if nice, err := exec.LookPath("nice"); lowly && err == nil {
		return exec.CommandContext(t.Context(), nice, "-n", "19", os.Args[0])
	}
	return exec.CommandContext(t.Context(), os.Args[0])
}
