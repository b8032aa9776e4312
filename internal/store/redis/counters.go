package redis

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"mfaserver/internal/throttle"
)

const (
	// leaseFor is how long a reservation outlives a node that does not end
	// it: longer than any password is checked for. leaseStep rounds the end, so
	// that many reservations of a moment are one number in the counter.
	leaseFor  = time.Minute
	leaseStep = 4 * time.Second
	// recallFor is how long a node turns away by itself what the server has
	// made wait.
	recallFor = 10 * time.Second
	// recallAge and recallLimit bound what it remembers of that.
	recallAge, recallLimit = time.Minute, 100_000
)

// counters implement [throttle.Counters] for all nodes. Each use is one call
// of a script; the end of an attempt that did not fail is told to the server
// when nobody waits for it.
type counters struct {
	l    *link
	name string
	now  func() time.Time
	// knownFor does not change, rules may.
	knownFor time.Duration
	rules    atomic.Pointer[throttle.Config]
	// waits are the waits that the server gave, by the name of what waits;
	// succeeded is when this node noted that of a pair, in milliseconds.
	waits     *aging[string, waiting]
	succeeded *aging[string, int64]
}

var _ throttle.Counters = (*counters)(nil)

// Counters returns counters by the rules of c that all nodes share under a
// name; [throttle.ErrConfig]. Windows and delays are whole milliseconds. The
// server sees keyed hashes of accounts and sources, and numbers.
func (s *Store) Counters(name string, c throttle.Config) (throttle.Counters, error) {
	if c.Now == nil {
		c.Now = s.l.cfg.Now
	}
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	all := &counters{
		l: s.l, name: name, now: c.Now, knownFor: c.KnownFor,
		waits:     newAging[string, waiting](recallAge, recallLimit),
		succeeded: newAging[string, int64](c.KnownFor/refreshShare+1, recallLimit),
	}
	all.rules.Store(&c)
	return all, nil
}

// Change implements [throttle.Counters]. Until every node was told, each
// judges by its own rules.
func (c *counters) Change(to throttle.Config) error {
	changed, err := c.rules.Load().Changed(to)
	if err != nil {
		return err
	}
	c.rules.Store(&changed)
	return nil
}

// refreshShare is the part of KnownFor for which a node does not note the same
// success again.
const refreshShare = 1000

// names of what a subject counts under; empty when it does not.
type names struct{ source, account, pair string }

func (c *counters) names(s throttle.Subject) (n names) {
	source := ""
	if s.Source.IsValid() {
		source = throttle.Network(s.Source).String()
		n.source = c.l.vault.hash("failures", c.name, "source", source)
	}
	if s.Account != "" {
		n.account = c.l.vault.hash("failures", c.name, "account", s.Account)
		if source != "" && c.knownFor > 0 {
			n.pair = c.l.vault.hash("failures", c.name, "pair", s.Account, source)
		}
	}
	return n
}

// waiting is the name that a wait of some kind is remembered by: those of an
// account or of all do not hold for a known pair, so that they are remembered
// for one subject alone.
func (n names) waiting(kind string) string {
	if kind == kindSource {
		return n.source
	}
	return n.account + "|" + n.source
}

// Kinds of counters, as the script knows them.
const (
	kindSource  = "s"
	kindPair    = "p"
	kindAccount = "a"
	kindGlobal  = "g"
)

func scope(kind string) throttle.Scope {
	switch kind {
	case kindSource:
		return throttle.ScopeSource
	case kindGlobal:
		return throttle.ScopeGlobal
	default:
		return throttle.ScopeAccount
	}
}

// waiting is a wait that nothing but time ends, in milliseconds: until when,
// and until when that is believed without asking.
type waiting struct{ until, believed int64 }

// Recall implements [throttle.Counters].
func (c *counters) Recall(s throttle.Subject) error { return c.recall(c.names(s)) }

func (c *counters) recall(n names) error {
	now := c.now().UnixMilli()
	for _, kind := range []string{kindSource, kindAccount} {
		if w, _ := c.waits.get(n.waiting(kind)); now < w.believed {
			return &throttle.Error{RetryAfter: time.Duration(w.until-now) * time.Millisecond, Scope: scope(kind)}
		}
	}
	return nil
}

// Check implements [throttle.Counters].
func (c *counters) Check(ctx context.Context, s throttle.Subject) error {
	_, err := c.ask(ctx, "check", "", c.names(s))
	return err
}

// Take implements [throttle.Counters].
func (c *counters) Take(ctx context.Context, s throttle.Subject) (*throttle.Attempt, error) {
	n := c.names(s)
	ends := c.now().Add(leaseFor + leaseStep).Truncate(leaseStep)
	lease := strconv.FormatInt(ends.Unix(), 10)
	mode, err := c.ask(ctx, "take", lease, n)
	if err != nil {
		return nil, err
	}
	return throttle.NewAttempt(func(ctx context.Context, failed bool) error {
		if failed {
			return c.fail(ctx, lease, mode, n)
		}
		args := c.arguments("end", lease, mode, n)
		c.l.later(func(ctx context.Context) {
			// What is not given back ends with the lease.
			_, _ = c.l.query(ctx, scriptThrottle, args...)
		})
		return nil
	}), nil
}

// Fail implements [throttle.Counters].
func (c *counters) Fail(ctx context.Context, s throttle.Subject) error {
	return c.fail(ctx, "", "", c.names(s))
}

func (c *counters) fail(ctx context.Context, lease, mode string, n names) error {
	reply, err := c.l.write(ctx, scriptThrottle, c.arguments("fail", lease, mode, n)...)
	if err == nil && (len(reply) != 2 || reply[0] != "ok") {
		err = fault(scriptThrottle.name, errReply)
	}
	return unavailable(throttle.ErrUnavailable, err)
}

// Succeed implements [throttle.Counters].
func (c *counters) Succeed(ctx context.Context, s throttle.Subject) error {
	n := c.names(s)
	if n.pair == "" {
		return nil
	}
	now := c.now().UnixMilli()
	if last, _ := c.succeeded.get(n.pair); last != 0 && now >= last && now-last < (c.knownFor/refreshShare).Milliseconds() {
		return nil
	}
	_, err := c.l.write(ctx, scriptKnown, n.pair, strconv.FormatInt(now, 10), milliseconds(c.knownFor))
	if err != nil {
		return unavailable(throttle.ErrUnavailable, err)
	}
	c.succeeded.put(n.pair, c.l.since(), func(int64) int64 { return now })
	c.waits.put(n.waiting(kindAccount), c.l.since(), func(waiting) waiting { return waiting{} })
	return nil
}

// ask looks, or looks and reserves; mode says which counters were meant.
func (c *counters) ask(ctx context.Context, what, lease string, n names) (mode string, err error) {
	if err := c.recall(n); err != nil {
		return "", err
	}
	reply, err := c.l.query(ctx, scriptThrottle, c.arguments(what, lease, "", n)...)
	switch {
	case err != nil:
		return "", unavailable(throttle.ErrUnavailable, err)
	case len(reply) == 2 && reply[0] == "ok":
		return reply[1], nil
	case len(reply) == 4 && reply[0] == "wait":
		return "", c.wait(n, reply[1], reply[2], reply[3])
	default:
		return "", unavailable(throttle.ErrUnavailable, fault(scriptThrottle.name, fmt.Errorf("%w: %q", errReply, reply)))
	}
}

// wait is the error of a wait. One that nothing but time ends is remembered.
func (c *counters) wait(n names, text, kind, how string) error {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 1 {
		return unavailable(throttle.ErrUnavailable, fault(scriptThrottle.name, errReply))
	}
	if how == "h" {
		now := c.now().UnixMilli()
		w := waiting{until: now + ms, believed: now + min(ms, recallFor.Milliseconds())}
		c.waits.put(n.waiting(kind), c.l.since(), func(waiting) waiting { return w })
	}
	return &throttle.Error{RetryAfter: time.Duration(ms) * time.Millisecond, Scope: scope(kind)}
}

// arguments of the script.
func (c *counters) arguments(what, lease, mode string, n names) []string {
	rules := c.rules.Load()
	args := []string{what, strconv.FormatInt(c.now().UnixMilli(), 10), lease, n.pair, milliseconds(c.knownFor), mode}
	for _, one := range []struct {
		kind, key string
		rule      throttle.Rule
	}{
		{kindSource, n.source, rules.Source},
		{kindPair, n.pair, rules.Account},
		{kindAccount, n.account, rules.Account},
		{kindGlobal, c.l.vault.hash("failures", c.name, "all"), rules.Global},
	} {
		if one.rule.Limit > 0 && one.key != "" {
			args = append(args, one.kind, one.key, strconv.Itoa(one.rule.Limit),
				milliseconds(one.rule.Window), milliseconds(one.rule.Delay), milliseconds(one.rule.MaxDelay))
		}
	}
	return args
}
