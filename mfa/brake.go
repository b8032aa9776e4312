package mfa

import (
	"sync"
	"time"
)

const (
	// pushLife is how long Duo keeps asking a phone that nobody answers: a
	// question whose end is not known is taken to be open that long.
	pushLife = time.Minute
	// denyPause follows a denial, and is doubled by each further question in
	// a row that was not approved.
	denyPause = time.Minute
	// fraudPause follows a report of fraud, and is doubled by each further one.
	fraudPause = 15 * time.Minute
	// freePasscodes may be wrong in a row before the pauses begin.
	freePasscodes = 5
	// longestPause and longestFraudPause bound the doubling.
	longestPause      = time.Hour
	longestFraudPause = 24 * time.Hour
	// brakeMemory after the end of the last pause everything is forgotten.
	brakeMemory = time.Hour
	// brakeUsers bound the memory.
	brakeUsers = 100_000
)

// brake leaves phones alone (threat T037): it allows one question at a time
// to each phone, and none for a while after one that was not approved. It
// slows down the guessing of passcodes as well, before Duo locks the user out.
// Each process brakes for itself, and forgets when it ends.
type brake struct {
	mu    sync.Mutex
	users map[braked]*pauses
}

// braked is what is braked: the questions to a user's phone, or his passcodes.
// The name is Duo's, because it is Duo's user whose phone rings.
type braked struct {
	duoUsername string
	passcodes   bool
}

type pauses struct {
	// until nothing may be asked; while a question is open, its latest end.
	until time.Time
	// turn is the number of the last question.
	turn uint64
	// strikes counts questions in a row that were not approved.
	strikes, frauds int
}

// ending is what became of a question.
type ending int

const (
	// neverAsked: nobody was bothered.
	neverAsked ending = iota
	// leftOpen: the phone may still be ringing.
	leftOpen
	unanswered
	refusedByUser
	reportedFraud
	approved
)

func newBrake() *brake { return &brake{users: make(map[braked]*pauses)} }

// question is a place taken under the brake, until it is settled.
type question struct {
	brake *brake
	of    braked
	turn  uint64
	ends  time.Time
}

// take asks for leave to put one question that is open for the given time at
// most. When there is none, wait is how long the pause still takes.
func (b *brake) take(of braked, now time.Time, open time.Duration) (q question, wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.users[of]
	if p != nil && now.Before(p.until) {
		return question{}, p.until.Sub(now), false
	}
	if p == nil || p.forgotten(now) {
		if p == nil && !b.room(now) {
			return question{}, denyPause, false
		}
		p = new(pauses)
		b.users[of] = p
	}
	p.turn++
	q = question{brake: b, of: of, turn: p.turn, ends: now.Add(open)}
	p.until = now
	if !of.passcodes {
		p.until = q.ends
	}
	return q, 0, true
}

func (p *pauses) forgotten(now time.Time) bool { return !now.Before(p.until.Add(brakeMemory)) }

// room drops what may be forgotten when there is much of it.
func (b *brake) room(now time.Time) bool {
	if len(b.users) < brakeUsers {
		return true
	}
	for of, p := range b.users {
		if p.forgotten(now) {
			delete(b.users, of)
		}
	}
	return len(b.users) < brakeUsers
}

// settle says what became of the question.
func (q question) settle(how ending, now time.Time) {
	q.brake.mu.Lock()
	defer q.brake.mu.Unlock()
	p := q.brake.users[q.of]
	if p == nil {
		return // approved or forgotten meanwhile
	}
	latest := p.turn == q.turn
	if latest {
		p.until = now
	}
	switch how {
	case approved:
		if latest {
			delete(q.brake.users, q.of)
		}
		return
	case neverAsked:
		return
	case leftOpen:
		now = maxTime(now, q.ends)
	default:
	}
	p.strikes++
	if how == reportedFraud {
		p.frauds++
	}
	p.until = maxTime(p.until, now.Add(p.pause(how, q.of.passcodes)))
}

// pause is how long nothing is asked after the ending.
func (p *pauses) pause(how ending, passcode bool) time.Duration {
	switch {
	case how == reportedFraud:
		return doubled(fraudPause, p.frauds-1, longestFraudPause)
	case passcode:
		return doubled(denyPause, p.strikes-freePasscodes, longestPause)
	case how == refusedByUser:
		return doubled(denyPause, p.strikes-1, longestPause)
	default: // once a phone may lie in another room
		return doubled(denyPause, p.strikes-2, longestPause)
	}
}

// doubled is pause, doubled so many times; nothing when that is negative.
func doubled(pause time.Duration, times int, most time.Duration) time.Duration {
	if times < 0 {
		return 0
	}
	for ; times > 0 && pause < most; times-- {
		pause *= 2
	}
	return min(pause, most)
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
