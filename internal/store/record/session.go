package record

import (
	"math"
	"time"

	"mfaserver/session"
)

// sessionVersion is what EncodeSession writes. Version 1 knew nothing of
// ApprovedAt, Token and Exemption, version 2 of the API's and the pages' kind
// only; both are still read (threat T128). A session that version 2 can say is
// written so: a program before this one reads it, and refuses the others.
const (
	sessionVersion = 3
	sessionKinds2  = 2
	sessionBefore  = 1
)

// EncodeSession is the record of s without its key.
func EncodeSession(s *session.Session) []byte {
	e := encoder{b: make([]byte, 0, 160+len(s.UserAgent)+len(s.Carry))}
	version := byte(sessionVersion)
	if s.Kind <= session.KindPage {
		version = sessionKinds2
	}
	e.byte(version)
	e.flags(s.Administrator, s.FailOpen, s.ReadOnly, s.Kind&1 != 0, s.Kind&2 != 0)
	e.int(int64(s.UserID))
	e.time(s.CreatedAt)
	e.time(s.LastActive)
	e.time(s.Expires)
	e.int(int64(s.IdleTimeout))
	e.time(s.ApprovedAt)
	for _, text := range []string{s.Username, s.Source, s.UserAgent, s.Transaction, s.Factor, s.Reason, s.Device, s.Token, s.Exemption} {
		e.str(text)
	}
	e.bytes(s.Carry)
	return e.b
}

// DecodeSession reads a record; [ErrDecode]. The strings of the session share
// its memory.
func DecodeSession(k session.Key, record string) (session.Session, error) {
	s := session.Session{Key: k}
	d := decoder{rest: record}
	version := d.version(sessionVersion, sessionKinds2, sessionBefore)
	var low, high bool
	d.flags(&s.Administrator, &s.FailOpen, &s.ReadOnly, &low, &high)
	if low {
		s.Kind = session.KindPage
	}
	if high && version == sessionVersion {
		s.Kind |= session.KindConsole
	}
	s.UserID = int(d.int())
	s.CreatedAt = d.time()
	s.LastActive = d.time()
	s.Expires = d.time()
	s.IdleTimeout = time.Duration(d.int())
	texts := []*string{&s.Username, &s.Source, &s.UserAgent, &s.Transaction, &s.Factor, &s.Reason, &s.Device}
	if version != sessionBefore {
		s.ApprovedAt = d.time()
		texts = append(texts, &s.Token, &s.Exemption)
	}
	for _, text := range texts {
		*text = d.str()
	}
	s.Carry = d.bytes()
	return s, d.end()
}

// SessionEnd is the first moment at which s is over, as [Nanos] says it.
func SessionEnd(s *session.Session) int64 {
	return min(Nanos(s.Expires), idleEnd(s))
}

func idleEnd(s *session.Session) int64 {
	active, idle := Nanos(s.LastActive), int64(s.IdleTimeout)
	if idle > 0 && active > math.MaxInt64-idle {
		return math.MaxInt64
	}
	if idle < 0 && active < math.MinInt64-idle {
		return math.MinInt64
	}
	return active + idle
}
