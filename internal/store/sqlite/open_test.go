package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/store/record/recordtest"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token/tokentest"
	"mfaserver/session"
	"mfaserver/session/sessiontest"
)

// made is a store with some content, closed, so that its file is whole.
func made(t *testing.T) sqlite.Config {
	t.Helper()
	c := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	fill(t, c, 300)
	return c
}

// Threat T123: a damaged, cut, empty or foreign file is refused by name, left
// as it is and never replaced by an empty store.
func TestOpenRefusesDamagedFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		damage func(t *testing.T, path string, whole []byte) []byte
		want   error
	}{
		{"zero length", func(*testing.T, string, []byte) []byte { return nil }, sqlite.ErrDamaged},
		{"shorter than a header", func(_ *testing.T, _ string, whole []byte) []byte { return whole[:60] }, sqlite.ErrDamaged},
		{"cut after the first page", func(_ *testing.T, _ string, whole []byte) []byte { return whole[:4096] }, sqlite.ErrDamaged},
		{"cut in the middle of a page", func(_ *testing.T, _ string, whole []byte) []byte { return whole[:len(whole)/2+100] }, sqlite.ErrDamaged},
		{"text", func(*testing.T, string, []byte) []byte { return bytes.Repeat([]byte("hello\n"), 2000) }, sqlite.ErrDamaged},
		{"header overwritten", func(_ *testing.T, _ string, whole []byte) []byte {
			copy(whole, make([]byte, 16))
			return whole
		}, sqlite.ErrDamaged},
		{"page size changed", func(_ *testing.T, _ string, whole []byte) []byte {
			whole[16], whole[17] = 2, 0
			return whole
		}, sqlite.ErrDamaged},
		{"a page zeroed", func(_ *testing.T, _ string, whole []byte) []byte {
			copy(whole[10*4096:], make([]byte, 4096))
			return whole
		}, sqlite.ErrDamaged},
		{"two pages swapped", func(_ *testing.T, _ string, whole []byte) []byte {
			kept := bytes.Clone(whole[8*4096 : 9*4096])
			copy(whole[8*4096:], whole[20*4096:21*4096])
			copy(whole[20*4096:], kept)
			return whole
		}, sqlite.ErrDamaged},
		{"of another program", func(t *testing.T, path string, _ []byte) []byte {
			t.Helper()
			return foreign(t, path+".other", "CREATE TABLE t (x)")
		}, sqlite.ErrDamaged},
		{"empty database of another program", func(t *testing.T, path string, _ []byte) []byte {
			t.Helper()
			return foreign(t, path+".other", "PRAGMA user_version = 1")
		}, sqlite.ErrDamaged},
		{"our mark, but no tables", func(t *testing.T, path string, _ []byte) []byte {
			t.Helper()
			return foreign(t, path+".other", "PRAGMA application_id = 0x6d666173; PRAGMA user_version = 1")
		}, sqlite.ErrDamaged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := made(t)
			whole, err := os.ReadFile(config.Path)
			if err != nil {
				t.Fatal(err)
			}
			broken := test.damage(t, config.Path, whole)
			if err := os.WriteFile(config.Path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := sqlite.Open(t.Context(), config)
			if err == nil {
				t.Fatalf("Open() = %v, nil, want an error", db)
			}
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), config.Path) {
				t.Errorf("Open() = %v, want %v and the file's name", err, test.want)
			}
			after, err := os.ReadFile(config.Path)
			if err != nil || !bytes.Equal(after, broken) {
				t.Errorf("the refused file was changed: %d bytes, %v, were %d", len(after), err, len(broken))
			}
		})
	}
}

// foreign makes a SQLite file with the given SQL and returns its bytes.
func foreign(t *testing.T, path, script string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOpenRefusesOddFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setup func(path string) error
		want  error
	}{
		{"symlink", func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path))
		}, sqlite.ErrDamaged},
		{"symlink to nothing", func(path string) error {
			return errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".gone", path))
		}, sqlite.ErrDamaged},
		{"folder", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, sqlite.ErrDamaged},
		{"log without its file", func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path+"-wal", []byte("log"), 0o600))
		}, sqlite.ErrDamaged},
		{"group may read", func(path string) error { return os.Chmod(path, 0o640) }, sqlite.ErrFileMode},
		{"world may read the log", func(path string) error {
			return errors.Join(os.WriteFile(path+"-wal", nil, 0o600), os.Chmod(path+"-wal", 0o604))
		}, sqlite.ErrFileMode},
		{"lock is a symlink", func(path string) error {
			return errors.Join(os.Remove(path+".lock"), os.Symlink(path, path+".lock"))
		}, sqlite.ErrDamaged},
		{"folder missing", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, os.ErrNotExist},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := made(t)
			if err := test.setup(config.Path); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, test.want) {
				t.Errorf("Open() = %v, want %v", err, test.want)
			}
		})
	}
}

// Threat T128, fault R26: an earlier version refuses a later file cleanly.
func TestOpenRefusesALaterSchema(t *testing.T) {
	t.Parallel()
	config := made(t)
	steps := append(sqlite.Migrations(), "CREATE TABLE later (x TEXT) STRICT")
	if err := sqlite.Migrate(t.Context(), config.Path, steps); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, sqlite.ErrTooNew) {
		t.Errorf("Open() = %v, want ErrTooNew", err)
	}
}

// Threat T128: a file of an earlier version is brought forward with its
// content; a step that fails leaves it as it was.
func TestMigrateGoesForwardOnly(t *testing.T) {
	t.Parallel()
	config := made(t)
	steps := append(sqlite.Migrations(), "ALTER TABLE users ADD COLUMN note TEXT", "CREATE TABLE broken (x) STRICT")
	if err := sqlite.Migrate(t.Context(), config.Path, steps); err == nil {
		t.Fatal("Migrate() with a step that fails = nil")
	}
	if err := sqlite.Migrate(t.Context(), config.Path, sqlite.Migrations()); !errors.Is(err, sqlite.ErrTooNew) {
		t.Errorf("Migrate() after the step that worked = %v, want ErrTooNew", err)
	}
	if err := sqlite.Migrate(t.Context(), config.Path, steps[:len(steps)-1]); err != nil {
		t.Errorf("Migrate() again = %v, want nil: the step was done", err)
	}
}

// Threat T128, fault R26: a file of the version before opens with what it holds and gets
// the new tables; under another key it stays as it is.
func TestOpenBringsForward(t *testing.T) {
	t.Parallel()
	config := made(t)
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := numbered(7)
	if err := errors.Join(db.SealSession(t.Context(), &s, recordtest.SessionOfVersion1(&s)), db.Close()); err != nil {
		t.Fatal(err)
	}
	earlier := foreignScript("DROP TABLE ", sqlite.Added()...) + "PRAGMA user_version = 1"
	foreign(t, config.Path, earlier)
	before, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := config
	wrong.Sealer = newSealer(t)
	if _, err := sqlite.Open(t.Context(), wrong); !errors.Is(err, sqlite.ErrWrongKey) {
		t.Errorf("Open() under another key = %v, want ErrWrongKey", err)
	}
	if after, err := os.ReadFile(config.Path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed under another key: %v", err)
	}
	db = open(t, config)
	for i := range 300 {
		if _, err := db.Sessions().Find(t.Context(), numbered(i).Key, begun); err != nil {
			t.Errorf("Find(%d) = %v", i, err)
		}
	}
	if err := db.Tokens().Insert(t.Context(), tokentest.TokenRecord(1)); err != nil {
		t.Errorf("Insert() of a token = %v", err)
	}
}

func foreignScript(verb string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(verb + name + ";")
	}
	return b.String()
}

func TestOpenRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	config := made(t)
	config.Sealer = newSealer(t)
	if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, sqlite.ErrWrongKey) {
		t.Errorf("Open() = %v, want ErrWrongKey", err)
	}
}

func TestOpenRefusesAnIncompleteConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]sqlite.Config{
		"no path":   {Sealer: newSealer(t)},
		"no sealer": {Path: filepath.Join(t.TempDir(), "data.db")},
	} {
		if _, err := sqlite.Open(t.Context(), c); !errors.Is(err, sqlite.ErrConfig) {
			t.Errorf("%s: Open() = %v, want ErrConfig", name, err)
		}
	}
}

// Threat T166: what the store makes is its owner's alone.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	config := sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)}
	db := open(t, config)
	if _, err := db.Sessions().Create(t.Context(), numbered(1), 0, begun); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(config.Path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of data.db%s = %v, %v, want 0600", suffix, info.Mode(), err)
		}
	}
}

// Without its hashing key the store could not find a user's sessions to end
// them: it is damaged, not new.
func TestOpenRefusesAStoreThatLostItsHashingKey(t *testing.T) {
	t.Parallel()
	config := made(t)
	db, err := sqlite.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Exec(t.Context(), "DELETE FROM meta"), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), config); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("Open() = %v, want ErrDamaged", err)
	}
}

// Threat T123: the first creation was interrupted before the file had its
// name.
func TestOpenStartsAnInterruptedCreationAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data.db")
	for _, suffix := range []string{".new", ".new-journal", ".new-wal"} {
		if err := os.WriteFile(path+suffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, sqlite.Config{Path: path, Sealer: newSealer(t)})
	left, err := filepath.Glob(path + ".new*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "100%25.db", "q?mode=ro.db", "h#ash.db", "ü&_pragma=x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := sqlite.Config{Path: filepath.Join(t.TempDir(), name), Sealer: newSealer(t)}
			open(t, config)
			if _, err := os.Stat(config.Path); err != nil {
				t.Errorf("Stat() = %v", err)
			}
		})
	}
}

func TestReopenedStoreHoldsAll(t *testing.T) {
	t.Parallel()
	config := made(t)
	for range 2 {
		db, err := sqlite.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 300 {
			if _, err := db.Sessions().Find(t.Context(), numbered(i).Key, begun); err != nil {
				t.Fatalf("Find(%d) = %v", i, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatalf("Close() = %v", err)
		}
		if _, err := os.Stat(config.Path + "-wal"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("log after Close: %v, want none", err)
		}
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: newSealer(t)})
	if err != nil {
		t.Fatal(err)
	}
	s := sessiontest.NewSession("a", "alice", begun)
	if _, err := db.Sessions().Create(t.Context(), s, 0, begun); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Check(t.Context()), db.Close(), db.Close()); err != nil {
		t.Fatalf("Check(), Close(), Close() = %v", err)
	}
	if err := db.Check(t.Context()); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("Check() = %v, want ErrClosed", err)
	}
	store := db.Sessions()
	_, errCreate := store.Create(t.Context(), s, 0, begun)
	_, errFind := store.Find(t.Context(), s.Key, begun)
	_, errDelete := store.Delete(t.Context(), s.Key)
	_, errList := store.List(t.Context(), "", begun)
	for i, err := range []error{errCreate, errFind, errDelete, errList, store.Touch(t.Context(), s.Key, begun)} {
		if !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("call %d = %v, want session.ErrUnavailable", i, err)
		}
	}
}
