package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
)

// maxLogins is how many passwords are at the engine at once: a login costs an
// engine a third of a second of one processor.
const maxLogins = 8

// errClosed is the cause after Close.
var errClosed = errors.New("upstream: closed")

// Upstream checks passwords at the engine and owns the sessions that come of
// it. It is safe for concurrent use. Call Recover once before it serves, Sweep
// every few seconds, Close at the end.
//
// A session is at every moment in one of four states: nobody's (it is in the
// ledger), held (by a session of this server: it is not in the ledger), being
// ended (in the ledger, and among works), or over. Adopt makes a session held
// that is nobody's, Release ends it from either state. What remains is the
// moment between the engine's answer to a login and the first write to the
// ledger, and the one between the end of a session of ours and Release: a crash
// there leaves a session at the engine whose cookie nobody knows, until the
// engine's own timeout.
type Upstream struct {
	cfg  Config
	gate *gate
	pace *pace
	// stale are credentials of Open that do not work any more.
	stale stales

	// ctx ends the logouts that are under way when Close has waited enough.
	ctx    context.Context //nolint:containedctx // of the workers, which belong to no call
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu sync.Mutex
	// works are the sessions that are being adopted or ended.
	works map[ID]*work
	// queue are those whose logout waits for a worker, in order.
	queue   []*work
	running int
	// kept are sessions that nobody adopts: those of Open.
	kept map[ID]struct{}
	// rotated are cookies that the engine replaced.
	rotated map[ID]secret.Secret
	brake   brake
	// closing refuses new sessions, closed starts no worker any more.
	closing, closed bool
	// skipNotes is until when a ledger that failed is not waited for, nextList
	// when Sweep looks into it again.
	skipNotes, nextList time.Time
}

var _ primary.Authenticator = (*Upstream)(nil)

// New returns an Upstream; [ErrConfig].
func New(c Config) (*Upstream, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Upstream{
		cfg: c, ctx: ctx, cancel: cancel,
		gate: newGate(maxLogins, c.MaxFailures), pace: &pace{estimate: c.RefusalTime},
		works: make(map[ID]*work), kept: make(map[ID]struct{}), rotated: make(map[ID]secret.Secret),
	}, nil
}

// SetMaxFailures changes [Config.MaxFailures]; 0 means [DefaultMaxFailures].
// The rule of Limiter is its own.
func (u *Upstream) SetMaxFailures(most int) {
	if most == 0 {
		most = DefaultMaxFailures
	}
	u.gate.allow(most)
}

func (u *Upstream) isClosing() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.closing
}
