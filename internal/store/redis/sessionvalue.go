package redis

import (
	"fmt"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/session"
)

// Layout of a session's value, see lua/session.lua.
const (
	sessionUserAt    = 1
	sessionKindAt    = sessionUserAt + 2*hashSize
	sessionCreatedAt = sessionKindAt + 1
	sessionEndsAt    = sessionCreatedAt + hexTimeSize
	sessionSealedAt  = sessionEndsAt + hexTimeSize
)

// sessionKinds are the kinds as a value has them.
var sessionKinds = [...]string{session.KindAPI: "a", session.KindPage: "p", session.KindConsole: "c", session.KindToken: "t"}

func sessionKind(k session.Kind) string {
	if int(k) < len(sessionKinds) {
		return sessionKinds[k]
	}
	return "?"
}

// hexNanos is hexTime of a time in nanoseconds.
func hexNanos(n int64) string { return fmt.Sprintf("%016x", uint64(n)^(1<<63)) } //nolint:gosec // see hexTime

// encodeSession is the value of a session: what scripts must know of it in
// front, all of it sealed behind.
func (v *vault) encodeSession(s *session.Session) string {
	user, kind := v.user(s.Username), sessionKind(s.Kind)
	front := "1" + user + kind + hexTime(s.CreatedAt) + hexNanos(record.SessionEnd(s))
	return front + v.seal(1, string(record.EncodeSession(s)), v.aad("session", hexKey(s.Key), front))
}

// stored is a session with the value that holds it.
type stored struct {
	session.Session
	value string
}

func (s *stored) user() string    { return s.value[sessionUserAt:sessionKindAt] }
func (s *stored) created() string { return s.value[sessionCreatedAt:sessionEndsAt] }

// decodeSession opens a value. What stands in front is bound to the sealed
// part, so that a value that was changed, copied or moved does not open;
// [session.ErrTampered].
func (v *vault) decodeSession(k session.Key, value string) (*stored, error) {
	if len(value) < sessionSealedAt || value[0] != '1' {
		return nil, fmt.Errorf("%w: %w", session.ErrTampered, errRecord)
	}
	front := value[:sessionSealedAt]
	_, plain, err := v.open(value[sessionSealedAt:], v.aad("session", hexKey(k), front))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrTampered, err)
	}
	s, err := record.DecodeSession(k, plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrTampered, err)
	}
	return &stored{Session: s, value: value}, nil
}

// graveTTL is how long the server keeps the mark of an ended session, in
// milliseconds: longer than any call is under way.
var graveTTL = milliseconds(time.Hour)
