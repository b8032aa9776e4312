package duoclient

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"syscall"
)

// progress notes how far a request came. The transport may still write to it
// after the call has ended, so it is safe for concurrent use.
type progress struct {
	handshakeFailed atomic.Bool
	written         atomic.Bool
	answered        atomic.Bool
}

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		// A second connection is tried only when not a byte went out on the
		// first, a kept one that Duo had closed: for a POST the transport
		// repeats nothing else.
		GotConn:          func(httptrace.GotConnInfo) { p.written.Store(false) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { p.handshakeFailed.Store(err != nil) },
		// The header is smaller than the transport's write buffer: before this
		// nothing has left.
		WroteHeaders:         func() { p.written.Store(true) },
		GotFirstResponseByte: func() { p.answered.Store(true) },
	}
}

// failure turns an error of the transport into one of ours. The text of the
// transport's error is used only where it cannot hold bytes of request or
// answer.
func (p *progress) failure(caller context.Context, c call, err error) error {
	e := &callError{call: c.name, kinds: p.kinds(caller, err)}
	e.head = e.kinds[0].Error()
	switch {
	case errors.Is(e, context.Canceled):
		e.head, e.detail = "duoclient: call given up", "the caller cancelled it"
	case errors.Is(e, context.DeadlineExceeded):
		e.detail = "time-out while " + p.phase()
	case errors.Is(e, ErrMalformedResponse):
		e.detail = "answer is not HTTP, or its header is too large"
	case p.answered.Load():
		e.detail = "connection lost while " + p.phase()
	default:
		e.detail = foreignText(err.Error(), c.hide)
	}
	if !p.written.Load() {
		e.kinds = append(e.kinds, ErrNotSent)
	}
	return e
}

func (p *progress) kinds(caller context.Context, err error) []error {
	var timeout net.Error
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return []error{context.Canceled}
	case errors.Is(err, errPrivateAddress):
		return []error{ErrUntrustedServer}
	case errors.Is(err, errProxyRefuses):
		return []error{ErrMisconfigured}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return []error{ErrOutage, context.DeadlineExceeded}
	case p.handshakeFailed.Load() && !interrupted(err):
		return []error{ErrUntrustedServer}
	case p.answered.Load() && !interrupted(err):
		return []error{ErrMalformedResponse}
	default:
		return []error{ErrOutage}
	}
}

func (p *progress) phase() string {
	switch {
	case p.answered.Load():
		return "reading the answer"
	case p.written.Load():
		return "waiting for the answer"
	default:
		return "connecting"
	}
}

// interrupted reports whether err is a connection that broke, as against one
// over which something wrong was said. A TLS alert is something said.
func interrupted(err error) bool {
	if alert, ok := errors.AsType[*net.OpError](err); ok {
		return alert.Op != "remote error" && alert.Op != "local error"
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
}
