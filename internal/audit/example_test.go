package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"mfaserver/internal/audit"
)

func ExampleTrail() {
	folder, err := os.MkdirTemp("", "audit")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "audit.jsonl")
	trail, err := audit.New(audit.Config{
		Path: path,
		Node: "mfa-1", Unchained: true,
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = trail.Close() }()
	err = trail.Record(context.Background(), audit.Event{
		Name:     audit.PrimaryRefused,
		Outcome:  audit.Refused,
		Username: "alice",
		Source:   netip.MustParseAddr("192.0.2.1"),
		Reason:   "wrong_password",
	})
	if err != nil {
		// The login is refused: what cannot be recorded does not happen.
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", text)
	// Output:
	// {"v":1,"seq":1,"time":"2026-03-01T12:00:00.000000000Z","node":"mfa-1","event":"audit.opened","outcome":"ok","actor":"system","detail":{"previous_sequence":"0"}}
	// {"v":1,"seq":2,"time":"2026-03-01T12:00:00.000000000Z","node":"mfa-1","event":"primary.refused","outcome":"refused","user":"alice","source":"192.0.2.1","reason":"wrong_password"}
}

func ExampleVerify() {
	folder, err := os.MkdirTemp("", "audit")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "audit.jsonl")
	trail, err := audit.New(audit.Config{Path: path, Node: "mfa-1", MAC: key("a key from elsewhere")})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, user := range []string{"alice", "mallory", "bob"} {
		e := audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: user}
		if err := trail.Record(context.Background(), e); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := trail.Close(); err != nil {
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("mallory"), []byte("malcolm"), 1), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	report, err := audit.Verify(context.Background(), audit.VerifyConfig{Path: path, MAC: key("a key from elsewhere")})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range report.Faults {
		fmt.Printf("line %d, record %d: %s\n", f.Line, f.Sequence, f.Kind)
	}
	// Output:
	// line 3, record 3: edited
}
