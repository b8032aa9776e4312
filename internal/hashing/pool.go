package hashing

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mfaserver/internal/primary"
)

// Defaults of [Config].
const (
	DefaultPatience = 20 * time.Second
	DefaultRest     = time.Minute
)

// ErrWorker means that a worker broke off, and so did the one after it.
var ErrWorker = errors.New("hashing: the process that hashes failed")

// Config is what a [Pool] needs.
type Config struct {
	// Command starts a worker, see [Work]; required.
	Command []string
	// Cost is that of new hashes; zero means [primary.DefaultParams]. Workers
	// have to know it too.
	Cost primary.Params
	// Patience is how long one hash may take, which gives way to everything
	// else; 0 means [DefaultPatience]. Rest is how long a worker stays that
	// nobody needs; 0 means [DefaultRest].
	Patience, Rest time.Duration
	Logger         *slog.Logger
	Now            func() time.Time
}

// Pool is a [primary.Hasher] whose work is done by other processes, as many at
// once as it is asked at once: whoever asks bounds that. The first is started
// when there is something to hash; those that nobody needs for a while end.
// Where none can be started the work is done in this process, which is slower
// for others and nothing else. It is safe for concurrent use.
type Pool struct {
	*primary.Argon2id

	cfg Config

	mu     sync.Mutex
	idle   []*worker
	tidy   *time.Timer
	closed bool
	// alone is until when no process is started, after one could not be.
	alone time.Time
}

var _ primary.Hasher = (*Pool)(nil)

// New makes a pool; [primary.ErrConfig].
func New(c Config) (*Pool, error) {
	if len(c.Command) == 0 || c.Logger == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: command, logger and clock are required", primary.ErrConfig)
	}
	if c.Cost == (primary.Params{}) {
		c.Cost = primary.DefaultParams()
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	if c.Rest == 0 {
		c.Rest = DefaultRest
	}
	own, err := primary.NewArgon2id(c.Cost)
	if err != nil {
		return nil, err
	}
	return &Pool{Argon2id: own, cfg: c}, nil
}

// Hash implements [primary.Hasher].
func (p *Pool) Hash(password string) (string, error) {
	a, err := p.do(question{Password: password})
	return a.Encoded, err
}

// Verify implements [primary.Hasher].
func (p *Pool) Verify(password, encoded string) (bool, error) {
	if _, err := p.Inspect(encoded); err != nil {
		return false, err
	}
	a, err := p.do(question{Password: password, Encoded: encoded})
	return a.Match, err
}

// do asks a worker, and a new one if the first broke off: it may have been ended
// while it waited, and so may the others that do.
func (p *Pool) do(q question) (answer, error) {
	var broken error
	for _, fresh := range []bool{false, true} {
		w := p.take(fresh)
		if w == nil {
			return answerHere(q, p.Argon2id)
		}
		a, err := w.do(q, p.cfg.Patience)
		if err == nil {
			p.put(w)
			return judged(&a)
		}
		broken = errors.Join(broken, err)
		w.end()
	}
	return answer{}, fmt.Errorf("%w: %w", ErrWorker, broken)
}

func answerHere(q question, hasher primary.Hasher) (answer, error) {
	a := answerTo(q, hasher)
	return judged(&a)
}

// judged is an answer with its error.
func judged(a *answer) (answer, error) {
	switch {
	case a.Refused:
		return answer{}, fmt.Errorf("%w: %s", primary.ErrBadHash, a.Failed)
	case a.Failed != "":
		return answer{}, fmt.Errorf("%w: %s", ErrWorker, a.Failed)
	}
	return *a, nil
}

// take returns a worker that nobody else has, a new one if it has to be fresh, or
// nil when there can be none.
func (p *Pool) take(fresh bool) *worker {
	p.mu.Lock()
	if last := len(p.idle) - 1; last >= 0 && !fresh {
		w := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return w
	}
	alone := p.closed || p.cfg.Now().Before(p.alone)
	p.mu.Unlock()
	if alone {
		return nil
	}
	w, err := startWorker(p.cfg.Command)
	if err != nil {
		p.mu.Lock()
		p.alone = p.cfg.Now().Add(p.cfg.Rest)
		p.mu.Unlock()
		p.cfg.Logger.Warn("no process for password hashes can be started; the server hashes by itself, which makes others wait", "err", err)
		return nil
	}
	return w
}

// put keeps a worker for the next question.
func (p *Pool) put(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go w.end()
		return
	}
	w.used = p.cfg.Now()
	p.idle = append(p.idle, w)
	if p.tidy == nil {
		p.tidy = time.AfterFunc(p.cfg.Rest, p.letGo)
	}
}

// letGo ends the workers that nobody needed for a while: those at the front.
func (p *Pool) letGo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, over := p.cfg.Now(), 0
	for over < len(p.idle) && now.Sub(p.idle[over].used) >= p.cfg.Rest {
		go p.idle[over].end()
		over++
	}
	p.idle = append([]*worker(nil), p.idle[over:]...)
	p.tidy = nil
	if len(p.idle) > 0 {
		p.tidy = time.AfterFunc(max(p.cfg.Rest-now.Sub(p.idle[0].used), time.Millisecond), p.letGo)
	}
}

// Close ends the workers that rest, and those at work once they have answered.
// From then on hashes are made in this process.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	if p.tidy != nil {
		p.tidy.Stop()
	}
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, w := range idle {
		all.Go(w.end)
	}
	all.Wait()
	return nil
}
