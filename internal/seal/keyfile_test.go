package seal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mfaserver/internal/seal"
)

func TestLoadOrCreateKeyKeepsTheKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	first, err := seal.LoadOrCreateKey(path)
	if err != nil {
		t.Fatalf("LoadOrCreateKey() = %v", err)
	}
	second, err := seal.LoadOrCreateKey(path)
	if err != nil || second.ID() != first.ID() {
		t.Fatalf("LoadOrCreateKey() again = %v, %v, want %v", second, err, first)
	}
	sealed := newSealer(t, first).Seal([]byte("x"), nil)
	if _, err := newSealer(t, second).Open(sealed, nil); err != nil {
		t.Errorf("Open() with the key read back = %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file mode = %v, %v, want 0600", info.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v, want the key file only", entries, err)
	}
}

// Threat T166: a key that others can read, or that is somewhere else, is none.
func TestLoadOrCreateKeyRefuses(t *testing.T) {
	t.Parallel()
	good := "mfaserver-key-1 " + strings.Repeat("5a", 32) + "\n"
	tests := []struct {
		name  string
		setup func(t *testing.T, path string)
		want  error
	}{
		{"group may read", writes(good, 0o640), seal.ErrKeyFileMode},
		{"world may write", writes(good, 0o602), seal.ErrKeyFileMode},
		{"empty", writes("", 0o600), seal.ErrKeyFile},
		{"cut short", writes(good[:40], 0o600), seal.ErrKeyFile},
		{"more behind", writes(good+"x", 0o600), seal.ErrKeyFile},
		{"not hexadecimal", writes(strings.Replace(good, "5a", "5g", 1), 0o600), seal.ErrKeyFile},
		{"other format", writes("mfaserver-key-2"+good[15:], 0o600), seal.ErrKeyFile},
		{"folder", func(t *testing.T, path string) {
			t.Helper()
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, seal.ErrKeyFile},
		{"symlink to a good file", func(t *testing.T, path string) {
			t.Helper()
			writes(good, 0o600)(t, path+".real")
			if err := os.Symlink(path+".real", path); err != nil {
				t.Fatal(err)
			}
		}, seal.ErrKeyFile},
		{"symlink to nothing", func(t *testing.T, path string) {
			t.Helper()
			if err := os.Symlink(path+".real", path); err != nil {
				t.Fatal(err)
			}
		}, seal.ErrKeyFile},
		{"no folder", func(t *testing.T, path string) {
			t.Helper()
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}, os.ErrNotExist},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "data", "key")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			test.setup(t, path)
			if key, err := seal.LoadOrCreateKey(path); !errors.Is(err, test.want) || !key.IsZero() {
				t.Errorf("LoadOrCreateKey() = %v, %v, want %v", key, err, test.want)
			}
		})
	}
}

func TestLoadOrCreateKeyRacersAgree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	var ids sync.Map
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			key, err := seal.LoadOrCreateKey(path)
			if err != nil {
				t.Errorf("LoadOrCreateKey() = %v", err)
			}
			ids.Store(key.ID(), true)
		})
	}
	group.Wait()
	count := 0
	ids.Range(func(any, any) bool { count++; return true })
	if count != 1 {
		t.Errorf("racers got %d keys, want 1", count)
	}
}

func writes(text string, mode os.FileMode) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}
