//go:build unix

package lapsefile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/helpdesk/lapsefile"
)

// Threat T159: what root puts into bypass, the server's own user can end.
func TestRootGivesFilesAway(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	data := t.TempDir()
	const user, group = 4711, 4712
	if err := os.Chown(data, user, group); err != nil {
		t.Skipf("this root may not give files away: %v", err)
	}
	dir := filepath.Join(data, "lapses")
	if err := lapsefile.New(dir).Keep(t.Context(), helpdesktest.Lapse("DU1", time.Now())); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, path := range []string{dir, files[0]} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); !ok || owner.Uid != user || owner.Gid != group {
			t.Errorf("%s belongs to %+v, want %d:%d", path, owner, user, group)
		}
	}
}
