package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// Config of a [Server].
type Config struct {
	// Path of the socket, for example data_dir/control.sock.
	Path     string
	Commands Commands
	// Sentinels are the errors whose identity survives the socket.
	Sentinels []error
	Logger    *slog.Logger
	// Refused is told of peers that are turned away; may be nil.
	Refused func(ctx context.Context, uid int)
	// Timeout bounds one command; 30 s when zero.
	Timeout time.Duration
}

// Server answers commands until it is closed.
type Server struct {
	cfg      Config
	listener *net.UnixListener
	ctx      context.Context //nolint:containedctx // the life of the server: Close ends it and with it the running commands
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// Listen makes the socket and starts to answer. A socket left by a server
// that was killed is replaced; one that somebody answers on is
// [ErrSocketBusy]. The server lives until Close, not only as long as ctx.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := removeStale(ctx, cfg.Path); err != nil {
		return nil, err
	}
	listener, err := listenPrivate(cfg.Path)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{cfg: cfg, listener: listener, ctx: ctx, cancel: cancel}
	s.done.Go(s.accept)
	return s, nil
}

// Close stops listening, ends running commands and removes the socket.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.done.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.AcceptUnix()
		if err != nil {
			if s.ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				s.cfg.Logger.ErrorContext(s.ctx, "control socket failed", "err", err)
			}
			return
		}
		s.done.Go(func() { s.serve(conn) })
	}
}

func (s *Server) serve(conn *net.UnixConn) {
	defer conn.Close() //nolint:errcheck // the answer was written or is lost
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answer := s.answer(ctx, conn)
	if err := json.NewEncoder(conn).Encode(answer); err != nil {
		s.cfg.Logger.WarnContext(ctx, "control answer was not delivered", "err", err)
	}
}

func (s *Server) answer(ctx context.Context, conn *net.UnixConn) reply {
	caller, err := peer(conn)
	if err != nil || (caller.UID != 0 && caller.UID != os.Geteuid()) {
		if s.cfg.Refused != nil {
			s.cfg.Refused(ctx, caller.UID)
		}
		return s.failure(errors.Join(ErrForbidden, err))
	}
	var r request
	if err := json.NewDecoder(io.LimitReader(conn, maxMessage)).Decode(&r); err != nil {
		return s.failure(fmt.Errorf("%w: %w", ErrArguments, err))
	}
	result, err := s.cfg.Commands.Run(ctx, caller, r.Command, r.Args)
	if err != nil {
		return s.failure(err)
	}
	return reply{Result: result}
}

func (s *Server) failure(err error) reply {
	for _, sentinel := range append(s.cfg.Sentinels, ErrForbidden, ErrUnknownCommand, ErrArguments) {
		if errors.Is(err, sentinel) {
			return reply{Code: sentinel.Error(), Error: err.Error()}
		}
	}
	return reply{Error: err.Error()}
}

// Run calls one command in this process and encodes its result. A panic is an
// error: a broken command must not take the server with it.
func (c Commands) Run(ctx context.Context, caller Caller, name string, args json.RawMessage) (result json.RawMessage, err error) {
	command, ok := c[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownCommand, name)
	}
	defer func() {
		if recover() != nil {
			result, err = nil, fmt.Errorf("control: command %q failed inside", name)
		}
	}()
	value, err := command(ctx, caller, args)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func decodeStrict(data []byte, v any) error {
	if len(data) == 0 {
		data = []byte("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
