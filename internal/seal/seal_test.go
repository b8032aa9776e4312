package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mfaserver/internal/seal"
)

func newKey(tb testing.TB) seal.Key {
	tb.Helper()
	key, err := seal.NewKey()
	if err != nil {
		tb.Fatalf("NewKey() = %v", err)
	}
	return key
}

func newSealer(tb testing.TB, current seal.Key, previous ...seal.Key) *seal.Sealer {
	tb.Helper()
	sealer, err := seal.New(current, previous...)
	if err != nil {
		tb.Fatalf("New() = %v", err)
	}
	return sealer
}

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t, newKey(t))
	rapid.Check(t, func(t *rapid.T) {
		plain, aad := rapid.SliceOf(rapid.Byte()).Draw(t, "plain"), rapid.SliceOf(rapid.Byte()).Draw(t, "aad")
		sealed := sealer.Seal(plain, aad)
		if len(sealed) != len(plain)+seal.Overhead {
			t.Fatalf("len(Seal()) = %d, want %d", len(sealed), len(plain)+seal.Overhead)
		}
		opened, err := sealer.Open(sealed, aad)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("Open() = %x, %v, want %x", opened, err, plain)
		}
	})
}

// Threat T118: every single flipped bit of a sealed record is refused.
func TestOpenRefusesEveryFlippedBit(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t, newKey(t))
	sealed := sealer.Seal([]byte("user=alice role=user"), []byte("users 1"))
	for i := range sealed {
		for bit := range 8 {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1 << bit
			if plain, err := sealer.Open(altered, []byte("users 1")); !errors.Is(err, seal.ErrSealBroken) {
				t.Fatalf("Open(byte %d bit %d flipped) = %q, %v, want ErrSealBroken", i, bit, plain, err)
			}
		}
		if _, err := sealer.Open(sealed[:i], []byte("users 1")); !errors.Is(err, seal.ErrSealBroken) {
			t.Fatalf("Open(first %d bytes) = %v, want ErrSealBroken", i, err)
		}
	}
}

// Threat T117: a record copied from one key to another fails.
func TestOpenRefusesSwappedRecords(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t, newKey(t))
	alice, bob := sealer.Seal([]byte("alice"), []byte("row 1")), sealer.Seal([]byte("bob"), []byte("row 2"))
	for name, row := range map[string]struct {
		sealed []byte
		aad    string
	}{
		"alice as row 2": {alice, "row 2"},
		"bob as row 1":   {bob, "row 1"},
		"without aad":    {alice, ""},
		"longer aad":     {alice, "row 11"},
	} {
		if _, err := sealer.Open(row.sealed, []byte(row.aad)); !errors.Is(err, seal.ErrSealBroken) {
			t.Errorf("%s: Open() = %v, want ErrSealBroken", name, err)
		}
	}
}

// Threat T117: nonces never repeat.
func TestNoncesAreUnique(t *testing.T) {
	t.Parallel()
	const count = 100_000
	sealer := newSealer(t, newKey(t))
	seen := make(map[[12]byte]bool, count)
	for range count {
		nonce := [12]byte(sealer.Seal(nil, nil)[5:])
		if seen[nonce] {
			t.Fatalf("nonce %x used twice", nonce)
		}
		seen[nonce] = true
	}
}

// Threat T172: what an earlier key sealed opens while that key is given, and not
// afterwards; what is sealed anew is under the current one.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	before, after := newKey(t), newKey(t)
	old, rotated, fresh := newSealer(t, before), newSealer(t, after, before), newSealer(t, after)
	sealed := old.Seal([]byte("x"), nil)
	if _, err := rotated.Open(sealed, nil); err != nil {
		t.Errorf("Open() under a previous key = %v, want nil", err)
	}
	if rotated.Current(sealed) || !rotated.Current(rotated.Seal(nil, nil)) {
		t.Error("Current() does not tell current from previous")
	}
	if _, err := fresh.Open(sealed, nil); !errors.Is(err, seal.ErrSealBroken) {
		t.Errorf("Open() without the key = %v, want ErrSealBroken", err)
	}
	if _, err := fresh.Open(rotated.Seal([]byte("x"), nil), nil); err != nil {
		t.Errorf("Open() of what the rotated sealer sealed = %v, want nil", err)
	}
}

func TestNewRefusesKeys(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, keys := range map[string][]seal.Key{
		"zero current":  {{}},
		"zero previous": {key, {}},
		"twice":         {key, key},
	} {
		if _, err := seal.New(keys[0], keys[1:]...); !errors.Is(err, seal.ErrKey) {
			t.Errorf("%s: New() = %v, want ErrKey", name, err)
		}
	}
}

func TestMACDependsOnAllItIsGiven(t *testing.T) {
	t.Parallel()
	sealer := newSealer(t, newKey(t))
	base := sealer.MAC("user", []byte("alice"))
	if base != sealer.MAC("user", []byte("alice")) {
		t.Error("MAC() of the same twice differs")
	}
	for name, other := range map[string][32]byte{
		"other data":  sealer.MAC("user", []byte("bob")),
		"other label": sealer.MAC("addr", []byte("alice")),
		"moved split": sealer.MAC("usera", []byte("lice")),
		"other key":   newSealer(t, newKey(t)).MAC("user", []byte("alice")),
	} {
		if other == base {
			t.Errorf("%s: MAC() is the same", name)
		}
	}
}

func TestKeyPrintsItsIDOnly(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", key)
	asJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatalf("Marshal() = %v", err)
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %x %d %s", key, key, key, key, key, key), log.String(), string(asJSON)} {
		if !strings.Contains(text, "[key "+key.ID()+"]") || len(text) > 200 {
			t.Errorf("key prints as %q", text)
		}
	}
}

func FuzzOpen(f *testing.F) {
	sealer := newSealer(f, newKey(f))
	f.Add([]byte(nil))
	f.Add(make([]byte, seal.Overhead))
	f.Add(sealer.Seal([]byte("x"), []byte("other row")))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if plain, err := sealer.Open(sealed, []byte("row")); !errors.Is(err, seal.ErrSealBroken) {
			t.Fatalf("Open(%x) = %x, %v, want ErrSealBroken", sealed, plain, err)
		}
	})
}

// A key file has one spelling for each key, and nothing of it is in an error.
func FuzzParseKey(f *testing.F) {
	path := filepath.Join(f.TempDir(), "key")
	if _, err := seal.LoadOrCreateKey(path); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	good := string(text)
	f.Add(good)
	f.Add(strings.ToUpper(good))
	f.Add(good + "\n")
	f.Add(strings.TrimSuffix(good, "\n"))
	f.Add("")
	seen := map[string]string{}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := seal.ParseKey(text)
		if err != nil {
			if !errors.Is(err, seal.ErrKeyFile) || len(err.Error()) > 100 {
				t.Fatalf("ParseKey(%q) = %v, want %v", text, err, seal.ErrKeyFile)
			}
			return
		}
		if before, ok := seen[key.ID()]; ok && !strings.EqualFold(before, text) {
			t.Fatalf("%q and %q are the key %s", before, text, key.ID())
		}
		seen[key.ID()] = text
		sealer, err := seal.New(key)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := sealer.Open(sealer.Seal([]byte("x"), nil), nil); err != nil || string(plain) != "x" {
			t.Fatalf("key of %q opens %q, %v", text, plain, err)
		}
	})
}
