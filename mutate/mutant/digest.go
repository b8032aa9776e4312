package mutant

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Digest is over all that a verdict depends on: the woven binaries, and with
// them every source and every test, and the testdata beside the tests.
func (b *Binary) Digest() (string, error) {
	sum := sha256.New()
	for _, t := range b.tests {
		if err := add(sum, t.path); err != nil {
			return "", err
		}
		err := filepath.WalkDir(filepath.Join(t.dir, "testdata"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(t.dir, path)
			if err != nil {
				return err
			}
			_, _ = io.WriteString(sum, filepath.ToSlash(name))
			return add(sum, path)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("mutant: digest: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func add(to io.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // a file of this module, or one that Build made
	if err != nil {
		return fmt.Errorf("mutant: digest: %w", err)
	}
	defer func() { _ = f.Close() }()
	if _, err := io.Copy(to, f); err != nil {
		return fmt.Errorf("mutant: digest: %w", err)
	}
	return nil
}
