package duty

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is what a [Roll] is made of.
type Config struct {
	// Logger is told of failures and panics; nil is silence.
	Logger *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Roll is the list of all duties of a server. It is safe for concurrent use.
type Roll struct {
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	entries []*Entry // guarded by mu
}

// New makes an empty roll.
func New(c Config) *Roll {
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Roll{logger: c.Logger, now: c.Now}
}

// Entry is a duty's place on the roll: it says when each round begins and
// ends. It is safe for concurrent use.
type Entry struct {
	now func() time.Time

	mu    sync.Mutex
	state State // guarded by mu
}

// State of a duty.
type State struct {
	Name string
	// Every is how often it is to be done.
	Every time.Duration
	// Entered is since when it is on the roll.
	Entered time.Time
	// Running is set during a round, Began is when that, or the last one,
	// began. Ended is when the last one ended, Succeeded when the last one that
	// went well did; both are zero before.
	Running                 bool
	Began, Ended, Succeeded time.Time
	// Failures counts the rounds that did not go well.
	Failures uint64
}

const (
	// slack is how many rounds may be missed, and patience how long at least
	// nothing is said.
	slack    = 3
	patience = 2 * time.Minute
)

// Limit is how long a round may take, and how long there may be none.
func (s *State) Limit() time.Duration { return max(slack*s.Every, patience) }

// Hangs reports whether the duty is stuck at that time: a round that does not
// end, or none that begins.
func (s *State) Hangs(at time.Time) bool {
	last := s.Entered
	for _, t := range []time.Time{s.Began, s.Ended} {
		if t.After(last) {
			last = t
		}
	}
	return at.Sub(last) > s.Limit()
}

// Enter puts a duty on the roll, under a name of its own. The caller says when
// rounds begin and end; [Roll.Attend] does all of it.
func (r *Roll) Enter(name string, every time.Duration) *Entry {
	e := &Entry{now: r.now, state: State{Name: name, Every: every, Entered: r.now()}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	return e
}

// Leave takes a duty off the roll that is over on purpose.
func (r *Roll) Leave(e *Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(other *Entry) bool { return other == e })
}

// States lists all duties by name.
func (r *Roll) States() []State {
	r.mu.Lock()
	entries := slices.Clone(r.entries)
	r.mu.Unlock()
	states := make([]State, len(entries))
	for i, e := range entries {
		e.mu.Lock()
		states[i] = e.state
		e.mu.Unlock()
	}
	slices.SortFunc(states, func(a, b State) int { return strings.Compare(a.Name, b.Name) })
	return states
}

// Begin says that a round begins.
func (e *Entry) Begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Running, e.state.Began = true, e.now()
}

// End says that the round is over, and whether it went well.
func (e *Entry) End(well bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Running, e.state.Ended = false, e.now()
	if well {
		e.state.Succeeded = e.state.Ended
	} else {
		e.state.Failures++
	}
}
