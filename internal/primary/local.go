package primary

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"mfaserver/internal/throttle"
)

// ErrConfig means that a [LocalConfig] or [Params] makes no sense.
var ErrConfig = errors.New("primary: configuration refused")

// OneTimeLifetime is how long a one-time password works (threat T015).
const OneTimeLifetime = time.Hour

// LocalConfig is what the local directory needs.
type LocalConfig struct {
	Users Users
	// Limiter counts wrong passwords; required. [LoginLimits] is a
	// configuration for it. Nodes that share a directory share it too.
	Limiter throttle.Counters
	// Hasher makes and checks hashes; nil means argon2id with [DefaultParams] in
	// this process.
	Hasher Hasher
	// MaxConcurrentHashes bounds the hashes that run at once; 0 means one for
	// each processor but one, at least 1 and at most 13. With a single
	// processor one runs and then rests as long as it took.
	MaxConcurrentHashes int
	// MaxQueuedHashes bounds those that wait for their turn; 0 means 32 for
	// each that runs. Whoever waits costs no memory to speak of. As many again
	// may wait from addresses that are known to their account.
	MaxQueuedHashes int
	// MaxWait is how long one waits; 0 means a second. Who would have to wait
	// longer, as hashes take at the moment, is refused at once. Those from
	// known addresses wait behind the others and each other, twice as long.
	MaxWait time.Duration
	// LimitsFactor multiplies MaxQueuedHashes and, up to half a minute,
	// MaxWait; 0 means 1. The limits of Limiter are its own.
	LimitsFactor int
	// MinPasswordLength is in characters; 0 means [DefaultMinPassword].
	MinPasswordLength int
	// Now is the clock; nil means the real one.
	Now    func() time.Time
	Logger *slog.Logger
}

// LoginLimits is the configuration of a limiter for logins: ten wrong passwords
// in 15 minutes for an account, thirty for a source, a thousand in all, then
// growing delays, all multiplied by factor (0 means 1). A source that completed
// a login of an account in the last 30 days has a count of its own for it.
func LoginLimits(factor int) throttle.Config {
	const window = 15 * time.Minute
	return throttle.Config{
		Account:  throttle.Rule{Limit: 10, Window: window},
		Source:   throttle.Rule{Limit: 30, Window: window},
		Global:   throttle.Rule{Limit: 1000, Window: window, Delay: time.Second, MaxDelay: 4 * time.Second},
		KnownFor: 30 * 24 * time.Hour,
		Factor:   factor,
	}
}

// Local is the directory of this server: it checks passwords and manages
// accounts. It is safe for concurrent use.
//
// A user belongs to this directory or to another, never to both: when the store
// cannot be asked the answer is [ErrUnavailable], and nothing else is asked
// instead (threat T016).
type Local struct {
	users       Users
	limiter     throttle.Counters
	hasher      Hasher
	gate        *gate
	minPassword int
	now         func() time.Time
	log         *slog.Logger
	// dummy is what an attempt without a usable hash is checked against, so
	// that it takes as long as any other (threat T006).
	dummy string
	// accounts serialises the operations that look at more than one account.
	accounts sync.Mutex
	// latest is the latest time that notBefore saw.
	clock  sync.Mutex
	latest time.Time
}

var _ Authenticator = (*Local)(nil)

// NewLocal makes a directory over a store; [ErrConfig]. It spends one hash
// with a hasher that has no Dummy.
func NewLocal(c LocalConfig) (*Local, error) {
	if c.Users == nil || c.Limiter == nil {
		return nil, fmt.Errorf("%w: users and limiter are required", ErrConfig)
	}
	if c.MaxConcurrentHashes < 0 || c.MaxQueuedHashes < 0 || c.MaxWait < 0 || c.LimitsFactor < 0 || c.MinPasswordLength < 0 {
		return nil, fmt.Errorf("%w: negative limit", ErrConfig)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	l := &Local{users: c.Users, limiter: c.Limiter, hasher: c.Hasher, now: c.Now, log: c.Logger, gate: c.gate()}
	if l.minPassword = c.MinPasswordLength; l.minPassword == 0 {
		l.minPassword = DefaultMinPassword
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.hasher == nil {
		l.hasher = &Argon2id{params: DefaultParams()}
	}
	var err error
	var took time.Duration
	if l.dummy, took, err = l.firstHash(); err != nil {
		return nil, fmt.Errorf("primary: first hash: %w", err)
	}
	l.gate.learn(took)
	return l, nil
}

// typicalHash is what a hash of [DefaultParams] takes, until the first one has
// shown it.
const typicalHash = 35 * time.Millisecond

// firstHash makes an encoded hash that nothing verifies against, without the
// time and the memory of a hash where the hasher can, and says how long one
// takes.
func (l *Local) firstHash() (encoded string, took time.Duration, err error) {
	if d, ok := l.hasher.(interface{ Dummy() string }); ok {
		return d.Dummy(), typicalHash, nil
	}
	began := l.now()
	encoded, err = l.hasher.Hash(rand.Text())
	return encoded, l.now().Sub(began), err
}

func (c *LocalConfig) gate() *gate {
	slots, queue, wait, factor := c.MaxConcurrentHashes, c.MaxQueuedHashes, c.MaxWait, max(1, c.LimitsFactor)
	if slots == 0 {
		slots = defaultHashes()
	}
	if queue == 0 {
		queue = 32 * slots
	}
	if wait == 0 {
		wait = time.Second
	}
	return &gate{
		slots: make(chan struct{}, slots), queue: queue * factor,
		wait:  max(wait, min(wait*time.Duration(factor), 30*time.Second)),
		rests: c.MaxConcurrentHashes == 0 && runtime.GOMAXPROCS(0) == 1,
		now:   c.Now,
	}
}
