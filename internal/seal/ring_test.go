package seal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"mfaserver/internal/seal"
)

func ring(t *testing.T, path string) seal.Ring {
	t.Helper()
	r, err := seal.LoadRing(path)
	if err != nil {
		t.Fatalf("LoadRing() = %v", err)
	}
	return r
}

func sealerOf(t *testing.T, path string) *seal.Sealer {
	t.Helper()
	s, err := ring(t, path).Sealer()
	if err != nil {
		t.Fatalf("Sealer() = %v", err)
	}
	return s
}

// Threat T172: after a rotation the new key seals and all earlier ones open;
// without its file what a key sealed is over.
func TestRotateKeepsWhatWasSealed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.key")
	var sealed [][]byte
	for range 3 {
		sealed = append(sealed, sealerOf(t, path).Seal([]byte("x"), nil))
		before := ring(t, path).Current
		after, err := seal.Rotate(path)
		if err != nil || after.Current.ID() == before.ID() || !after.Next.IsZero() {
			t.Fatalf("Rotate() = %v, %v, want another key", after.Current, err)
		}
	}
	s := sealerOf(t, path)
	for n, one := range sealed {
		if _, err := s.Open(one, nil); err != nil || s.Current(one) {
			t.Errorf("what key %d sealed: Open() = %v, want nil, under an earlier key", n, err)
		}
	}
	first := ring(t, path).Earlier
	if len(first) != 3 {
		t.Fatalf("%d earlier keys, want 3", len(first))
	}
	for _, k := range first {
		if err := os.Remove(path + "." + k.ID()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sealerOf(t, path).Open(sealed[0], nil); !errors.Is(err, seal.ErrSealBroken) {
		t.Errorf("Open() without the key = %v, want ErrSealBroken", err)
	}
}

// Nodes that share a store: a node with the prepared key opens what one seals
// that has rotated already, and seals under the old key itself.
func TestPreparedKeyOpensBeforeItSeals(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.key")
	old := ring(t, path).Current
	next, err := seal.Prepare(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := seal.Prepare(path); !errors.Is(err, seal.ErrPrepared) || again.ID() != next.ID() {
		t.Errorf("Prepare() again = %v, %v, want the same and ErrPrepared", again, err)
	}
	waiting := sealerOf(t, path)
	rotated, err := seal.Rotate(path)
	if err != nil || rotated.Current.ID() != next.ID() || len(rotated.Earlier) != 1 || rotated.Earlier[0].ID() != old.ID() {
		t.Fatalf("Rotate() = %+v, %v, want the prepared key before the old one", rotated, err)
	}
	ahead := sealerOf(t, path)
	if _, err := waiting.Open(ahead.Seal(nil, nil), nil); err != nil {
		t.Errorf("Open() at a node that is behind = %v, want nil", err)
	}
	if _, err := ahead.Open(waiting.Seal(nil, nil), nil); err != nil {
		t.Errorf("Open() at a node that is ahead = %v, want nil", err)
	}
}

// Cut short between any two steps, a rotation leaves keys that open all, and
// can be run again.
func TestRotationCutShort(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]func(t *testing.T, path string, current seal.Key){
		"half a file": func(t *testing.T, path string, _ seal.Key) {
			t.Helper()
			write(t, path+".new-123", "mfaserver-key-1 ", 0o600)
		},
		"prepared alone": func(t *testing.T, path string, _ seal.Key) {
			t.Helper()
			if _, err := seal.Prepare(path); err != nil {
				t.Fatal(err)
			}
		},
		"the old one kept aside": func(t *testing.T, path string, current seal.Key) {
			t.Helper()
			if _, err := seal.Prepare(path); err != nil {
				t.Fatal(err)
			}
			duplicate(t, path, path+"."+current.ID())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "store.key")
			current := ring(t, path).Current
			sealed := sealerOf(t, path).Seal(nil, nil)
			left(t, path, current)
			if got := ring(t, path).Current; got.ID() != current.ID() {
				t.Errorf("the current key is %v, want %v", got, current)
			}
			if _, err := sealerOf(t, path).Open(sealed, nil); err != nil {
				t.Errorf("Open() = %v, want nil", err)
			}
			if r, err := seal.Rotate(path); err != nil || r.Current.ID() == current.ID() {
				t.Errorf("Rotate() = %v, %v, want another key", r.Current, err)
			}
			if _, err := sealerOf(t, path).Open(sealed, nil); err != nil {
				t.Errorf("Open() after the rotation = %v, want nil", err)
			}
		})
	}
}

func TestRingRefusesFiles(t *testing.T) {
	t.Parallel()
	if _, err := seal.Rotate(filepath.Join(t.TempDir(), "store.key")); !errors.Is(err, seal.ErrNoFile) {
		t.Errorf("Rotate() of nothing = %v, want ErrNoFile", err)
	}
	if _, err := seal.ReadRing(filepath.Join(t.TempDir(), "store.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadRing() of nothing = %v, want ErrNotExist", err)
	}
	path := filepath.Join(t.TempDir(), "store.key")
	ring(t, path)
	write(t, path+".next", "no key\n", 0o600)
	if _, err := seal.LoadRing(path); !errors.Is(err, seal.ErrKeyFile) {
		t.Errorf("LoadRing() beside no key = %v, want ErrKeyFile", err)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	ring(t, other)
	duplicate(t, other, path+".next")
	duplicate(t, other, path+".00000000")
	if _, err := seal.LoadRing(path); !errors.Is(err, seal.ErrKeyFile) {
		t.Errorf("LoadRing() beside a key of another name = %v, want ErrKeyFile", err)
	}
}

func duplicate(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text), 0o600)
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
