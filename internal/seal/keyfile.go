package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Errors of [LoadOrCreateKey].
var (
	// ErrKeyFile: the file is no key file (a symlink, a folder, other
	// contents).
	ErrKeyFile = errors.New("seal: not a key file")
	// ErrKeyFileMode: others than the owner may use the file.
	ErrKeyFileMode = errors.New("seal: key file is open to others than its owner")
)

// filePrefix starts a key file; 64 hexadecimal digits and a newline follow.
const filePrefix = "mfaserver-key-1 "

// modesTell: the mode of a file says who may use it. On Windows package os makes
// the modes up, and the access list of the folder has to do.
const modesTell = runtime.GOOS != "windows"

// LoadOrCreateKey reads the key file at path, or makes one where there is
// none: mode 0600, complete and on disk before it bears its name, and never
// over an existing file. It refuses symlinks and other contents
// ([ErrKeyFile]) and files that others may read or write
// ([ErrKeyFileMode]). Of processes racing to create the file all get the same
// key.
func LoadOrCreateKey(path string) (Key, error) {
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, fmt.Errorf("seal: create key file: %w", err)
	}
	return loadKey(path)
}

func loadKey(path string) (Key, error) {
	named, err := os.Lstat(path)
	if err != nil {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	if !named.Mode().IsRegular() {
		return Key{}, fmt.Errorf("%w: %s is not a regular file", ErrKeyFile, path)
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	opened, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	if !os.SameFile(named, opened) {
		return Key{}, fmt.Errorf("%w: %s was replaced while it was opened", ErrKeyFile, path)
	}
	if modesTell && opened.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("%w: %s has mode %#o, want 0600", ErrKeyFileMode, path, opened.Mode().Perm())
	}
	return parseKey(f, path)
}

func parseKey(r io.Reader, path string) (Key, error) {
	const size = len(filePrefix) + 2*keySize + 1
	text, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	if err != nil {
		return Key{}, fmt.Errorf("seal: %w", err)
	}
	digits, found := strings.CutPrefix(string(text), filePrefix)
	digits, ended := strings.CutSuffix(digits, "\n")
	if !found || !ended || len(digits) != 2*keySize {
		return Key{}, fmt.Errorf("%w: %s", ErrKeyFile, path)
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %s", ErrKeyFile, path)
	}
	return newKey(raw), nil
}

// createKey writes a new key beside path and links it into place: unlike a
// rename, a link never replaces what another process made meanwhile.
func createKey(path string) error {
	key, err := NewKey()
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // gone already after a rename
	if err := writeKey(temp, key); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		// A file system without links.
		if err := os.Rename(temp.Name(), path); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}

func writeKey(f *os.File, key Key) error {
	_, err := io.WriteString(f, filePrefix+hex.EncodeToString(key.bytes())+"\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable. Windows syncs files alone,
// and keeps names in the journal of its file system.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path) //nolint:gosec // the folder of a file the operator names
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
