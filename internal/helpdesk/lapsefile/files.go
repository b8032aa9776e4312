// Package lapsefile keeps in a folder what has to end by itself at Duo, a file
// each: what a command beside the server writes, the server finds.
package lapsefile

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"mfaserver/internal/helpdesk"
)

// ErrFile says that a file of the folder is not what [Files] wrote.
var ErrFile = errors.New("lapsefile: not a file of this folder")

const ending = ".json"

// Files implements [helpdesk.Lapses].
type Files struct{ dir string }

var _ helpdesk.Lapses = Files{}

// New keeps everything in dir, which is made when it is first needed.
func New(dir string) Files { return Files{dir} }

// path of a lapse says whose it is, and nothing else.
func (f Files) path(l helpdesk.Lapse) string {
	sum := sha256.Sum256([]byte(l.Org + "\x00" + string(l.Kind) + "\x00" + l.ID))
	return filepath.Join(f.dir, hex.EncodeToString(sum[:16])+ending)
}

// Keep implements [helpdesk.Lapses].
func (f Files) Keep(_ context.Context, l helpdesk.Lapse) error {
	data, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("lapsefile: %w", err)
	}
	if err := errors.Join(os.MkdirAll(f.dir, 0o700), adopt(f.dir, filepath.Dir(f.dir))); err != nil {
		return fmt.Errorf("lapsefile: %w", err)
	}
	temp, err := os.CreateTemp(f.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("lapsefile: %w", err)
	}
	_, err = temp.Write(append(data, '\n'))
	err = errors.Join(err, temp.Chmod(0o600), temp.Sync(), temp.Close())
	if err == nil {
		err = adopt(temp.Name(), filepath.Dir(f.dir))
	}
	if err == nil {
		err = os.Rename(temp.Name(), f.path(l))
	}
	if err != nil {
		return fmt.Errorf("lapsefile: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return f.sync()
}

// sync makes the names in the folder durable. Windows has no such call.
func (f Files) sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(f.dir)
	if err != nil {
		return fmt.Errorf("lapsefile: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("lapsefile: %w", err)
	}
	return nil
}

// Forget implements [helpdesk.Lapses].
func (f Files) Forget(_ context.Context, l helpdesk.Lapse) error {
	path := f.path(l)
	kept, err := read(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && kept != l {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("lapsefile: %w", err)
	}
	return f.sync()
}

// All implements [helpdesk.Lapses].
func (f Files) All(context.Context) ([]helpdesk.Lapse, error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lapsefile: %w", err)
	}
	var all []helpdesk.Lapse
	var failures []error
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") || !strings.HasSuffix(entry.Name(), ending) {
			continue
		}
		l, err := read(filepath.Join(f.dir, entry.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist): // forgotten meanwhile
		case err != nil:
			failures = append(failures, err)
		default:
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b helpdesk.Lapse) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return all, errors.Join(failures...)
}

// read is strict: a file that says less than it should ends nothing, and has to
// be looked at.
func read(path string) (helpdesk.Lapse, error) {
	var l helpdesk.Lapse
	data, err := os.ReadFile(path) //nolint:gosec // in our own folder
	if err != nil {
		return l, fmt.Errorf("lapsefile: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return l, fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	if l.Org == "" || l.ID == "" || l.Due.IsZero() || l.To == "" || l.Kind != helpdesk.LapseUser && l.Kind != helpdesk.LapseGroup {
		return l, fmt.Errorf("%w: %s: something is missing", ErrFile, path)
	}
	return l, nil
}
