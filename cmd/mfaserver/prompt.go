package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"mfaserver/internal/secret"
)

// errConfirm: a destroying command was not confirmed.
var errConfirm = errors.New("not confirmed; say --yes to go ahead")

// maxSecretFile bounds a secret read from a file, in bytes.
const maxSecretFile = 64 << 10

// passwordSource is where a command takes a password from: never from its
// arguments, which every user of the machine can read.
type passwordSource struct {
	file string
	env  string
}

// read takes the password from the file, the environment or the terminal, in
// this order. At a terminal it is asked for twice.
func (p passwordSource) read(ctx context.Context, c console, what string) (secret.Secret, error) {
	return p.from(ctx, c, what, askTwice)
}

// readOnce is read for a password that somebody else checks: there is no need
// to ask twice.
func (p passwordSource) readOnce(ctx context.Context, c console, what string) (secret.Secret, error) {
	return p.from(ctx, c, what, askOnce)
}

func (p passwordSource) from(ctx context.Context, c console, what string, asked func(context.Context, console, string) (secret.Secret, error)) (secret.Secret, error) {
	switch {
	case p.file != "" && p.env != "":
		return secret.Secret{}, fmt.Errorf("%w: give --password-file or --password-env, not both", errUsage)
	case p.file != "":
		return readSecretFile(c, p.file)
	case p.env != "":
		value, ok := os.LookupEnv(p.env)
		if !ok || value == "" {
			return secret.Secret{}, fmt.Errorf("%w: the environment has no %s", errUsage, p.env)
		}
		return secret.New(value), nil
	}
	return asked(ctx, c, what)
}

// readSecretFile reads the first line of a file; "-" is standard input.
func readSecretFile(c console, path string) (secret.Secret, error) {
	in := c.in
	if path != "-" {
		f, err := os.Open(path) //nolint:gosec // the operator names the file
		if err != nil {
			return secret.Secret{}, fmt.Errorf("password file: %w", err)
		}
		defer f.Close() //nolint:errcheck // opened for reading
		in = f
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxSecretFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return secret.Secret{}, fmt.Errorf("password file: %w", err)
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if line == "" {
		return secret.Secret{}, fmt.Errorf("%w: the password file is empty", errUsage)
	}
	return secret.New(line), nil
}

// terminal is where a person can be asked.
func terminal(c console) (*os.File, error) {
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, fmt.Errorf("%w: no terminal to ask on; use --password-file (- is standard input) or --password-env", errUsage)
	}
	return f, nil
}

func askOnce(ctx context.Context, c console, what string) (secret.Secret, error) {
	f, err := terminal(c)
	if err != nil {
		return secret.Secret{}, err
	}
	return ask(ctx, c, f, what+": ")
}

func askTwice(ctx context.Context, c console, what string) (secret.Secret, error) {
	f, err := terminal(c)
	if err != nil {
		return secret.Secret{}, err
	}
	first, err := ask(ctx, c, f, what+": ")
	if err != nil {
		return secret.Secret{}, err
	}
	second, err := ask(ctx, c, f, "Once more: ")
	if err != nil {
		return secret.Secret{}, err
	}
	if first.Reveal() != second.Reveal() {
		return secret.Secret{}, fmt.Errorf("%w: the two do not match", errUsage)
	}
	return first, nil
}

// ask asks for what must not be seen. When ctx ends (Ctrl-C), so does the
// question, and the terminal is left as it was.
func ask(ctx context.Context, c console, f *os.File, prompt string) (secret.Secret, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("reading the terminal: %w", err)
	}
	if err := noEcho(fd); err != nil {
		return secret.Secret{}, fmt.Errorf("reading the terminal: %w", err)
	}
	c.complain("%s", prompt)
	value, err := interruptible(ctx, func() (string, error) {
		line, err := term.ReadPassword(fd)
		return string(line), err
	})
	c.complain("\n")
	if err := errors.Join(err, term.Restore(fd, before)); err != nil {
		return secret.Secret{}, fmt.Errorf("reading the terminal: %w", err)
	}
	return secret.New(value), nil
}

// askName asks for what may be seen.
func askName(ctx context.Context, c console, prompt string) (string, error) {
	f, err := terminal(c)
	if err != nil {
		return "", err
	}
	c.complain("%s", prompt)
	line, err := interruptible(ctx, func() (string, error) { return bufio.NewReader(f).ReadString('\n') })
	if err != nil {
		c.complain("\n")
		return "", fmt.Errorf("reading the terminal: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// interruptible reads from a terminal until ctx ends. A read cannot be taken
// back: it goes on, and nobody may read there any more.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read()
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// confirm asks before something is destroyed, unless yes is set.
func confirm(c console, yes bool, question string) error {
	if yes {
		return nil
	}
	f, ok := c.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return errConfirm
	}
	c.complain("%s [y/N] ", question)
	answer, err := bufio.NewReader(f).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
		return errConfirm
	}
	return nil
}
