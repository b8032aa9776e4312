package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/session"
)

// Why a transfer is cut.
var (
	errEnded    = errors.New("gateway: the session ended")
	errIdle     = errors.New("gateway: the body stood still for too long")
	errTooLarge = errors.New("gateway: the request body is too large")
	errPanicked = errors.New("gateway: nobody could look after the transfer")
)

// watchEvery is how often a transfer is looked after.
const watchEvery = 250 * time.Millisecond

// lastWords is how long a client may take over the end of an exchange.
const lastWords = 5 * time.Second

// stage is how far a transfer has come.
type stage int32

const (
	// sending: the body of the request is on its way to the engine.
	sending stage = iota
	// thinking: the engine has the request whole and has not answered.
	thinking
	// answering: the body of the answer is on its way to the client.
	answering
	// closing: we answer ourselves.
	closing
)

// transferKey is the context key of the transfer that a request belongs to:
// the proof that a session was found for it (threat T129).
type transferKey struct{}

// transfer is one request that crosses, and its answer.
type transfer struct {
	g       *Gateway
	session session.Session
	out     *http.Request // what the engine is sent; its context is the transfer's
	client  *http.Request // what the client sent
	header  http.Header   // what the engine is sent of it
	first   string        // the cookie of the carry
	cookie  string        // the cookie in use

	control *http.ResponseController
	cancel  context.CancelCauseFunc
	stage   atomic.Int32
	moved   atomic.Uint64 // counts reads of either body
	large   atomic.Bool   // the request body went over the limit
	partial atomic.Bool   // the request body was begun and not read to its end
	looking atomic.Bool   // somebody looks after it just now
	links   links

	mu    sync.Mutex // guards what follows
	over  bool
	long  bool // looked after at least once
	ended <-chan struct{}
	stop  func()
	seen  uint64
	still time.Duration
	cause error
}

// transferOf returns the transfer that ctx belongs to, or nil.
func transferOf(ctx context.Context) *transfer {
	t, _ := ctx.Value(transferKey{}).(*transfer)
	return t
}

// begin looks after the transfer from now on.
func (t *transfer) begin() { t.g.watch.add(t) }

// look cuts the transfer when its session is over or nothing moves.
func (t *transfer) look() {
	defer t.looking.Store(false)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	defer t.survive()
	if !t.long {
		t.goLong()
	}
	if t.cause != nil {
		t.cut(t.cause)
		return
	}
	select {
	case <-t.ended: // nil, and so never ready, without a session of ours
		t.cut(errEnded)
		return
	default:
	}
	moved, now := t.moved.Load(), stage(t.stage.Load())
	if moved != t.seen || now == thinking {
		t.seen, t.still = moved, 0
		return
	}
	if t.still += t.g.watch.tick; t.still >= t.g.cfg.Limits.Idle {
		t.cut(errIdle)
	}
}

// survive keeps a panic of those who are asked about sessions from ending the
// process (threat T184): a goroutine of ours has no server around it. Its text
// is not logged, it may quote what was being worked on.
func (t *transfer) survive() {
	if recover() != nil {
		t.g.log.ErrorContext(t.client.Context(), "looking after a transfer panicked", t.g.about(t.client, &t.session)...)
		t.cut(errPanicked)
	}
}

// goLong takes over from the server, whose deadlines are meant for short
// exchanges, and watches the session.
func (t *transfer) goLong() {
	t.long = true
	if t.session.Key != (session.Key{}) {
		t.ended, t.stop = t.g.cfg.Sessions.Watch(t.out.Context(), t.session.Key)
	}
	// An error means that the connection has none, and so nothing to wait for.
	_ = t.control.SetReadDeadline(time.Time{})
	_ = t.control.SetWriteDeadline(time.Time{})
}

// cut ends the transfer: the engine's side by the context, the client's by the
// deadlines, which wake whoever waits for it.
func (t *transfer) cut(cause error) {
	t.cause = cause
	t.cancel(cause)
	switch stage(t.stage.Load()) {
	case closing:
	case answering:
		_ = t.control.SetWriteDeadline(past)
		_ = t.control.SetReadDeadline(past)
	case sending, thinking:
		_ = t.control.SetReadDeadline(past)
	}
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// close prepares for an answer of our own: nothing more is read of the client,
// and it has little time to take what we say.
func (t *transfer) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stage.Store(int32(closing))
	t.expire()
}

// expire lets the client have the last words and no more.
func (t *transfer) expire() {
	if t.partial.Load() {
		// The transport may still be reading for the engine.
		_ = t.control.SetReadDeadline(past)
	}
	if t.long {
		_ = t.control.SetWriteDeadline(t.g.cfg.Now().Add(lastWords))
	}
}

// finish ends the care for the transfer.
func (t *transfer) finish() {
	t.g.watch.remove(t)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	if t.stop != nil {
		t.stop()
	}
	t.expire()
	t.cancel(context.Canceled)
}

// upload is the body of a request.
type upload struct {
	t    *transfer
	body io.ReadCloser
	left int64 // of the limit
}

// Read implements [io.Reader].
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.body.Read(p)
	u.t.moved.Add(1)
	if u.left -= int64(n); u.left < 0 {
		u.t.large.Store(true)
		return 0, errTooLarge
	}
	if errors.Is(err, io.EOF) {
		u.t.partial.Store(false)
		u.t.stage.CompareAndSwap(int32(sending), int32(thinking))
	}
	return n, err
}

// Close implements [io.Closer]. The body is the server's, which closes it when
// the handler is done: a transport that fails before it has read it would wait
// here for a client that waits for us.
func (u *upload) Close() error { return nil }
