package redis

import (
	"time"

	"mfaserver/session"
)

// Clock is the time of the node's own clock, for HeardSince.
func (s *Store) Clock() time.Duration { return s.l.since() }

// HeardSince reports whether the node has heard all that was published before
// mark, if its subscription was up all the time.
func (s *Store) HeardSince(mark time.Duration) bool { return s.l.heard.Load() >= int64(mark) }

// Buried reports whether the node itself knows that a session has ended.
func (s *Store) Buried(k session.Key) bool { return s.l.memory.buried(k) }

// ForgetCache empties the memory of the sessions in use.
func (s *Store) ForgetCache() { s.l.memory.forgetCache() }

// Fit judges what a server says of itself.
func Fit(about, minVersion string) error { return parseInfo(about).fit(minVersion) }

// SessionValue is the value of a session whose record is given.
func (s *Store) SessionValue(v *session.Session, record string) string {
	value := s.l.vault.encodeSession(v)
	front := value[:sessionSealedAt]
	return front + s.l.vault.seal(1, record, s.l.vault.aad("session", hexKey(v.Key), front))
}

// SessionRecord is the record in the value of a session.
func (s *Store) SessionRecord(k session.Key, value string) (string, error) {
	_, record, err := s.l.vault.open(value[sessionSealedAt:], s.l.vault.aad("session", hexKey(k), value[:sessionSealedAt]))
	return record, err
}
