package lapsefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/helpdesk/lapsefile"
)

// Threat T159: when a bypass ends outlasts the process.
func TestFiles(t *testing.T) {
	t.Parallel()
	helpdesktest.TestLapses(t, func(t *testing.T) (one, again helpdesk.Lapses) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "lapses")
		return lapsefile.New(dir), lapsefile.New(dir)
	})
}

// Threat T159: a file that is cut or altered is told of, hides no other, and is
// neither read as something else nor dropped.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":        "",
		"cut":          `{"org":"default","kind":"user","id":"DU2"`,
		"unknown":      `{"org":"default","kind":"user","id":"DU2","to":"active","due":"2031-01-01T00:00:00Z","for":"ever"}`,
		"without due":  `{"org":"default","kind":"user","id":"DU2","to":"active"}`,
		"without kind": `{"org":"default","id":"DU2","to":"active","due":"2031-01-01T00:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			f := lapsefile.New(dir)
			good := helpdesktest.Lapse("DU1", time.Date(2031, time.January, 1, 0, 0, 0, 0, time.UTC))
			if err := f.Keep(t.Context(), good); err != nil {
				t.Fatal(err)
			}
			bad := filepath.Join(dir, "0.json")
			if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			all, err := f.All(t.Context())
			if !errors.Is(err, lapsefile.ErrFile) || len(all) != 1 || all[0] != good {
				t.Errorf("All = %+v, %v, want the good one and ErrFile", all, err)
			}
			if _, err := os.Stat(bad); err != nil {
				t.Error(err)
			}
		})
	}
}

// Threat T166: the files are for their owner alone.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "lapses")
	if err := lapsefile.New(dir).Keep(t.Context(), helpdesktest.Lapse("DU1", time.Now())); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, files[0]: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("mode of %s = %v, %v, want %04o", path, info.Mode().Perm(), err, want)
		}
	}
}
