package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"mfaserver/internal/apiclient"
)

// What a command finds in its environment.
const (
	envServer    = "MFASERVER_URL"
	envUser      = "MFASERVER_USER"
	envCookie    = "MFASERVER_COOKIE"
	envCookieJar = "MFASERVER_COOKIE_JAR"
)

// signalled is what a shell adds to the number of the signal that ended a
// command.
const signalled = 128

// commandExitError is the exit code of a command that ran, when it is not 0. The
// command has said itself what was wrong.
type commandExitError int

// Error implements error.
func (e commandExitError) Error() string { return "the command ended with " + strconv.Itoa(int(e)) }

// run runs a command with the session, and ends the session after it. Ctrl-C
// is the command's to answer.
func (l *terminalLogin) run(ctx context.Context, s *apiclient.Session, command []string) error {
	if ctx.Err() != nil {
		return errors.Join(errCancelled, l.logout(ctx, s))
	}
	jar, remove, err := l.lendJar(s)
	if err != nil {
		return errors.Join(err, l.logout(ctx, s))
	}
	err = l.runWith(ctx, s, jar, command)
	if over := errors.Join(l.logout(ctx, s), remove()); over != nil {
		l.console.complain("mfaserver: the session could not be ended: %s\n", sentence(over))
	}
	return err
}

// lendJar writes the session where curl finds it, for as long as the command
// runs: to --cookie-jar, or to a folder of its own.
func (l *terminalLogin) lendJar(s *apiclient.Session) (path string, remove func() error, err error) {
	if l.flags.jar != "" {
		return l.flags.jar, func() error { return forget(l.flags.jar, l.client.Server()) }, l.keep(s)
	}
	dir, err := os.MkdirTemp("", "mfaserver-login-")
	if err != nil {
		return "", nil, fmt.Errorf("folder for the session: %w", err)
	}
	remove = func() error { return os.RemoveAll(dir) }
	path = filepath.Join(dir, "cookies.txt")
	jar, err := apiclient.ReadJar(path)
	if err == nil {
		jar.Put(l.client.Server(), s.Cookie)
		err = jar.Write()
	}
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}

// forget takes the session at a server out of a jar.
func forget(path, server string) error {
	jar, err := apiclient.ReadJar(path)
	if err != nil {
		return err
	}
	jar.Remove(server)
	return jar.Write()
}

func (l *terminalLogin) runWith(ctx context.Context, s *apiclient.Session, jar string, command []string) error {
	// Its end is waited for whatever becomes of ctx: Ctrl-C goes to it as well.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) //nolint:gosec // running it is what was asked for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.console.in, l.console.out, l.console.err
	cmd.Env = append(withoutOurs(os.Environ()),
		envServer+"="+l.client.Server(), envUser+"="+s.Username, envCookie+"="+s.Cookie.Header().Reveal(), envCookieJar+"="+jar)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return exitOf(cmd, err)
		case sig := <-signals:
			if sig == os.Interrupt && l.atTerminal() {
				continue // the terminal told the command too
			}
			_ = cmd.Process.Signal(sig) // it may have ended just now
		}
	}
}

// atTerminal reports whether Ctrl-C reaches what runs here.
func (l *terminalLogin) atTerminal() bool {
	f, ok := l.console.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// withoutOurs drops a session that an outer login left in the environment.
func withoutOurs(env []string) []string {
	var kept []string
	for _, pair := range env {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case envServer, envUser, envCookie, envCookieJar:
		default:
			kept = append(kept, pair)
		}
	}
	return kept
}

// exitOf is how a command ended.
func exitOf(cmd *exec.Cmd, err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return commandExitError(signalled + int(status.Signal()))
	}
	return commandExitError(cmd.ProcessState.ExitCode())
}
