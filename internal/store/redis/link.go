package redis

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Times of the link.
const (
	dialTimeout = time.Second
	// beatEvery is how often a server in use is looked at, and searchEvery
	// how often one is searched for.
	beatEvery   = 250 * time.Millisecond
	searchEvery = 200 * time.Millisecond
	// freshFor is how long the cache is believed after a beat that the
	// subscription brought back.
	freshFor = time.Second
	// patience is how long a call waits for a primary that was lost just now.
	patience = 500 * time.Millisecond
)

// link finds the primary, keeps to it, and finds the next one. One goroutine
// searches and beats, another one listens to what the nodes tell each other.
type link struct {
	cfg    Config
	vault  *vault
	memory *memory
	node   string
	locks  *locks
	// channel is what all nodes publish to and listen on.
	channel string
	// began is when the link was made: the zero of all times in it. They are
	// of the process's monotonic clock, whatever Config.Now says.
	began time.Time

	current atomic.Pointer[target]
	// heard is when the last of our beats was sent that the subscription has
	// brought back; never when it is down.
	heard atomic.Int64

	mu     sync.Mutex // guards what follows
	found  chan struct{}
	lostAt time.Duration
	reason error

	kick    chan struct{}
	errands chan func(context.Context)
	stop    context.CancelFunc
	groups  sync.WaitGroup
	closed  atomic.Bool
}

const never = int64(-1 << 62)

func newLink(c Config) *link {
	var id [8]byte
	rand.Read(id[:])
	l := &link{
		cfg: c, vault: newVault(c.Sealer), node: hex.EncodeToString(id[:]), channel: c.Prefix + "events",
		began: time.Now(), //nolint:forbidigo // the monotonic clock: for how long a beat is believed
		locks: newLocks(), found: make(chan struct{}), kick: make(chan struct{}, 1), errands: make(chan func(context.Context), laterQueue), reason: ErrUnreachable,
	}
	l.heard.Store(never)
	l.cfg.trust = new(atomic.Pointer[x509.CertPool])
	if c.TLS != nil {
		l.cfg.trust.Store(c.TLS.RootCAs)
	}
	l.memory = newMemory(l)
	return l
}

// since is the time since the link was made.
func (l *link) since() time.Duration { return time.Since(l.began) }

// fresh reports whether all that was published until a moment ago has arrived.
func (l *link) fresh() bool {
	return l.current.Load() != nil && int64(l.since())-l.heard.Load() < int64(freshFor)
}

// target is the server to ask. It waits a moment for one that was just lost.
func (l *link) target(ctx context.Context) (*target, error) {
	if t := l.current.Load(); t != nil {
		return t, nil
	}
	l.mu.Lock()
	found, left := l.found, l.lostAt+patience-l.since()
	l.mu.Unlock()
	if left > 0 && !l.closed.Load() {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-found:
			if t := l.current.Load(); t != nil {
				return t, nil
			}
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	return nil, l.refusal()
}

// refusal is why there is no server; nil when there is one.
func (l *link) refusal() error {
	if l.closed.Load() {
		return ErrClosed
	}
	if l.current.Load() != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// open finds a server, within the context, and starts the link.
func (l *link) open(ctx context.Context) error {
	for {
		t, err := l.search(ctx)
		if err == nil {
			running, stop := context.WithCancel(context.WithoutCancel(ctx))
			l.stop = stop
			l.adopt(running, t)
			l.groups.Go(func() { l.watch(running) })
			for range laterWorkers {
				l.groups.Go(func() { l.runErrands(running) })
			}
			return nil
		}
		timer := time.NewTimer(searchEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		if final(err) {
			timer.Stop()
			return err
		}
	}
}

// final reports whether an error stays until somebody changes something.
func final(err error) bool {
	for _, e := range []error{ErrEviction, ErrCluster, ErrVersion, ErrTooNew, ErrWrongKey, ErrClock} {
		if errors.Is(err, e) {
			return true
		}
	}
	reply, ok := errors.AsType[redis.Error](err)
	return ok && !strings.HasPrefix(reply.Error(), "LOADING")
}

// watch looks after the server in use until the link is closed.
func (l *link) watch(ctx context.Context) {
	timer := time.NewTimer(beatEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.kick:
		}
		pause := beatEvery
		if t := l.current.Load(); t != nil {
			if err := l.beat(ctx, t); err != nil && ctx.Err() == nil {
				l.lose(ctx, t, err)
				pause = 0
			} else if l.memory.hasUnfinished() {
				l.groups.Go(func() { l.memory.finish(ctx) })
			}
		} else if t, err := l.search(ctx); err == nil {
			l.adopt(ctx, t)
		} else {
			l.excuse(err)
			pause = searchEvery
		}
		timer.Reset(pause)
	}
}

// search returns a primary that may be used. Of several servers it reports the
// failure that says most.
func (l *link) search(ctx context.Context) (*target, error) {
	var worst error
	for _, addr := range l.cfg.Addrs {
		t := dial(&l.cfg, addr)
		within, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		err := l.examine(within, t)
		cancel()
		if err == nil {
			return t, nil
		}
		t.close()
		if err = fmt.Errorf("%s: %w", addr, unreachable(err)); worst == nil || errors.Is(worst, ErrUnreachable) || errors.Is(worst, ErrNotPrimary) {
			worst = err
		}
	}
	return nil, worst
}

// unreachable names failures of the connection.
func unreachable(err error) error {
	_, network := errors.AsType[net.Error](err)
	if network || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// adopt makes t the server in use.
func (l *link) adopt(ctx context.Context, t *target) {
	l.memory.forgetCache()
	l.groups.Go(func() { l.listen(ctx, t) })
	l.mu.Lock()
	l.current.Store(t)
	close(l.found)
	l.found = make(chan struct{})
	l.reason = nil
	l.mu.Unlock()
	l.cfg.Logger.InfoContext(ctx, "redis is in use", "addr", t.addr)
	l.groups.Go(func() { l.memory.finish(ctx) })
}

// lose gives up the server in use. Calls under way get their time.
func (l *link) lose(ctx context.Context, t *target, err error) {
	l.mu.Lock()
	l.current.Store(nil)
	l.lostAt, l.reason = l.since(), fmt.Errorf("%s: %w", t.addr, unreachable(err))
	l.mu.Unlock()
	l.heard.Store(never)
	l.memory.forgetCache()
	l.cfg.Logger.ErrorContext(ctx, "redis is lost, nothing is let in", "addr", t.addr, "err", err)
	l.groups.Go(func() {
		timer := time.NewTimer(l.cfg.Timeout)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		t.close()
	})
}

// excuse keeps the reason why no server is found.
func (l *link) excuse(err error) {
	l.mu.Lock()
	before := l.reason
	l.reason = err
	l.mu.Unlock()
	if before == nil || before.Error() != err.Error() {
		l.cfg.Logger.Error("redis cannot be used", "err", err)
	}
}

// beat looks whether the server is still what it was, and sends what listen
// waits for.
func (l *link) beat(ctx context.Context, t *target) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout/2)
	defer cancel()
	about := redis.NewStringCmd(ctx, "info", "replication")
	clock := redis.NewTimeCmd(ctx, "time")
	before := l.cfg.Now()
	sent := redis.NewIntCmd(ctx, "publish", l.channel, beatMessage(l.node, l.since()))
	if err := t.pipeline(ctx, about, clock, sent); err != nil {
		return err
	}
	if err := errors.Join(about.Err(), clock.Err(), sent.Err()); err != nil {
		return err
	}
	return errors.Join(parseInfo(about.Val()).role(l.cfg.Replicas), l.skew(before, clock.Val()))
}

// doubt lets the next look at the server be at once when a call failed in a
// way that says something about it.
func (l *link) doubt(err error) {
	_, reply := errors.AsType[redis.Error](err)
	if reply && !strings.HasPrefix(err.Error(), "READONLY") || errors.Is(err, context.Canceled) {
		return
	}
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// close ends the link.
func (l *link) close() {
	if l.closed.Swap(true) {
		return
	}
	if l.stop != nil {
		l.stop()
	}
	l.groups.Wait()
	if t := l.current.Swap(nil); t != nil {
		t.close()
	}
}
