package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// About is what [Probe] found.
type About struct {
	// Addr is the primary that Open would use, Name and Version what it is.
	Addr, Name, Version string
	// Persistent: what was written outlasts the server's process.
	Persistent bool
	// Empty: no node has used it under this prefix yet.
	Empty bool
}

// Probe looks at the servers of c as [Open] would, and changes nothing on
// them: the errors are those of Open. Without a Sealer it is not looked at
// whether the data is sealed under the right key.
func Probe(ctx context.Context, c Config) (About, error) {
	c, err := c.completeRest()
	if err != nil {
		return About{}, err
	}
	l := newLink(c)
	var worst error
	for _, addr := range c.Addrs {
		about, err := l.probe(ctx, addr)
		if err == nil {
			return about, nil
		}
		err = fmt.Errorf("%s: %w", addr, unreachable(err))
		if worst == nil || errors.Is(worst, ErrUnreachable) || errors.Is(worst, ErrNotPrimary) {
			worst = err
		}
	}
	return About{}, worst
}

func (l *link) probe(ctx context.Context, addr string) (About, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	t := dial(&l.cfg, addr)
	defer t.close()
	all, clock := redis.NewStringCmd(ctx, "info"), redis.NewTimeCmd(ctx, "time")
	sealed := redis.NewStringCmd(ctx, "get", l.cfg.Prefix+"meta:index")
	before := l.cfg.Now()
	if err := t.pipeline(ctx, all, clock, sealed); err != nil {
		return About{}, err
	}
	empty := errors.Is(sealed.Err(), redis.Nil)
	if err := errors.Join(all.Err(), clock.Err()); err != nil {
		return About{}, err
	}
	i := parseInfo(all.Val())
	if err := l.usable(i, before, clock.Val()); err != nil {
		return About{}, err
	}
	if err := sealed.Err(); err != nil && !empty {
		return About{}, err
	}
	if !empty && l.cfg.Sealer != nil {
		if _, err := l.vault.accept([]byte(sealed.Val())); err != nil {
			return About{}, err
		}
	}
	name, version := i.version()
	return About{Addr: addr, Name: name, Version: version, Persistent: i.persistent(), Empty: empty}, nil
}
