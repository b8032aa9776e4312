package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"mfaserver/mutate/mutant"
)

// journal keeps verdicts as they come, one a line, so that a run that was
// broken off goes on where it was. A nil journal keeps nothing.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	known map[entryKey]mutant.Verdict
}

// entryKey names a check of a package as it was: the digest covers its sources
// and its tests.
type entryKey struct {
	Digest string `json:"digest"`
	ID     int    `json:"id"`
}

type entry struct {
	entryKey
	mutant.Verdict
	Check string `json:"check"`
}

// openJournal opens a journal, or makes it. Lines that cannot be read, such as
// one that was cut off, are left out.
func openJournal(path string) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("mutate: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("mutate: %w", err)
	}
	j := &journal{file: f, known: make(map[entryKey]mutant.Verdict)}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			j.known[e.entryKey] = e.Verdict
		}
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("mutate: %w", err), f.Close())
	}
	// What was cut off must not swallow the next line.
	if _, err := f.WriteString("\n"); err != nil {
		return nil, errors.Join(fmt.Errorf("mutate: %w", err), f.Close())
	}
	return j, nil
}

// find returns what is known. What was unclear is asked again.
func (j *journal) find(k entryKey) (mutant.Verdict, bool) {
	if j == nil {
		return mutant.Verdict{}, false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	v, ok := j.known[k]
	return v, ok && v.By != mutant.Unclear
}

func (j *journal) save(k entryKey, check string, v mutant.Verdict) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(entry{entryKey: k, Verdict: v, Check: check})
	if err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.known[k] = v
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}
