package seal_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"mfaserver/internal/seal"
)

// Threat T172: an earlier key can be removed, and no other: neither the one that
// seals nor the one that is to follow.
func TestPrune(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.key")
	if err := seal.Prune(path, "00000000"); !errors.Is(err, seal.ErrNoFile) {
		t.Errorf("without a file: %v, want ErrNoFile", err)
	}
	sealed := sealerOf(t, path).Seal([]byte("x"), nil)
	earlier := ring(t, path).Current
	if _, err := seal.Rotate(path); err != nil {
		t.Fatal(err)
	}
	next, err := seal.Prepare(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{
		"current": ring(t, path).Current.ID(), "next": next.ID(), "unknown": "00000000", "empty": "", "the word for next": "next", "a path": "../store.key",
	} {
		if err := seal.Prune(path, id); !errors.Is(err, seal.ErrNotEarlier) {
			t.Errorf("Prune of %s = %v, want ErrNotEarlier", name, err)
		}
	}
	if _, err := sealerOf(t, path).Open(sealed, nil); err != nil {
		t.Errorf("Open() before = %v", err)
	}
	if err := seal.Prune(path, earlier.ID()); err != nil {
		t.Fatal(err)
	}
	if r := ring(t, path); len(r.Earlier) != 0 || r.Next.ID() != next.ID() {
		t.Errorf("ring %+v, want the current and the next key", r)
	}
	if _, err := sealerOf(t, path).Open(sealed, nil); !errors.Is(err, seal.ErrSealBroken) {
		t.Errorf("Open() after = %v, want ErrSealBroken", err)
	}
}

// What a key sealed is found by its id: as it is, and inside of something else.
func TestWhoSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := filepath.Join(dir, "store.key"), filepath.Join(dir, "upstream.key")
	s, k, stranger := sealerOf(t, path), ring(t, path).Current, ring(t, other).Current
	sealed := s.Seal([]byte("x"), nil)
	if id, ok := seal.SealedUnder(sealed); !ok || id != k.ID() || s.SealsUnder() != id {
		t.Errorf("SealedUnder = %s, %v, want %s", id, ok, k.ID())
	}
	for name, value := range map[string][]byte{
		"nothing": nil, "short": sealed[:seal.Overhead-1], "another version": append([]byte{9}, sealed[1:]...),
	} {
		if id, ok := seal.SealedUnder(value); ok {
			t.Errorf("%s was sealed under %s", name, id)
		}
	}
	record := append(append([]byte("name and "), sealed...), " more"...)
	if !k.Within(record) || stranger.Within(record) || k.Within(bytes.ReplaceAll(record, sealed[:5], nil)) || (seal.Key{}).Within(record) {
		t.Error("what is inside of a record is told wrongly")
	}
}
