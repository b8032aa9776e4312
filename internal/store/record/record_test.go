package record_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/store/record"
	"mfaserver/internal/store/record/recordtest"
	"mfaserver/internal/token"
	"mfaserver/internal/token/tokentest"
	"mfaserver/internal/upstream"
	"mfaserver/internal/upstream/upstreamtest"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

var begun = time.Date(2026, time.March, 1, 8, 0, 0, 123456789, time.UTC)

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
		got, err := record.DecodeSession(s.Key, string(record.EncodeSession(&s)))
		if diff := cmp.Diff(s, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("decode = %v, differs (-want +got):\n%s", err, diff)
		}
	})
}

// Threat T128: a login of the version before, which did not know what secret
// began it, reads without.
func TestTransactionRecordOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	want := mfatest.Transaction(1, begun)
	now := record.EncodeTransaction(&want)
	before := now[:len(now)-len(want.Secret)]
	before[0] = 1
	got, err := record.DecodeTransaction(want.Key, string(before))
	want.Secret = duoclient.SecretID{}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); err != nil || diff != "" {
		t.Errorf("decode = %v, differs (-want +got):\n%s", err, diff)
	}
}

// Threat T128: a session of the first version reads, without what it did not
// know.
func TestSessionRecordOfVersionOne(t *testing.T) {
	t.Parallel()
	want := sessiontest.NewSession("a", "alice", begun)
	got, err := record.DecodeSession(want.Key, string(recordtest.SessionOfVersion1(&want)))
	want.ApprovedAt, want.Token, want.Exemption = time.Time{}, "", ""
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("decode = %v, differs (-want +got):\n%s", err, diff)
	}
}

// Records that no encoder wrote are refused or read, never more.
func FuzzDecode(f *testing.F) {
	s := sessiontest.NewSession("a", "alice", begun)
	tx := mfatest.Transaction(1, begun)
	f.Add(record.EncodeSession(&s))
	f.Add(recordtest.SessionOfVersion1(&s))
	f.Add(record.EncodeTransaction(&tx))
	program, code, glass, entry := tokentest.TokenRecord(1), tokentest.CodeRecord(1, "alice", begun), tokentest.BreakGlassRecord(1, "alice"), upstreamtest.Sample(1)
	f.Add(record.EncodeToken(&program))
	f.Add(record.EncodeSignIn(&code))
	f.Add(record.EncodeBreakGlass(&glass))
	f.Add(record.EncodeEntry(&entry))
	f.Add(record.EncodeIndexEntry(&audit.IndexEntry{Time: begun, Event: audit.LoginThrottled, User: "alice", Source: netip.MustParseAddr("192.0.2.7"), File: 1, Offset: 2}))
	f.Add([]byte{1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := record.DecodeSession(session.Key{}, string(data)); err == nil {
			again, err := record.DecodeSession(session.Key{}, string(record.EncodeSession(&s)))
			if err != nil || !cmp.Equal(s, again) {
				t.Errorf("session reads back as %+v, %v, want %+v", again, err, s)
			}
		}
		if tx, err := record.DecodeTransaction(mfa.Key{}, string(data)); err == nil {
			if len(tx.Nonce) > len(data) || !bytes.Contains(data, []byte(tx.Nonce)) {
				t.Errorf("nonce %q is not of the record", tx.Nonce)
			}
		}
		readsBack(t, data)
		if _, _, err := record.DecodeUser(string(data)); err == nil && len(data) < 10 {
			t.Errorf("a user of %d bytes", len(data))
		}
	})
}

// readsBack encodes what a record decodes to, and decodes that.
func readsBack(t *testing.T, data []byte) {
	t.Helper()
	same := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !cmp.Equal(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{})) {
			t.Errorf("%s reads back as %+v, %v, want %+v", what, got, err, want)
		}
	}
	if r, err := record.DecodeToken("id", token.Key{}, string(data)); err == nil {
		again, err := record.DecodeToken("id", token.Key{}, string(record.EncodeToken(&r)))
		same("token", again, r, err)
	}
	if r, err := record.DecodeSignIn(string(data)); err == nil {
		again, err := record.DecodeSignIn(string(record.EncodeSignIn(&r)))
		same("sign-in code", again, r, err)
	}
	if r, err := record.DecodeBreakGlass(string(data)); err == nil {
		again, err := record.DecodeBreakGlass(string(record.EncodeBreakGlass(&r)))
		same("break-glass code", again, r, err)
	}
	if e, err := record.DecodeIndexEntry(string(data)); err == nil {
		again, err := record.DecodeIndexEntry(string(record.EncodeIndexEntry(&e)))
		same("entry of the audit index", again, e, err)
	}
	var id upstream.ID
	if v, err := record.DecodeEntry(id, string(data)); err == nil {
		again, err := record.DecodeEntry(id, string(record.EncodeEntry(&v)))
		same("ledger entry", again, v, err)
	}
}

// Threat T128: a record of a version that is not known is refused.
func TestLaterVersionRefused(t *testing.T) {
	t.Parallel()
	s := sessiontest.NewSession("a", "alice", begun)
	s.Kind = session.KindToken // which only the last version can say
	later := record.EncodeSession(&s)
	later[0]++
	if _, err := record.DecodeSession(s.Key, string(later)); !errors.Is(err, record.ErrDecode) {
		t.Errorf("DecodeSession of a later version = %v, want ErrDecode", err)
	}
}

// Times beyond what indexes can say are held to it.
func TestNanos(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(1, 2), 1_000_000_002},
		{time.Time{}, math.MinInt64},
		{time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64},
	} {
		if got := record.Nanos(c.at); got != c.want {
			t.Errorf("Nanos(%v) = %d, want %d", c.at, got, c.want)
		}
	}
}

func ExampleEncodeSession() {
	s := session.Session{Username: "alice", CreatedAt: time.Unix(0, 0)}
	got, err := record.DecodeSession(s.Key, string(record.EncodeSession(&s)))
	fmt.Println(got.Username, got.CreatedAt, err)
	// Output: alice 1970-01-01 00:00:00 +0000 UTC <nil>
}

// Threat T128: a record that the program before wrote reads as it was meant,
// what it can read is written so that it does, and what it cannot is of a
// version that it refuses.
func TestSessionRecordOfTheProgramBefore(t *testing.T) {
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
	got, err := record.DecodeSession(session.Key{}, string(old))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a record of version 2 = %v, differs (-want +got):\n%s", err, diff)
	}
	for kind, version := range map[session.Kind]byte{session.KindAPI: 2, session.KindPage: 2, session.KindConsole: 3, session.KindToken: 3} {
		want.Kind = kind
		if b := record.EncodeSession(&want); b[0] != version {
			t.Errorf("a session of kind %v is written as version %d, want %d", kind, b[0], version)
		}
	}
}
