package main

import (
	"bufio"
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
func (p passwordSource) read(c console, what string) (secret.Secret, error) {
	return p.from(c, what, askTwice)
}

// readOnce is read for a password that somebody else checks: there is no need
// to ask twice.
func (p passwordSource) readOnce(c console, what string) (secret.Secret, error) {
	return p.from(c, what, askOnce)
}

func (p passwordSource) from(c console, what string, asked func(console, string) (secret.Secret, error)) (secret.Secret, error) {
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
	return asked(c, what)
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

func askOnce(c console, what string) (secret.Secret, error) {
	f, err := terminal(c)
	if err != nil {
		return secret.Secret{}, err
	}
	return ask(c, f, what+": ")
}

func askTwice(c console, what string) (secret.Secret, error) {
	f, err := terminal(c)
	if err != nil {
		return secret.Secret{}, err
	}
	first, err := ask(c, f, what+": ")
	if err != nil {
		return secret.Secret{}, err
	}
	second, err := ask(c, f, "Once more: ")
	if err != nil {
		return secret.Secret{}, err
	}
	if first.Reveal() != second.Reveal() {
		return secret.Secret{}, fmt.Errorf("%w: the two do not match", errUsage)
	}
	return first, nil
}

func ask(c console, f *os.File, prompt string) (secret.Secret, error) {
	c.complain("%s", prompt)
	value, err := term.ReadPassword(int(f.Fd()))
	c.complain("\n")
	if err != nil {
		return secret.Secret{}, fmt.Errorf("reading the terminal: %w", err)
	}
	return secret.New(string(value)), nil
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
