package ship

import "mfaserver/internal/audit"

// Message is a record as it is sent to a syslog server.
func (s *Syslog) Message(e *audit.Entry) []byte { return s.message(e) }

// ReadMark reads the file at path as a mark.
func ReadMark(path string) (audit.Place, bool, error) {
	m := markFile{path: path}
	found, err := m.read()
	return m.place, found, err
}

// WriteMark writes one.
func WriteMark(path string, p audit.Place) error { return (&markFile{path: path}).write(p) }
