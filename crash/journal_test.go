//go:build unix

package crash_test

import (
	"sync/atomic"
	"time"

	"mfaserver/mfa"
	"mfaserver/session"
)

// state is what the client side knows of a session.
type state int

const (
	// live: its start was acknowledged, no end was asked for.
	live state = iota
	// ending: an end was asked for and not acknowledged.
	ending
	// ended: an end was acknowledged, or seen after a restart.
	ended
)

// kept is a session as its client keeps it.
type kept struct {
	user, cookie, handle, tx string
	state                    state
	// acknowledged: the end was told, and so must be in the trail.
	acknowledged bool
	how          string
	endedOn      *node
	endedAt      time.Time
	// recorded are the parts of the trail that were found.
	startRecorded, endRecorded bool
}

func newKept(user, cookie, tx string) *kept {
	return &kept{user: user, cookie: cookie, handle: session.KeyOf(cookie).Handle(), tx: tx}
}

// end notes an acknowledged end.
func (k *kept) end(how string, on *node) {
	k.state, k.acknowledged, k.how, k.endedOn, k.endedAt = ended, true, how, on, time.Now()
}

// login is one login as its client keeps it.
type login struct {
	user, binding     string
	code, state, data string
	// granted counts the sessions it gave.
	granted int
}

func (l *login) tx() string { return mfa.KeyOf(l.state).Handle() }

// counts are what a run did.
type counts struct {
	kills, startupKills, pointKills, backingKills    atomic.Int64
	stops, terms, missed, rotations                  atomic.Int64
	logins, raced, thefts, swaps, replays, checks    atomic.Int64
	logouts, replacements, revocations               atomic.Int64
	retried, retriedGranted, settled, verified, cuts atomic.Int64
	// lives counts the starts under load.
	lives int
}

// time0 is the harness's clock.
func time0() time.Time { return time.Now() }
