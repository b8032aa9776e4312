package main_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mfaserver/duoclient/duotest"
)

// openTerminal makes a terminal: what is written to the one end is read from
// the other.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("no terminals, and CI must not skip the tests at one: ", err)
	}
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return screen, terminal
}

// A run that takes long says so at a terminal, on standard error; Ctrl-C ends
// it and clears the line.
func TestDuoProgress(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users": {Hang: true}}})
	screen, terminal := openTerminal(t)
	cmd := command(t.Context(), "--config", b.config, "duo", "users", "list", "--output", "json")
	var stdout strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	read := func(marker string) {
		t.Helper()
		buf := make([]byte, 256)
		for !strings.Contains(seen.String(), marker) {
			n, err := screen.Read(buf)
			if err != nil {
				t.Fatalf("the terminal showed %q, then %v; want %q", seen.String(), err, marker)
			}
			seen.Write(buf[:n])
		}
	}
	read("reading users (2s)")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	read("mfaserver: ")
	_ = cmd.Wait()
	if cmd.ProcessState.Success() || stdout.String() != "" {
		t.Errorf("interrupted, users list ended with %v and printed %q", cmd.ProcessState, stdout.String())
	}
	if text := seen.String(); !strings.Contains(text[strings.LastIndex(text, "reading users"):], "\r\x1b[K") {
		t.Errorf("the line was not cleared: %q", text)
	}
}

// A report that takes long tells at a terminal which organisation it is at and
// how many users it has read, and ends with its sum.
func TestDuoReportProgress(t *testing.T) {
	t.Parallel()
	const users = 320 // a page is 300
	b := startDuoBench(t, "clinic-a", "clinic-b", "clinic-c")
	for _, a := range b.Accounts() {
		a.AddUsers(users, func(i int) duotest.User { return duotest.User{Name: "user" + strconv.Itoa(i)} })
	}
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"/admin/v1/users": {Delay: 500 * time.Millisecond}}})
	screen, terminal := openTerminal(t)
	cmd := command(t.Context(), "--config", b.config, "duo", "users", "report", "--unenrolled", "--all-orgs", "--csv", "-")
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	buf := make([]byte, 256)
	for !strings.Contains(seen.String(), " found\r\n") {
		n, err := screen.Read(buf)
		if err != nil {
			t.Fatalf("the terminal showed %q, then %v", seen.String(), err)
		}
		seen.Write(buf[:n])
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("report ended with %v: %q", err, seen.String())
	}
	if got := bytes.Count(stdout.Bytes(), []byte("\n")); got != 3*users+1 {
		t.Errorf("%d lines, want a head and %d rows", got, 3*users)
	}
	said := seen.String()
	for _, want := range []string{"clinic-b (3 of 4): ", "clinic-c (4 of 4): ", "\r\x1b[K961 user(s) of 4 organization(s) read, 960 found"} {
		if !strings.Contains(said, want) {
			t.Errorf("the terminal showed %q, want %q", said, want)
		}
	}
}

// Threat T162: what is secret comes from a terminal or a file, and a
// destroying command asks at a terminal before it does anything.
func TestDuoAsksAtTheTerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer string
		gone   bool
	}{{"y", true}, {"n", false}, {"", false}} {
		b := startDuoBench(t)
		screen, terminal := openTerminal(t)
		cmd := command(t.Context(), "--config", b.config, "duo", "users", "delete", "test1", "--reason", "ticket")
		cmd.Stdin, cmd.Stderr = terminal, terminal
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var seen strings.Builder
		buf := make([]byte, 256)
		for !strings.Contains(seen.String(), "[y/N]") {
			n, err := screen.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			seen.Write(buf[:n])
		}
		if _, err := screen.WriteString(tt.answer + "\n"); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if _, there := b.User("test1"); there == tt.gone || cmd.ProcessState.Success() != tt.gone {
			t.Errorf("answer %q: gone %v, %v; want gone %v", tt.answer, !there, cmd.ProcessState, tt.gone)
		}
	}
}
