package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/config"
)

// Threats T167, T171: a secret that the start took out of the environment is
// still there at a reload; the digest says which file was read, also for one with
// faults.
func TestReload(t *testing.T) { //nolint:paralleltest // sets the environment
	const variable = "MFASERVER_TEST_SECRET_AGAIN"
	t.Setenv(variable, clientSecret)
	path := filepath.Join(t.TempDir(), "c.yaml")
	data := strings.Replace(good, "client_secret: "+clientSecret, "client_secret_env: "+variable, 1)
	writeFile(t, path, data)
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Unsetenv(variable); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); !errors.Is(err, config.ErrInvalid) {
		t.Errorf("Load without the variable: %v, want %v", err, config.ErrInvalid)
	}
	for range 2 {
		again, err := c.Reload(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Duo.Universal.ClientSecret.Reveal() != clientSecret || again.Digest() != c.Digest() || len(c.Digest()) != 64 {
			t.Errorf("the configuration of the same file is another one: %s", again.Digest())
		}
		c = again
	}
	writeFile(t, path, data+"nonsense: 1\n")
	_, err = c.Reload(path)
	faults, ok := errors.AsType[*config.FaultsError](err)
	if !ok || len(faults.Faults) != 1 || faults.Digest == c.Digest() || len(faults.Digest) != 64 {
		t.Errorf("Reload of a bad file: %v", err)
	}
}

// Threat T166: secrets may come as credentials of systemd.
func TestSecretsFromCredentials(t *testing.T) { //nolint:paralleltest // sets the environment
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "duo"), clientSecret+"\n")
	data := strings.Replace(good, "client_secret: "+clientSecret, `client_secret_file: "${CREDENTIALS_DIRECTORY}/duo"`, 1)
	if _, err := config.Parse([]byte(data), "c.yaml"); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "LoadCredential=") {
		t.Errorf("Parse without credentials: %v", err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	c, err := config.Parse([]byte(data), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Duo.Universal.ClientSecret.Reveal() != clientSecret {
		t.Error("not the credential's content")
	}
	for _, mode := range []os.FileMode{0o604, 0o660} {
		if err := os.Chmod(filepath.Join(dir, "duo"), mode); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse([]byte(data), "c.yaml"); !errors.Is(err, config.ErrInvalid) {
			t.Errorf("Parse with mode %o: %v, want %v", mode, err, config.ErrInvalid)
		}
	}
}
