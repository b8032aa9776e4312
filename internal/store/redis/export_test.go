package redis

import "mfaserver/session"

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
