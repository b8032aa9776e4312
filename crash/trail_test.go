//go:build unix

package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"mfaserver/internal/audit"
	"mfaserver/internal/seal"
)

// trail reads a node's audit trail as it grows.
type trail struct {
	path     string
	offset   int64
	sequence uint64
	lines    int
	// behind are files that were moved away and not read to their end yet.
	behind  []string
	rotated int

	// allowed has the user of each transaction that Duo allowed, started the
	// transaction and user of each session, used the session of each
	// transaction.
	allowed map[string]string
	started map[string]tie
	used    map[string]string
	ended   map[string]bool
}

// tie is what a session belongs to.
type tie struct{ tx, user string }

// newTrail reads the trail at path; used is for all trails of a run.
func newTrail(path string, used map[string]string) *trail {
	return &trail{
		path: path, allowed: map[string]string{}, started: map[string]tie{},
		used: used, ended: map[string]bool{},
	}
}

// entry is what the harness needs of a line.
type entry struct {
	Sequence    uint64        `json:"seq"`
	Event       audit.Name    `json:"event"`
	Outcome     audit.Outcome `json:"outcome"`
	User        string        `json:"user"`
	Transaction string        `json:"tx"`
	Session     string        `json:"session"`
}

var errLine = errors.New("no line of a trail")

// moveAway renames the file, as log rotation does.
func (t *trail) moveAway() error {
	t.rotated++
	to := fmt.Sprintf("%s.moved%04d", t.path, t.rotated)
	if err := os.Rename(t.path, to); err != nil {
		return err
	}
	t.behind = append(t.behind, to)
	return nil
}

// read takes in the lines added since the last time. The server must be
// running, and so have cut off what a crash tore.
func (t *trail) read(found *findings) error {
	for len(t.behind) > 0 {
		if err := t.readFile(t.behind[0], found); err != nil {
			return err
		}
		t.behind, t.offset = t.behind[1:], 0
	}
	return t.readFile(t.path, found)
}

func (t *trail) readFile(path string, found *findings) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	if _, err := f.Seek(t.offset, io.SeekStart); err != nil {
		return err
	}
	for in := bufio.NewReader(f); ; {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // what is left is being written
		}
		if err != nil {
			return err
		}
		t.offset += int64(len(line))
		t.lines++
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("%w: line %d: %w", errLine, t.lines, err)
		}
		t.take(e, found)
	}
}

// verifyTrail verifies the chain of a node's trail (threat T194).
func verifyTrail(ctx context.Context, dir string) error {
	key, err := seal.LoadOrCreateKey(filepath.Join(dir, "keys", "audit.key"))
	if err != nil {
		return err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return err
	}
	report, err := audit.Verify(ctx, audit.VerifyConfig{Path: filepath.Join(dir, "audit", "audit.jsonl"), MAC: sealer.MAC})
	if err != nil {
		return err
	}
	return report.Err()
}

func (t *trail) take(e entry, found *findings) {
	if e.Sequence != t.sequence+1 {
		found.add(brokenTrail, "line %d has sequence %d after %d", t.lines, e.Sequence, t.sequence)
	}
	t.sequence = e.Sequence
	ends := []audit.Name{audit.SessionEnded, audit.SessionReplaced, audit.SessionRevoked, audit.SessionLimit, audit.SessionExpired}
	switch {
	case e.Event == audit.MFAAllowed:
		t.allowed[e.Transaction] = e.User
	case e.Event == audit.SessionStarted:
		t.start(e, found)
	case slices.Contains(ends, e.Event):
		t.ended[e.Session] = true
	}
}

// start holds a session to invariants I1 and I2.
func (t *trail) start(e entry, found *findings) {
	if e.Transaction == "" || t.allowed[e.Transaction] != e.User {
		found.add(wrongIdentity, "session %s of %s without an allowed login (transaction %q of %q)",
			e.Session, e.User, e.Transaction, t.allowed[e.Transaction])
	}
	if other := t.used[e.Transaction]; other != "" {
		found.add(doubleRedemption, "transaction %s gave the sessions %s and %s", e.Transaction, other, e.Session)
	}
	t.used[e.Transaction] = e.Session
	t.started[e.Session] = tie{e.Transaction, e.User}
}
