package redis_test

import (
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/store/redis"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// Records of a session as programs before this one wrote them: the first
// version, and the second, which knows when the approval was and exemptions.
const (
	recordOfVersion1 = "01010ecad6b9950d0cc2d7b9950d0ccaf9be950d0c80c0e285e36805616c6963650b3230332e302e3131332e37066375726c" +
		"2f38037478310864756f5f707573680d757365725f617070726f7665640570686f6e65056361727279"
	recordOfVersion2 = "02010ecad6b9950d0cc2d7b9950d0ccaf9be950d0c80c0e285e368cad6b9950d0c05616c6963650b3230332e302e3131332e" +
		"37066375726c2f38037478310864756f5f707573680d757365725f617070726f7665640570686f6e65000265780563617272" +
		"79"
)

// earlierSession is what those records say.
func earlierSession(name string) session.Session {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	s := sessiontest.NewSession(name, "alice", at)
	return session.Session{
		Key: s.Key, UserID: 7, Username: "alice", Administrator: true, Source: "203.0.113.7", UserAgent: "curl/8",
		Transaction: "tx1", Factor: "duo_push", Reason: "user_approved", Device: "phone", Carry: []byte("carry"),
		CreatedAt: at, LastActive: at.Add(time.Minute), Expires: at.Add(12 * time.Hour), IdleTimeout: 30 * time.Minute,
	}
}

// Threat T128, fault R26: while nodes are upgraded one after the other, one of
// this version finds, prolongs, lists and ends the sessions that one of an
// earlier version opened; what it writes itself, that one reads again.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		record string
		change func(*session.Session)
	}{
		"the first version": {recordOfVersion1, func(*session.Session) {}},
		"the second version": {recordOfVersion2, func(s *session.Session) {
			s.ApprovedAt, s.Exemption = s.CreatedAt, "ex"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			both := nodes(t, 2, cfg)
			older, newer := both[0], both[1]
			want := earlierSession(name)
			c.change(&want)
			putEarlier(t, cfg.Prefix, older, want, c.record)
			now := want.LastActive.Add(time.Minute)
			got, err := newer.Sessions().Find(t.Context(), want.Key, now)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("Find = %v, differs (-want +got):\n%s", err, diff)
			}
			if err := newer.Sessions().Touch(t.Context(), want.Key, now); err != nil {
				t.Fatalf("Touch = %v, want nil", err)
			}
			raw, err := shared.Do(t.Context(), "get", cfg.Prefix+"s:"+hex.EncodeToString(want.Key[:]))
			if err != nil {
				t.Fatal(err)
			}
			value, _ := raw.(string)
			if record, err := newer.SessionRecord(want.Key, value); err != nil || record[0] != 2 {
				t.Errorf("the newer node writes %x, %v, want version 2, which the older reads", record, err)
			}
			own := want
			own.Key = sessiontest.NewSession(name+" of the newer", "alice", want.CreatedAt).Key
			create(t, newer, own)
			all, err := newer.Sessions().List(t.Context(), "alice", now)
			if err != nil || len(all) != 2 {
				t.Errorf("List = %d sessions, %v, want both", len(all), err)
			}
			if _, err := newer.Sessions().Delete(t.Context(), want.Key); err != nil {
				t.Fatalf("Delete = %v, want nil", err)
			}
			older.ForgetCache()
			if _, err := older.Sessions().Find(t.Context(), want.Key, now); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Find of an ended session = %v, want ErrNotFound", err)
			}
		})
	}
}

// putEarlier opens a session as the program of a record did.
func putEarlier(t *testing.T, prefix string, s *redis.Store, v session.Session, record string) {
	t.Helper()
	plain, err := hex.DecodeString(record)
	if err != nil {
		t.Fatal(err)
	}
	create(t, s, v)
	if _, err := shared.Do(t.Context(), "set", prefix+"s:"+hex.EncodeToString(v.Key[:]), s.SessionValue(&v, string(plain)), "keepttl"); err != nil {
		t.Fatal(err)
	}
	s.ForgetCache()
}
