package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Client talks to a running server, one connection a command.
type Client struct {
	path      string
	sentinels []error
}

// NewClient makes a client for a socket. Sentinels must be those of the
// server for errors to keep their identity.
func NewClient(path string, sentinels []error) *Client {
	return &Client{path: path, sentinels: sentinels}
}

// Call runs a command in the server and decodes its result into out, which may
// be nil. [ErrNotRunning] when nobody listens; then nothing was done.
func (c *Client) Call(ctx context.Context, command string, args, out any) error {
	message, err := encodeRequest(command, args)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.path)
	if err != nil {
		if refusedDial(err) {
			return ErrNotRunning
		}
		return fmt.Errorf("control: %w", err)
	}
	defer conn.Close() //nolint:errcheck // everything was read
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(message); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	var r reply
	if err := json.NewDecoder(io.LimitReader(conn, maxMessage)).Decode(&r); err != nil {
		return fmt.Errorf("control: no answer from the server: %w", err)
	}
	return c.result(r, out)
}

func (c *Client) result(r reply, out any) error {
	if r.Error != "" {
		return c.remoteError(r)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(r.Result, out)
}

func (c *Client) remoteError(r reply) error {
	for _, sentinel := range append(c.sentinels, ErrForbidden, ErrUnknownCommand, ErrArguments) {
		if r.Code == sentinel.Error() {
			return &remoteError{text: r.Error, is: sentinel}
		}
	}
	return errors.New(r.Error)
}

// remoteError is an error of the server with its own words.
type remoteError struct {
	text string
	is   error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.is }

func encodeRequest(command string, args any) ([]byte, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArguments, err)
	}
	return json.Marshal(request{Command: command, Args: raw})
}
