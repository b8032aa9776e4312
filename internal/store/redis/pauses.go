package redis

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mfaserver/mfa"
)

// pauses implement [mfa.Pauses] for all nodes.
type pauses struct{ l *link }

var _ mfa.Pauses = pauses{}

// Pauses returns the room of the phones that are left alone.
func (s *Store) Pauses() mfa.Pauses { return pauses{s.l} }

// pauseValue is how a pause is kept.
type pauseValue struct {
	Version int       `json:"v"`
	Until   time.Time `json:"until"`
	Turn    uint64    `json:"turn,string"`
	Strikes int       `json:"strikes"`
	Frauds  int       `json:"frauds"`
}

const pauseVersion = 1

func decodePause(text string) (p mfa.Pause, err error) {
	if text == "" {
		return p, nil
	}
	var v pauseValue
	if err := json.Unmarshal([]byte(text), &v); err != nil || v.Version != pauseVersion {
		return p, fault("open pause", fmt.Errorf("%w: pause of version %d", errRecord, v.Version))
	}
	return mfa.Pause{Until: v.Until, Turn: v.Turn, Strikes: v.Strikes, Frauds: v.Frauds}, nil
}

func encodePause(p mfa.Pause) (string, error) {
	if p == (mfa.Pause{}) {
		return "", nil
	}
	text, err := json.Marshal(pauseValue{pauseVersion, p.Until, p.Turn, p.Strikes, p.Frauds})
	return string(text), fault("keep pause", err)
}

// Change implements [mfa.Pauses].
func (s pauses) Change(ctx context.Context, of mfa.Braked, now time.Time, change func(*mfa.Pause) error) error {
	kind := "pause of a phone"
	if of.Passcodes {
		kind = "pause of passcodes"
	}
	err := s.l.hold(ctx, kind, s.l.vault.hash(kind, of.DuoUsername), func(old string) (string, time.Duration, error) {
		p, err := decodePause(old)
		if err != nil {
			return "", 0, err
		}
		if err := change(&p); err != nil {
			return "", 0, err
		}
		text, err := encodePause(p)
		return text, p.Keep(now), err
	})
	return unavailable(mfa.ErrUnavailable, err)
}
