package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// generation notices that the file was restored from a copy: one that Backup
// made says so itself, any other is older than the number beside it in
// [generationSuffix]. That number follows one in the file, which counts up
// when the store opens and every minute, and is never ahead of it. What was
// issued before a restore is then over: sessions, pending logins and sign-in
// codes that ended since would be live again. Only the writer's goroutine
// uses it.
type generation struct {
	db *DB
	// store is the name of this store, random, and the same in its copies.
	store [16]byte
	count uint64
	// restored: found to be a copy when it opened.
	restored bool
}

const (
	generationName = "generation"
	// copyName marks a copy that Backup made.
	copyName = "copy"
	// generationSuffix names the file beside the store.
	generationSuffix = ".generation"
)

// start judges the file and begins a generation.
func (g *generation) start(t *tx) error {
	found, err := g.load(t)
	if err != nil {
		return err
	}
	beside, there, err := g.beside()
	if err != nil {
		return err
	}
	var marked bool
	if err := t.row("SELECT EXISTS (SELECT 1 FROM meta WHERE name = ?)", []any{copyName}, &marked); err != nil {
		return err
	}
	// A file of a version before generations has no number to compare.
	older := found && (!there || beside.store != g.store || beside.count > g.count)
	if marked || older {
		if err := g.restore(t, marked); err != nil {
			return err
		}
	}
	g.count = max(g.count, beside.count) + 1
	return g.save(t)
}

// restore ends what was issued before.
func (g *generation) restore(t *tx, marked bool) error {
	ended, err := g.db.endEverything(t)
	if err != nil {
		return err
	}
	if err := t.exec("DELETE FROM meta WHERE name = ?", copyName); err != nil {
		return err
	}
	t.onCommit(func() {
		g.restored = true
		g.db.logger.Warn("store was restored from a copy, its sessions and pending logins are over",
			"path", g.db.path, "backup", marked, "sessions", ended)
	})
	return nil
}

// next counts up, so that a copy made before can be told.
func (g *generation) next(t *tx) error {
	g.count++
	return g.save(t)
}

// load reads the number in the file and reports whether there is one.
func (g *generation) load(t *tx) (found bool, err error) {
	var sealed []byte
	err = t.row("SELECT value FROM meta WHERE name = ?", []any{generationName}, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := rand.Read(g.store[:]); err != nil {
			return false, fmt.Errorf("sqlite: random source: %w", err)
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !g.open(sealed) {
		// Tampered with: then no number is this store's own.
		g.db.logger.Error("generation of the store fails its integrity check", "path", g.db.path)
		g.store, g.count = [16]byte{}, 0
	}
	return true, nil
}

// beside reads the number beside the file. One that is not what was written
// is as good as none.
func (g *generation) beside() (b generation, there bool, err error) {
	b.db = g.db
	sealed, err := os.ReadFile(g.db.path + generationSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return b, false, nil
	}
	if err != nil {
		return b, false, fmt.Errorf("sqlite: %w", err)
	}
	return b, b.open(sealed), nil
}

// save writes the number into the file, and once it is there beside it.
func (g *generation) save(t *tx) error {
	if g.store == [16]byte{} {
		if _, err := rand.Read(g.store[:]); err != nil {
			return fmt.Errorf("sqlite: random source: %w", err)
		}
	}
	sealed := g.seal()
	const query = "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2"
	if err := t.exec(query, generationName, sealed); err != nil {
		return err
	}
	t.onCommit(func() {
		if err := writeBeside(g.db.path+generationSuffix, sealed); err != nil {
			g.db.logger.Error("generation of the store could not be noted, a restored copy may go unnoticed", "err", err)
		}
	})
	return nil
}

func (g *generation) seal() []byte {
	plain := binary.BigEndian.AppendUint64(g.store[:], g.count)
	return g.db.vault.sealer.Seal(plain, g.db.vault.aad("meta", []byte(generationName)))
}

func (g *generation) open(sealed []byte) bool {
	plain, err := g.db.vault.sealer.Open(sealed, g.db.vault.aad("meta", []byte(generationName)))
	if err != nil || len(plain) != len(g.store)+8 {
		return false
	}
	copy(g.store[:], plain)
	g.count = binary.BigEndian.Uint64(plain[len(g.store):])
	return true
}

// writeBeside replaces a small file. It is synced where it was not there
// before; later on, an older number after a power loss is as good.
func writeBeside(path string, content []byte) error {
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // beside the store
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	_, before := os.Lstat(path)
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if before != nil {
		return syncPath(filepath.Dir(path))
	}
	return nil
}

// Restored reports whether the file was found to be restored from a copy when
// the store opened. Its sessions, pending logins and sign-in codes were ended
// then; passwords, service tokens and break-glass codes are as they were when
// the copy was made.
func (db *DB) Restored() bool { return db.generation.restored }

// beginGeneration runs before anything else of the store does.
func (db *DB) beginGeneration(ctx context.Context) error {
	return db.writer.do(ctx, db.generation.start)
}
