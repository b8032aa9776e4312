package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// maxLag is how long ago a replica may have answered the primary. Together
// with the beat it bounds how long a primary that was cut off is believed:
// less than Sentinel takes to promote another.
const maxLag = 3 * time.Second

// info is what a server says of itself.
type info map[string]string

func parseInfo(text string) info {
	i := make(info)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			i[name] = value
		}
	}
	return i
}

// role checks that the server is a primary with enough replicas.
func (i info) role(replicas int) error {
	if i["role"] != "master" {
		return ErrNotPrimary
	}
	good := 0
	for n := 0; ; n++ {
		line, ok := i["slave"+strconv.Itoa(n)]
		if !ok {
			break
		}
		if goodReplica(line) {
			good++
		}
	}
	if good < replicas {
		return fmt.Errorf("%w: %d of %d are connected", ErrReplicas, good, replicas)
	}
	return nil
}

// goodReplica reads a line such as ip=...,port=...,state=online,offset=1,lag=0.
func goodReplica(line string) bool {
	fields := make(map[string]string)
	for part := range strings.SplitSeq(line, ",") {
		name, value, _ := strings.Cut(part, "=")
		fields[name] = value
	}
	lag, err := strconv.Atoi(fields["lag"])
	return err == nil && fields["state"] == "online" && lag >= 0 && time.Duration(lag)*time.Second <= maxLag
}

// fit checks what does not change while a server runs, and what an
// administrator might change.
func (i info) fit(minVersion string) error {
	if i["redis_mode"] == "cluster" || i["cluster_enabled"] == "1" {
		return ErrCluster
	}
	if policy := i["maxmemory_policy"]; policy != "noeviction" {
		return fmt.Errorf("%w: it is %q", ErrEviction, policy)
	}
	least, err := parseVersion(minVersion)
	if err != nil {
		return err
	}
	name, version := i.version()
	has, err := parseVersion(version)
	if err != nil {
		return err
	}
	for n := range least {
		if has[n] != least[n] {
			if has[n] < least[n] {
				return fmt.Errorf("%w: it is %s %s, and at least %s is needed", ErrVersion, name, version, minVersion)
			}
			break
		}
	}
	return nil
}

// version is the server's name and own version. Valkey says in redis_version
// which Redis it stands for.
func (i info) version() (name, version string) {
	if own := i["valkey_version"]; own != "" {
		return "Valkey", own
	}
	return "Redis", i["redis_version"]
}

// persistent reports whether what was written outlasts the server's process.
func (i info) persistent() bool { return i["aof_enabled"] == "1" }

var errVersion = errors.New("version is not three numbers")

// parseVersion reads 7.0.15; what is left out is zero.
func parseVersion(text string) (v [3]int, err error) {
	parts := strings.Split(text, ".")
	if len(parts) > len(v) {
		return v, fmt.Errorf("%q: %w", text, errVersion)
	}
	for i, p := range parts {
		if v[i], err = strconv.Atoi(p); err != nil || v[i] < 0 {
			return v, fmt.Errorf("%q: %w", text, errVersion)
		}
	}
	return v, nil
}

// examine decides whether a server can be used, and readies it.
func (l *link) examine(ctx context.Context, t *target) error {
	all := redis.NewStringCmd(ctx, "info")
	clock := redis.NewTimeCmd(ctx, "time")
	before := l.cfg.Now()
	if err := t.pipeline(ctx, all, clock); err != nil {
		return err
	}
	if err := errors.Join(all.Err(), clock.Err()); err != nil {
		return err
	}
	i := parseInfo(all.Val())
	if err := l.usable(i, before, clock.Val()); err != nil {
		return err
	}
	if !i.persistent() {
		l.cfg.Logger.WarnContext(ctx, "redis keeps no append-only file, a restart of it loses everything", "addr", t.addr)
	}
	if err := l.load(ctx, t); err != nil {
		return err
	}
	return l.meta(ctx, t)
}

// usable decides by what a server says of itself, and its clock.
func (l *link) usable(i info, here, there time.Time) error {
	if i["loading"] == "1" {
		return fmt.Errorf("%w: it is loading its data", ErrUnreachable)
	}
	for _, err := range []error{i.role(l.cfg.Replicas), i.fit(l.cfg.MinVersion), l.skew(here, there)} {
		if err != nil {
			return err
		}
	}
	return nil
}

// skew compares this node's clock with the server's, which all nodes share.
func (l *link) skew(here, there time.Time) error {
	if l.cfg.MaxSkew < 0 {
		return nil
	}
	if d := here.Sub(there); d.Abs() > l.cfg.MaxSkew {
		return fmt.Errorf("%w by %s", ErrClock, d.Round(time.Millisecond))
	}
	return nil
}

// load makes the server know all scripts.
func (l *link) load(ctx context.Context, t *target) error {
	cmds := make([]redis.Cmder, 0, len(scripts))
	for _, s := range scripts {
		cmds = append(cmds, redis.NewStringCmd(ctx, "script", "load", s.text))
	}
	err := t.pipeline(ctx, cmds...)
	for _, c := range cmds {
		err = errors.Join(err, c.Err())
	}
	return err
}

// schema is the version of the layout of keys and values.
const schema = 1

// meta checks that the data is ours, and marks it when there is none.
func (l *link) meta(ctx context.Context, t *target) error {
	proposal := l.vault.proposal()
	reply, err := scriptMeta.on(ctx, t, l.cfg.Prefix, strconv.Itoa(schema), string(proposal))
	if err != nil {
		return err
	}
	if len(reply) != 2 {
		return errReply
	}
	if v, err := strconv.Atoi(reply[0]); err != nil || v > schema {
		return fmt.Errorf("%w: version %q", ErrTooNew, reply[0])
	}
	current, err := l.vault.accept([]byte(reply[1]))
	if err != nil || current {
		return err
	}
	_, err = scriptSwap.on(ctx, t, l.cfg.Prefix, "meta:index", reply[1], string(l.vault.proposal()))
	return err
}
