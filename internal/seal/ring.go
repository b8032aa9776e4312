package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Ring is a key file with those beside it: the file itself holds the key that
// seals, NAME.ID an earlier key of that id, and NAME.next the one that is to
// follow. All of them open, so that nodes that share a store can each be given
// the next key before any of them seals under it.
type Ring struct {
	// Current seals.
	Current Key
	// Next follows; zero when none was prepared.
	Next Key
	// Earlier are the keys of before, in the order of their ids.
	Earlier []Key
}

// nextSuffix names the key that is to follow.
const nextSuffix = ".next"

// Errors of rings.
var (
	// ErrPrepared: a key that is to follow is there already.
	ErrPrepared = errors.New("seal: the next key is prepared already")
	// ErrNoFile: there is no key file to rotate.
	ErrNoFile = errors.New("seal: there is no key file")
	// ErrNotEarlier: the key seals now, is to follow, or is not there.
	ErrNotEarlier = errors.New("seal: not an earlier key")
)

// LoadRing is [LoadOrCreateKey] with the keys beside the file.
func LoadRing(path string) (Ring, error) {
	current, err := LoadOrCreateKey(path)
	if err != nil {
		return Ring{}, err
	}
	return loadRing(path, current)
}

// ReadRing is LoadRing that makes nothing: [fs.ErrNotExist] without the file.
func ReadRing(path string) (Ring, error) {
	current, err := loadKey(path)
	if err != nil {
		return Ring{}, err
	}
	return loadRing(path, current)
}

func loadRing(path string, current Key) (Ring, error) {
	r := Ring{Current: current}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return Ring{}, fmt.Errorf("seal: %w", err)
	}
	for _, f := range files {
		id, beside := strings.CutPrefix(f.Name(), filepath.Base(path)+".")
		if !beside || strings.HasPrefix(id, "new-") { // one that was being written
			continue
		}
		key, err := loadKey(filepath.Join(filepath.Dir(path), f.Name()))
		if err != nil {
			return Ring{}, err
		}
		switch {
		case key.id() == r.Current.id():
			// A rotation was cut short before or after its one step.
		case "."+id == nextSuffix:
			r.Next = key
		case id != key.ID():
			return Ring{}, fmt.Errorf("%w: %s holds key %s", ErrKeyFile, filepath.Join(filepath.Dir(path), f.Name()), key.ID())
		default:
			r.Earlier = append(r.Earlier, key)
		}
	}
	r.Earlier = slices.DeleteFunc(r.Earlier, func(k Key) bool { return !r.Next.IsZero() && k.id() == r.Next.id() })
	return r, nil
}

// Sealer seals under the current key and opens under all of them.
func (r Ring) Sealer() (*Sealer, error) {
	previous := r.Earlier
	if !r.Next.IsZero() {
		previous = append(slices.Clone(previous), r.Next)
	}
	return New(r.Current, previous...)
}

// Prepare makes the key that is to follow the one in the file at path, where
// nothing is changed. Errors: [ErrPrepared], [ErrNoFile], those of
// [LoadOrCreateKey].
func Prepare(path string) (Key, error) {
	r, err := readForRotation(path)
	switch {
	case err != nil:
		return Key{}, err
	case !r.Next.IsZero():
		return r.Next, ErrPrepared
	}
	// What a rotation left there that was cut short is the current key.
	if err := os.Remove(path + nextSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	if err := createKey(path + nextSuffix); err != nil {
		return Key{}, fmt.Errorf("seal: create key file: %w", err)
	}
	return loadKey(path + nextSuffix)
}

func readForRotation(path string) (Ring, error) {
	r, err := ReadRing(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%w: %s", ErrNoFile, path)
	}
	return r, err
}

// Rotate puts the prepared key, or a new one, in the place of the one in the
// file at path, which stays beside it under its id. Cut short at any moment it
// leaves one of both keys in the place, and every key that sealed something in
// the folder. Errors: [ErrNoFile], those of [LoadOrCreateKey].
func Rotate(path string) (Ring, error) {
	r, err := readForRotation(path)
	if err != nil {
		return Ring{}, err
	}
	if r.Next.IsZero() {
		if _, err := Prepare(path); err != nil {
			return Ring{}, err
		}
	}
	if err := keepAside(path, r.Current); err != nil {
		return Ring{}, fmt.Errorf("seal: keep the earlier key: %w", err)
	}
	if err := os.Rename(path+nextSuffix, path); err != nil {
		return Ring{}, fmt.Errorf("seal: %w", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return Ring{}, fmt.Errorf("seal: %w", err)
	}
	return ReadRing(path)
}

// keepAside writes a key beside its file, under its id, and returns when it is
// on disk.
func keepAside(path string, key Key) error {
	aside := path + "." + key.ID()
	if kept, err := loadKey(aside); err == nil && kept.id() == key.id() {
		return syncFolder(filepath.Dir(path))
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // gone already after a rename
	if err := writeKey(temp, key); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), aside); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Prune removes an earlier key beside the file at path: what it sealed is over
// for good. Errors: [ErrNotEarlier], [ErrNoFile], those of [LoadOrCreateKey].
func Prune(path, id string) error {
	r, err := readForRotation(path)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(r.Earlier, func(k Key) bool { return k.ID() == id }) {
		return fmt.Errorf("%w: %s of %s", ErrNotEarlier, id, path)
	}
	if err := os.Remove(path + "." + id); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}
