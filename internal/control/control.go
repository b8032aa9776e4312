// Package control carries commands to a running server over a Unix socket in
// its data directory. The socket is owner-only and the peer's user is checked
// as well: only root and the server's own user are heard.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"strconv"
)

// Func is one command. Args is the JSON the client sent; the result is
// encoded as JSON. A Func is called concurrently.
type Func func(ctx context.Context, caller Caller, args json.RawMessage) (any, error)

// Commands maps a command's name, for example "users.add", to its Func. The
// same map serves the socket and, when no server runs, the command line
// itself, so that both do exactly the same.
type Commands map[string]Func

// Caller is who asks, as the operating system says.
type Caller struct {
	UID int
	PID int
}

// String names the caller for the audit trail.
func (c Caller) String() string { return "os-user:" + strconv.Itoa(c.UID) }

// Self is the caller of this very process.
func Self() Caller { return Caller{UID: os.Getuid(), PID: os.Getpid()} }

// Errors of the package.
var (
	// ErrNotRunning: nobody listens on the socket.
	ErrNotRunning = errors.New("control: no server is running on this data directory")
	// ErrUnknownCommand: the server is older or newer than the client.
	ErrUnknownCommand = errors.New("control: the running server does not know this command; use the same version")
	// ErrForbidden: the peer is neither root nor the server's own user.
	ErrForbidden = errors.New("control: only root and the server's own user may use the control socket")
	// ErrArguments: a command's arguments are not what it takes.
	ErrArguments = errors.New("control: malformed arguments")
	// ErrSocketBusy: another server listens on the socket.
	ErrSocketBusy = errors.New("control: another server uses this data directory")
)

// maxMessage bounds a command and its answer in bytes.
const maxMessage = 4 << 20

// request and reply are the two messages of a connection, one JSON value each.
type request struct {
	Command string          `json:"command"`
	Args    json.RawMessage `json:"args,omitempty"`
}

type reply struct {
	Result json.RawMessage `json:"result,omitempty"`
	// Code is the text of the sentinel the error matches, Error all of it.
	Code  string `json:"code,omitempty"`
	Error string `json:"error,omitempty"`
}

// Decode reads a command's arguments strictly into a T.
func Decode[T any](args json.RawMessage) (T, error) {
	var v T
	if err := decodeStrict(args, &v); err != nil {
		return v, errors.Join(ErrArguments, err)
	}
	return v, nil
}

// refusedDial reports whether a dial error means that nobody listens.
func refusedDial(err error) bool {
	var op *net.OpError
	return errors.Is(err, fs.ErrNotExist) || (errors.As(err, &op) && isConnRefused(op.Err))
}
