// Package recordtest writes records as earlier programs did.
package recordtest

import (
	"encoding/binary"
	"time"

	"mfaserver/session"
)

// SessionOfVersion1 is the record of a session as the first version wrote it,
// which knew nothing of ApprovedAt, Token and Exemption.
func SessionOfVersion1(s *session.Session) []byte {
	var flags byte
	for i, set := range []bool{s.Administrator, s.FailOpen, s.ReadOnly, s.Kind == session.KindPage} {
		if set {
			flags |= 1 << i
		}
	}
	b := binary.AppendVarint([]byte{1, flags}, int64(s.UserID))
	for _, at := range []time.Time{s.CreatedAt, s.LastActive, s.Expires} {
		b = binary.AppendVarint(binary.AppendVarint(b, at.Unix()), int64(at.Nanosecond()))
	}
	b = binary.AppendVarint(b, int64(s.IdleTimeout))
	for _, text := range []string{s.Username, s.Source, s.UserAgent, s.Transaction, s.Factor, s.Reason, s.Device, string(s.Carry)} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}
