package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Messages between nodes begin with one of these. All but the beat are
// published by the scripts, in the same step as what they tell of.
const (
	msgBeat        = 'h' // node:time
	msgEnded       = 'd' // keys of sessions
	msgUserEpoch   = 'u' // user, time
	msgGlobalEpoch = 'g' // time
	msgVersion     = 'v' // key of a record used once, version
	msgSpent       = 'c' // code, until
)

func beatMessage(node string, at time.Duration) string {
	return string(msgBeat) + node + ":" + strconv.FormatInt(int64(at), 10)
}

// listen hears what the nodes tell each other, for as long as t is in use.
func (l *link) listen(ctx context.Context, t *target) {
	for {
		err := l.subscribe(ctx, t)
		if ctx.Err() != nil || l.current.Load() != t {
			return
		}
		l.deaf(ctx, t, err)
		if !l.waitFor(ctx, t) {
			return
		}
	}
}

// subscribe listens on one connection until it fails. Whatever interrupts it
// empties the cache: something may have been missed.
func (l *link) subscribe(ctx context.Context, t *target) error {
	sub := t.client.Subscribe(ctx)
	defer func() { _ = sub.Close() }()
	// A receive does not look at the context.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	if err := sub.Subscribe(ctx, l.channel); err != nil {
		return err
	}
	for {
		// The beats come more often than that.
		msg, err := sub.ReceiveTimeout(ctx, 2*freshFor)
		if err != nil {
			return err
		}
		if l.current.Load() != t {
			return nil
		}
		switch msg := msg.(type) {
		case *redis.Subscription:
			l.heard.Store(never)
			l.memory.forgetCache()
		case *redis.Message:
			l.hear(t, msg.Payload)
		}
	}
}

// deaf notes that the subscription is down.
func (l *link) deaf(ctx context.Context, t *target, err error) {
	if l.current.Load() != t {
		return
	}
	l.heard.Store(never)
	l.memory.forgetCache()
	if ctx.Err() == nil {
		l.cfg.Logger.WarnContext(ctx, "redis subscription is down, every session is asked for", "addr", t.addr, "err", err)
	}
}

// waitFor pauses before the next try, and reports whether there is to be one.
func (l *link) waitFor(ctx context.Context, t *target) bool {
	timer := time.NewTimer(searchEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return l.current.Load() == t
	}
}

// hear takes in one message. What does not read as one is ignored: whoever
// can publish could only end sessions with it.
func (l *link) hear(t *target, payload string) {
	if payload == "" {
		return
	}
	rest := payload[1:]
	switch payload[0] {
	case msgBeat:
		node, at, _ := strings.Cut(rest, ":")
		if sent, err := strconv.ParseInt(at, 10, 64); err == nil && node == l.node && l.current.Load() == t {
			l.heard.Store(sent)
		}
	case msgEnded:
		for ; len(rest) >= 64; rest = rest[64:] {
			if k, ok := parseKey(rest[:64]); ok {
				l.memory.bury(k)
			}
		}
	case msgGlobalEpoch:
		l.memory.noteEpoch("", rest)
	case msgUserEpoch:
		if len(rest) == 2*hashSize+hexTimeSize {
			l.memory.noteEpoch(rest[:2*hashSize], rest[2*hashSize:])
		}
	case msgVersion:
		l.hearVersion(rest)
	case msgSpent:
		if len(rest) == 64+hexTimeSize {
			l.memory.noteSpent(rest[:64], rest[64:])
		}
	}
}

// versionSize is the length of a version in hexadecimal digits.
const versionSize = 8

func hexVersion(v uint64) string { return fmt.Sprintf("%08x", v&0xffffffff) }

func (l *link) hearVersion(rest string) {
	if len(rest) <= versionSize {
		return
	}
	key, text := rest[:len(rest)-versionSize], rest[len(rest)-versionSize:]
	if v, err := strconv.ParseUint(text, 16, 64); err == nil {
		l.memory.noteVersion(key, v)
	}
}
