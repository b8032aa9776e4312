// Package throttle counts failures and says when enough is enough. It owns the
// counters for accounts, sources and everything together; what a failure is,
// and what to answer, its callers decide. Successes are never counted.
//
// A limit is soft: it ends by itself. After Limit failures within Window every
// further attempt waits, a delay that doubles with each failure up to MaxDelay
// and is forgotten after a calm Window.
package throttle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Rule limits the failures of one key. The zero Rule limits nothing.
type Rule struct {
	// Limit is the number of failures within Window that is still accepted:
	// the next attempt waits. At most [MaxLimit]; 0 switches the rule off.
	Limit int
	// Window is how long a failure counts: it is forgotten between 14/15 of
	// Window and Window after it happened. At least a second.
	Window time.Duration
	// Delay is the first wait, MaxDelay the longest; 0 means a fifteenth of
	// Window and Window.
	Delay    time.Duration
	MaxDelay time.Duration
}

// MaxLimit is the highest Limit, after Factor.
const MaxLimit = 1_000_000

// DefaultCapacity is how many keys of each kind are remembered. With every
// table full they take less than 32 MiB (threat T182).
const DefaultCapacity = 1 << 15

// Config says what to limit.
type Config struct {
	// Account limits one account over all sources, Source one source (an
	// IPv4 address, an IPv6 /64) over all accounts, Global everything.
	Account Rule
	Source  Rule
	Global  Rule
	// KnownFor is how long a source that succeeded for an account is known
	// to belong to it. The two then have a counter of their own, by the rule
	// of Account, and are not held up by what others do to the account or to
	// the server (threat T008). 0 switches this off.
	KnownFor time.Duration
	// Factor multiplies every Limit; 0 means 1.
	Factor int
	// Capacity is the number of keys remembered of each kind, the least
	// recently used are forgotten first; 0 means [DefaultCapacity].
	Capacity int
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Subject is who attempts. What is left empty is not counted.
type Subject struct {
	// Account is the key of the account, folded as the caller sees fit.
	Account string
	// Source is the client's address as far as it can be trusted. An IPv4
	// address inside IPv6 counts as IPv4; zones do not count.
	Source netip.Addr
}

// Scope says which limit was met.
type Scope string

// The scopes.
const (
	ScopeAccount Scope = "account"
	ScopeSource  Scope = "source"
	ScopeGlobal  Scope = "global"
)

// Errors of the package.
var (
	// ErrThrottled: the subject has to wait; the error is an [*Error].
	ErrThrottled = errors.New("throttle: too many failures")
	// ErrUnavailable: counters that several nodes share cannot be asked.
	// Whoever gets it must let nobody try: without counts there is no limit.
	ErrUnavailable = errors.New("throttle: counters cannot be asked")
	// ErrConfig: a rule makes no sense.
	ErrConfig = errors.New("throttle: configuration refused")
)

// Error says when to try again. It matches [ErrThrottled].
type Error struct {
	// RetryAfter is more than zero.
	RetryAfter time.Duration
	// Scope is for logs; callers do not show it.
	Scope Scope
}

func (e *Error) Error() string { return ErrThrottled.Error() }

// Is implements the errors.Is contract.
func (e *Error) Is(target error) bool { return target == ErrThrottled }

// Limiter is the [Counters] of one node, in memory: a restart forgets them. It
// never fails but with [ErrThrottled].
type Limiter struct {
	account *table
	source  *table
	global  *table
	// pairs counts failures of an account from a source known to it.
	pairs *table
	known *known
	seeds seeds
	now   func() time.Time
	epoch time.Time
}

// New makes a limiter; [ErrConfig] when a rule makes no sense.
func New(c Config) (*Limiter, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	return &Limiter{
		account: newTable(c.Account, c.Capacity),
		source:  newTable(c.Source, c.Capacity),
		global:  newTable(c.Global, 1),
		pairs:   newTable(c.Account, c.Capacity),
		seeds:   newSeeds(), now: c.Now, epoch: c.Now(), known: newKnown(c.KnownFor, c.Capacity),
	}, nil
}

// Complete checks c and fills in what was left to its defaults; the limits are
// multiplied by Factor, which is 1 from there on. [ErrConfig].
func (c Config) Complete() (Config, error) {
	if c.Factor < 0 || c.Capacity < 0 || c.KnownFor < 0 {
		return c, fmt.Errorf("%w: negative factor, capacity or time", ErrConfig)
	}
	rules, err := c.rules(max(c.Factor, 1))
	if err != nil {
		return c, err
	}
	c.Account, c.Source, c.Global, c.Factor = rules.account, rules.source, rules.global, 1
	if c.Capacity == 0 {
		c.Capacity = DefaultCapacity
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	return c, nil
}

// complete are the rules of a configuration with their defaults.
type complete struct{ account, source, global Rule }

func (c *Config) rules(factor int) (all complete, err error) {
	for to, rule := range map[*Rule]Rule{&all.account: c.Account, &all.source: c.Source, &all.global: c.Global} {
		if *to, err = rule.complete(factor); err != nil {
			return complete{}, err
		}
	}
	return all, nil
}

// Change implements [Counters].
func (l *Limiter) Change(c Config) error {
	changed, err := Config{Account: l.account.switched(), Source: l.source.switched(), Global: l.global.switched()}.Changed(c)
	if err != nil {
		return err
	}
	at := l.clock()
	l.account.change(changed.Account, at)
	l.pairs.change(changed.Account, at)
	l.source.change(changed.Source, at)
	l.global.change(changed.Global, at)
	return nil
}

// Changed is c with the rules of another configuration; see [Counters].Change.
func (c Config) Changed(to Config) (Config, error) {
	if to.Factor < 0 {
		return c, fmt.Errorf("%w: negative factor", ErrConfig)
	}
	rules, err := to.rules(max(to.Factor, 1))
	if err != nil {
		return c, err
	}
	for _, pair := range [][2]Rule{{c.Account, rules.account}, {c.Source, rules.source}, {c.Global, rules.global}} {
		if (pair[0].Limit > 0) != (pair[1].Limit > 0) {
			return c, fmt.Errorf("%w: a rule is switched on or off", ErrConfig)
		}
	}
	c.Account, c.Source, c.Global = rules.account, rules.source, rules.global
	return c, nil
}

// complete fills the defaults of a rule and checks it.
func (r Rule) complete(factor int) (Rule, error) {
	if r.Limit == 0 {
		return Rule{}, nil
	}
	if r.Limit < 0 || r.Limit > MaxLimit/factor {
		return Rule{}, fmt.Errorf("%w: limit %d times %d is not between 1 and %d", ErrConfig, r.Limit, factor, MaxLimit)
	}
	r.Limit *= factor
	if r.Window < time.Second {
		return Rule{}, fmt.Errorf("%w: window %s is less than a second", ErrConfig, r.Window)
	}
	if r.Delay == 0 {
		r.Delay = r.Window / slots
	}
	if r.MaxDelay == 0 {
		r.MaxDelay = r.Window
	}
	if r.Delay < 0 || r.MaxDelay < r.Delay {
		return Rule{}, fmt.Errorf("%w: delay %s and longest delay %s", ErrConfig, r.Delay, r.MaxDelay)
	}
	return r, nil
}

// Recall implements [Counters]: in memory that is Check.
func (l *Limiter) Recall(s Subject) error { return l.check(l.buckets(s), l.clock()) }

// Check implements [Counters].
func (l *Limiter) Check(_ context.Context, s Subject) error {
	return l.check(l.buckets(s), l.clock())
}

// Take implements [Counters].
func (l *Limiter) Take(_ context.Context, s Subject) (*Attempt, error) {
	buckets, at := l.buckets(s), l.clock()
	for i, b := range buckets {
		if wait := b.table.take(b.key, at); wait > 0 {
			for _, taken := range buckets[:i] {
				taken.table.end(taken.key)
			}
			return nil, &Error{RetryAfter: wait, Scope: b.scope}
		}
	}
	return NewAttempt(func(_ context.Context, failed bool) error {
		at := l.clock()
		for _, b := range buckets {
			if failed {
				b.table.fail(b.key, at)
			}
			b.table.end(b.key)
		}
		return nil
	}), nil
}

// Fail implements [Counters].
func (l *Limiter) Fail(_ context.Context, s Subject) error {
	at := l.clock()
	for _, b := range l.buckets(s) {
		b.table.fail(b.key, at)
	}
	return nil
}

// Succeed implements [Counters].
func (l *Limiter) Succeed(_ context.Context, s Subject) error {
	if s.Account != "" && s.Source.IsValid() {
		l.known.note(l.pairKey(s), l.clock())
	}
	return nil
}

// Known reports whether the source of s completed something for its account
// within KnownFor.
func (l *Limiter) Known(s Subject) bool {
	return s.Account != "" && s.Source.IsValid() && l.known.has(l.pairKey(s), l.clock())
}

// bucket is one counter that an attempt falls under.
type bucket struct {
	table *table
	key   key
	scope Scope
}

// buckets lists the counters of s: its source, and either the account and the
// global one, or those of a known pair.
func (l *Limiter) buckets(s Subject) []bucket {
	buckets := make([]bucket, 0, 3)
	if l.source.on() && s.Source.IsValid() {
		buckets = append(buckets, bucket{l.source, l.seeds.source(s.Source), ScopeSource})
	}
	if l.Known(s) {
		if l.pairs.on() {
			buckets = append(buckets, bucket{l.pairs, l.pairKey(s), ScopeAccount})
		}
		return buckets
	}
	if l.account.on() && s.Account != "" {
		buckets = append(buckets, bucket{l.account, l.seeds.text(s.Account), ScopeAccount})
	}
	if l.global.on() {
		buckets = append(buckets, bucket{l.global, key{}, ScopeGlobal})
	}
	return buckets
}

func (l *Limiter) check(buckets []bucket, at time.Duration) error {
	for _, b := range buckets {
		if wait := b.table.wait(b.key, at); wait > 0 {
			return &Error{RetryAfter: wait, Scope: b.scope}
		}
	}
	return nil
}

func (l *Limiter) pairKey(s Subject) key {
	return l.seeds.pair(s.Account, s.Source)
}

// clock is the time since the limiter was made. A clock set back stands still
// at the start: it frees nobody early.
func (l *Limiter) clock() time.Duration {
	return max(l.now().Sub(l.epoch), 0)
}
