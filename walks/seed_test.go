package walks_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/seal"
)

// seedTrail writes an audit trail of n records, of the last thirty days, into
// the data directory of a demo that has not started yet. The index is the
// server's work.
func seedTrail(t *testing.T, dir string, n int) {
	t.Helper()
	keys := filepath.Join(dir, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := seal.LoadOrCreateKey(filepath.Join(keys, "audit.key"))
	if err != nil {
		t.Fatal(err)
	}
	names, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	const days = 30
	var ticks atomic.Int64
	began, step := time.Now().Round(0).Add(-days*24*time.Hour), days*24*time.Hour/time.Duration(n+n/500)
	trail, err := audit.New(audit.Config{
		Path: filepath.Join(dir, "audit", "audit.jsonl"), MAC: names.MAC,
		Now: func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * step) },
	})
	if err != nil {
		t.Fatal(err)
	}
	const writers = 128 // that share the waits for the disk
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := w; i < n/5; i += writers {
				for _, e := range login(i) {
					if err := trail.Record(t.Context(), e); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
}

// login is what the trail has of the i-th login: five records.
func login(i int) []audit.Event {
	id := fmt.Sprintf("%012x", i)
	e := audit.Event{
		Username: fmt.Sprintf("user%d", i%5000), Source: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}),
		UserAgent: "python-mirth-client/1.0", Outcome: audit.OK, Transaction: id,
	}
	as := func(name audit.Name, outcome audit.Outcome, detail map[string]string) audit.Event {
		e := e
		e.Name, e.Outcome, e.Detail = name, outcome, detail
		e.RequestID = hex.EncodeToString([]byte(id))[:16]
		return e
	}
	events := []audit.Event{as(audit.PrimaryOK, audit.OK, nil), as(audit.ChallengeIssued, audit.OK, nil), as(audit.CallbackSeen, audit.OK, nil)}
	if i%9 == 0 {
		return append(events, as(audit.UserDenied, audit.Refused, nil), as(audit.PrimaryRefused, audit.Refused, nil))
	}
	factor := []string{"duo_push", "duo_push", "passcode", "bypass_code", "webauthn_security_key"}[i%5]
	started := as(audit.SessionStarted, audit.OK, nil)
	started.Session = id
	return append(events, as(audit.MFAAllowed, audit.OK, map[string]string{"factor": factor}), started)
}
