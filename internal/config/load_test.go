package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/config"
)

// household is a folder with a configuration and a secret file.
func household(t *testing.T) (folder, path, secretFile string) {
	t.Helper()
	folder = t.TempDir()
	path, secretFile = filepath.Join(folder, "c.yaml"), filepath.Join(folder, "s")
	writeFile(t, path, strings.Replace(good, "client_secret: "+clientSecret, "client_secret_file: s", 1))
	writeFile(t, secretFile, clientSecret+"\r\n")
	return folder, path, secretFile
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// Threat T166: secrets in files that others can read, or replace, are refused
// with the command that cures it.
func TestLoadFileModes(t *testing.T) {
	t.Parallel()
	inline := func(t *testing.T, path string) {
		t.Helper()
		writeFile(t, path, good)
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, folder, path, secretFile string)
		// want is the key and some words of the one fault; empty for none.
		key, want string
	}{
		{"good", func(*testing.T, string, string, string) {}, "", ""},
		{"configuration 0644 without a secret", func(t *testing.T, _, path, _ string) {
			t.Helper()
			chmod(t, path, 0o644)
		}, "", ""},
		{"configuration 0664", func(t *testing.T, _, path, _ string) {
			t.Helper()
			chmod(t, path, 0o664)
		}, "", "chmod go-w"},
		{"secret 0400", func(t *testing.T, _, _, s string) { t.Helper(); chmod(t, s, 0o400) }, "", ""},
		{"secret 0644", func(t *testing.T, _, _, s string) {
			t.Helper()
			chmod(t, s, 0o644)
		}, "duo.universal.client_secret_file", "mode 0644; run: chmod go-rwx"},
		{"secret 0640", func(t *testing.T, _, _, s string) {
			t.Helper()
			chmod(t, s, 0o640)
		}, "duo.universal.client_secret_file", "mode 0640"},
		{"secret a folder", func(t *testing.T, _, _, s string) {
			t.Helper()
			if err := errors.Join(os.Remove(s), os.Mkdir(s, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, "duo.universal.client_secret_file", "not a regular file"},
		{"secret a link inside", func(t *testing.T, folder, _, s string) {
			t.Helper()
			if err := errors.Join(os.Rename(s, filepath.Join(folder, "real")), os.Symlink("real", s)); err != nil {
				t.Fatal(err)
			}
		}, "", ""},
		{"secret a link elsewhere", func(t *testing.T, _, _, s string) {
			t.Helper()
			elsewhere := filepath.Join(t.TempDir(), "real")
			if err := errors.Join(os.Rename(s, elsewhere), os.Symlink(elsewhere, s)); err != nil {
				t.Fatal(err)
			}
		}, "duo.universal.client_secret_file", "symbolic link to another folder"},
		{"secret gone", func(t *testing.T, _, _, s string) {
			t.Helper()
			if err := os.Remove(s); err != nil {
				t.Fatal(err)
			}
		}, "duo.universal.client_secret_file", "cannot be found"},
		{"inline secret 0600", func(t *testing.T, _, path, _ string) { t.Helper(); inline(t, path) }, "", ""},
		{"inline secret 0644", func(t *testing.T, _, path, _ string) {
			t.Helper()
			inline(t, path)
			chmod(t, path, 0o644)
		}, "duo.universal.client_secret", "holds a secret, and"},
		{"proxy password 0644", func(t *testing.T, _, path, _ string) {
			t.Helper()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, strings.Replace(string(data), "duo: {", "duo: {http_proxy: \"http://u:p@proxy:1\", ", 1))
			chmod(t, path, 0o644)
		}, "duo.http_proxy", "holds a secret, and"},
		{"secret empty", func(t *testing.T, _, _, s string) {
			t.Helper()
			writeFile(t, s, "\n")
		}, "duo.universal.client_secret_file", "it has 0 characters"},
		{"secret with two line breaks", func(t *testing.T, _, _, s string) {
			t.Helper()
			writeFile(t, s, clientSecret+"\n\n")
		}, "duo.universal.client_secret_file", "it has 41 characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder, path, secretFile := household(t)
			tt.spoil(t, folder, path, secretFile)
			c, err := config.Load(path)
			if tt.want == "" {
				if err != nil || c.Duo.Universal.ClientSecret.Reveal() != clientSecret {
					t.Errorf("Load: %v", err)
				}
				return
			}
			faults, ok := errors.AsType[*config.FaultsError](err)
			if !ok || len(faults.Faults) != 1 {
				t.Fatalf("Load: %v", err)
			}
			if f := faults.Faults[0]; f.Key != tt.key || !strings.Contains(f.Text, tt.want) {
				t.Errorf("fault %+v, want %s: %s", f, tt.key, tt.want)
			}
		})
	}
}

// Threat T166: a folder in which anybody can replace the file.
func TestLoadOpenFolder(t *testing.T) {
	t.Parallel()
	folder, path, _ := household(t)
	chmod(t, folder, 0o777)
	if _, err := config.Load(path); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("0777: %v", err)
	}
	chmod(t, folder, 0o777|fs.ModeSticky)
	if _, err := config.Load(path); err != nil {
		t.Errorf("sticky: %v", err)
	}
}

// Threat T166: a file of somebody else.
func TestLoadForeignFile(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	_, path, secretFile := household(t)
	if err := os.Chown(secretFile, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(path); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "chown 0") {
		t.Errorf("Load: %v", err)
	}
}

func TestLoadUnreadable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.yaml")
	_, err := config.Load(path)
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("Load: %v", err)
	}
	if _, err := config.Load(t.TempDir()); err == nil || errors.Is(err, config.ErrInvalid) {
		t.Errorf("Load of a folder: %v", err)
	}
}

func TestLoadTooLarge(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, path, good+strings.Repeat("# filler\n", 40_000))
	if _, err := config.Load(path); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Load: %v", err)
	}
}

func TestParseNotText(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"\xff", "\xff\xfel\x00", "listen: \x00\n"} {
		if _, err := config.Parse([]byte(data), "c.yaml"); !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("Parse(%q): %v", data, err)
		}
	}
}

func TestSecretFromEnvironment(t *testing.T) { //nolint:paralleltest // sets the environment
	t.Setenv("MFASERVER_TEST_SECRET", clientSecret)
	data := strings.Replace(good, "client_secret: "+clientSecret, "client_secret_env: MFASERVER_TEST_SECRET", 1)
	c, err := config.Parse([]byte(data), "c.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Duo.Universal.ClientSecret.Reveal() != clientSecret {
		t.Error("not the variable's value")
	}
	if names := c.SecretEnvironment(); len(names) != 1 || names[0] != "MFASERVER_TEST_SECRET" {
		t.Errorf("SecretEnvironment() = %q", names)
	}
	t.Setenv("MFASERVER_TEST_SECRET", "short-canary")
	_, err = config.Parse([]byte(data), "c.yaml")
	if !errors.Is(err, config.ErrInvalid) || strings.Contains(err.Error(), "canary") {
		t.Errorf("Parse: %v", err)
	}
}
