package mfa

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
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
)

// brake leaves phones alone (threat T037): it allows one question at a time
// to each phone, and none for a while after one that was not approved. It
// slows down the guessing of passcodes as well, before Duo locks the user out.
type brake struct{ pauses Pauses }

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

// question is a place taken under the brake, until it is settled.
type question struct {
	of   Braked
	turn uint64
	ends time.Time
}

// take asks for leave to put one question that is open for the given time at
// most. When there is none, wait is how long the pause still takes; zero is
// leave. The error is that of the pauses, and no leave.
func (b brake) take(ctx context.Context, of Braked, now time.Time, open time.Duration) (q question, wait time.Duration, err error) {
	q = question{of: of, turn: newTurn(), ends: now.Add(open)}
	err = b.pauses.Change(ctx, of, now, func(p *Pause) error {
		if wait = 0; now.Before(p.Until) {
			wait = p.Until.Sub(now)
			return errBraked
		}
		if p.Forgotten(now) {
			*p = Pause{}
		}
		p.Turn, p.Until = q.turn, now
		if !of.Passcodes {
			p.Until = q.ends
		}
		return nil
	})
	switch {
	case errors.Is(err, errBraked):
		return q, wait, nil
	case errors.Is(err, ErrPausesFull):
		return q, denyPause, nil
	}
	return q, 0, err
}

var errBraked = errors.New("mfa: braked")

// newTurn names a question among those to the same phone.
func newTurn() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return binary.BigEndian.Uint64(b[:])
}

// settle says what became of the question.
func (b brake) settle(ctx context.Context, q question, how ending, now time.Time) error {
	return b.pauses.Change(ctx, q.of, now, func(p *Pause) error {
		if *p != (Pause{}) { // else approved or forgotten meanwhile
			p.settle(q, how, now)
		}
		return nil
	})
}

func (p *Pause) settle(q question, how ending, now time.Time) {
	latest := p.Turn == q.turn
	if latest {
		p.Until = now
	}
	switch how {
	case approved:
		if latest {
			*p = Pause{}
		}
		return
	case neverAsked:
		return
	case leftOpen:
		now = maxTime(now, q.ends)
	default:
	}
	p.Strikes++
	if how == reportedFraud {
		p.Frauds++
	}
	p.Until = maxTime(p.Until, now.Add(p.pause(how, q.of.Passcodes)))
}

// pause is how long nothing is asked after the ending.
func (p *Pause) pause(how ending, passcode bool) time.Duration {
	switch {
	case how == reportedFraud:
		return doubled(fraudPause, p.Frauds-1, longestFraudPause)
	case passcode:
		return doubled(denyPause, p.Strikes-freePasscodes, longestPause)
	case how == refusedByUser:
		return doubled(denyPause, p.Strikes-1, longestPause)
	default: // once a phone may lie in another room
		return doubled(denyPause, p.Strikes-2, longestPause)
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
