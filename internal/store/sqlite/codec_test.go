package sqlite_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Any session reads back as it was written.
func TestSessionRecordRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		moment := func(name string) time.Time {
			return time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, name), rapid.Int64Range(0, 999999999).Draw(t, name+"ns")).UTC()
		}
		text := rapid.String()
		s := session.Session{
			Key: session.KeyOf("a"), UserID: rapid.Int().Draw(t, "id"), Username: text.Draw(t, "username"),
			Administrator: rapid.Bool().Draw(t, "admin"), CreatedAt: moment("created"), LastActive: moment("active"),
			Expires: moment("expires"), ApprovedAt: moment("approved"), IdleTimeout: time.Duration(rapid.Int64().Draw(t, "idle")), Source: text.Draw(t, "source"),
			UserAgent: text.Draw(t, "agent"), Transaction: text.Draw(t, "tx"), Factor: text.Draw(t, "factor"), Reason: text.Draw(t, "reason"),
			Device: text.Draw(t, "device"), Token: text.Draw(t, "token"), Exemption: text.Draw(t, "exemption"), FailOpen: rapid.Bool().Draw(t, "open"), ReadOnly: rapid.Bool().Draw(t, "read"),
			Page: rapid.Bool().Draw(t, "page"), Carry: rapid.SliceOf(rapid.Byte()).Draw(t, "carry"),
		}
		got, err := sqlite.DecodeSession(s.Key, string(sqlite.EncodeSession(&s)))
		if diff := cmp.Diff(s, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("decode = %v, differs (-want +got):\n%s", err, diff)
		}
	})
}

// Records that no encoder wrote are refused or read, never more.
func FuzzDecode(f *testing.F) {
	s := sessiontest.NewSession("a", "alice", begun)
	tx := mfatest.Transaction(1, begun)
	f.Add(sqlite.EncodeSession(&s))
	f.Add(sqlite.EncodeTransaction(&tx))
	f.Add([]byte{1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, record []byte) {
		if s, err := sqlite.DecodeSession(session.Key{}, string(record)); err == nil {
			again, err := sqlite.DecodeSession(session.Key{}, string(sqlite.EncodeSession(&s)))
			if err != nil || !cmp.Equal(s, again) {
				t.Errorf("session reads back as %+v, %v, want %+v", again, err, s)
			}
		}
		if tx, err := sqlite.DecodeTransaction(mfa.Key{}, string(record)); err == nil {
			if len(tx.Nonce) > len(record) || !bytes.Contains(record, []byte(tx.Nonce)) {
				t.Errorf("nonce %q is not of the record", tx.Nonce)
			}
		}
		if _, _, err := sqlite.DecodeUser(string(record)); err == nil && len(record) < 10 {
			t.Errorf("a user of %d bytes", len(record))
		}
	})
}
