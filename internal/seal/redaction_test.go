package seal_test

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/seal"
	"mfaserver/internal/secret/secrettest"
)

// Threat T168: no way of printing a key or a sealer shows the key, or the one
// derived from it.
func TestNothingPrintsKeys(t *testing.T) {
	t.Parallel()
	material := []byte("canary-canary-canary-canary-0123")
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("mfaserver-key-1 "+hex.EncodeToString(material)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := seal.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	derived, err := hkdf.Key(sha256.New, material, nil, "mfaserver seal: names", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	sealer := newSealer(t, key, newKey(t))
	type values struct {
		key    seal.Key
		sealer seal.Sealer
	}
	type pointers struct {
		key    *seal.Key
		sealer *seal.Sealer
	}
	table := secrettest.Table{
		Secrets: []string{string(material), string(derived)},
		Values:  []any{key, &key, seal.Key{}, sealer, *sealer, seal.Ring{Current: key, Next: key, Earlier: []seal.Key{key}}, values{key, *sealer}, pointers{&key, sealer}},
	}
	table.Check(t)
	if got := sealer.String(); !strings.Contains(got, key.ID()) {
		t.Errorf("a sealer prints as %s, want the id %s of its key", got, key.ID())
	}
}
