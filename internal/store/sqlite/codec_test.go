package sqlite_test

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mfaserver/duoclient"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream/upstreamtest"
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
			Kind: session.Kind(rapid.IntRange(0, 3).Draw(t, "kind")), Carry: rapid.SliceOf(rapid.Byte()).Draw(t, "carry"),
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
	program, code, glass, entry := tokentest.TokenRecord(1), tokentest.CodeRecord(1, "alice", begun), tokentest.BreakGlassRecord(1, "alice"), upstreamtest.Sample(1)
	f.Add(sqlite.EncodeSessionBefore(&s))
	f.Add(sqlite.EncodeToken(&program))
	f.Add(sqlite.EncodeSignIn(&code))
	f.Add(sqlite.EncodeBreakGlass(&glass))
	f.Add(sqlite.EncodeEntry(&entry))
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
		readsBack(t, record)
		if _, _, err := sqlite.DecodeUser(string(record)); err == nil && len(record) < 10 {
			t.Errorf("a user of %d bytes", len(record))
		}
	})
}

// readsBack encodes what a record decodes to, and decodes that.
func readsBack(t *testing.T, record []byte) {
	t.Helper()
	same := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !cmp.Equal(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})) {
			t.Errorf("%s reads back as %+v, %v, want %+v", what, got, err, want)
		}
	}
	if r, err := sqlite.DecodeToken("id", token.Key{}, string(record)); err == nil {
		again, err := sqlite.DecodeToken("id", token.Key{}, string(sqlite.EncodeToken(&r)))
		same("token", again, r, err)
	}
	if r, err := sqlite.DecodeSignIn(string(record)); err == nil {
		again, err := sqlite.DecodeSignIn(string(sqlite.EncodeSignIn(&r)))
		same("sign-in code", again, r, err)
	}
	if r, err := sqlite.DecodeBreakGlass(string(record)); err == nil {
		again, err := sqlite.DecodeBreakGlass(string(sqlite.EncodeBreakGlass(&r)))
		same("break-glass code", again, r, err)
	}
	id := make([]byte, 16)
	if v, err := sqlite.DecodeEntry(id, string(record)); err == nil {
		again, err := sqlite.DecodeEntry(id, string(sqlite.EncodeEntry(&v)))
		same("ledger entry", again, v, err)
	}
}

// Threat T128: a login of the version before, which did not know what secret
// began it, reads without.
func TestTransactionRecordOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	want := mfatest.Transaction(1, begun)
	now := sqlite.EncodeTransaction(&want)
	before := now[:len(now)-len(want.Secret)]
	before[0] = 1
	got, err := sqlite.DecodeTransaction(want.Key, string(before))
	want.Secret = duoclient.SecretID{}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || diff != "" {
		t.Errorf("decode = %v, differs (-want +got):\n%s", err, diff)
	}
}

// Threat T128: a session of the version before reads, without what it did not
// know.
func TestSessionRecordOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	want := sessiontest.NewSession("a", "alice", begun)
	got, err := sqlite.DecodeSession(want.Key, string(sqlite.EncodeSessionBefore(&want)))
	want.ApprovedAt, want.Token, want.Exemption = time.Time{}, "", ""
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("decode = %v, differs (-want +got):\n%s", err, diff)
	}
}

// Threat T128: a record that the program before wrote reads as it was meant,
// what it can read is written so that it does, and what it cannot is of a
// version that it refuses.
func TestSessionRecordOfVersionTwo(t *testing.T) {
	t.Parallel()
	const before = "0208" + "00000000000000000000" + "05616c696365" + "000000000000000000"
	old, err := hex.DecodeString(before)
	if err != nil {
		t.Fatal(err)
	}
	want := session.Session{Username: "alice", Kind: session.KindPage}
	for _, at := range []*time.Time{&want.CreatedAt, &want.LastActive, &want.Expires, &want.ApprovedAt} {
		*at = time.Unix(0, 0).UTC()
	}
	got, err := sqlite.DecodeSession(session.Key{}, string(old))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a record of version 2 = %v, differs (-want +got):\n%s", err, diff)
	}
	for kind, version := range map[session.Kind]byte{session.KindAPI: 2, session.KindPage: 2, session.KindConsole: 3, session.KindToken: 3} {
		want.Kind = kind
		if b := sqlite.EncodeSession(&want); b[0] != version {
			t.Errorf("a session of kind %v is written as version %d, want %d", kind, b[0], version)
		}
	}
}
