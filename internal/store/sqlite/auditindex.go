package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"

	"mfaserver/internal/audit"
	"mfaserver/internal/store/record"
)

// auditIndexSuffix names the file of the index, which is beside the store:
// it grows with the trail, and nothing of it is worth a check at every start
// or a wait of a sign-in. Users and addresses are in its columns as keyed
// hashes, and the entries sealed.
const auditIndexSuffix = ".audit"

// auditIndex implements [audit.Index].
type auditIndex struct {
	db    *DB
	pool  *sql.DB
	write sync.Mutex // one writer at a time
	// shut makes every call fail, and waits for those under way.
	shut   sync.RWMutex
	closed bool
}

var _ audit.Index = (*auditIndex)(nil)

// auditIndexVersion is PRAGMA user_version. A file of another version is
// made anew.
const auditIndexVersion = 2

const auditIndexSchema = `
CREATE TABLE meta (store BLOB NOT NULL) STRICT;
CREATE TABLE entries (
	sequence INTEGER PRIMARY KEY, -- with the highest bit flipped, so that all 64 bits are in order
	time     INTEGER NOT NULL,
	event    TEXT NOT NULL,
	family   TEXT NOT NULL, -- of the event, up to its first dot
	outcome  TEXT NOT NULL,
	user     BLOB,
	actor    BLOB,
	tx       TEXT,
	session  TEXT,
	request  TEXT,
	source   BLOB,
	record   BLOB NOT NULL
) STRICT;
CREATE INDEX entries_time    ON entries (time);
CREATE INDEX entries_event   ON entries (event);
CREATE INDEX entries_family  ON entries (family);
CREATE INDEX entries_bad     ON entries (outcome) WHERE outcome <> 'ok';
CREATE INDEX entries_user    ON entries (user)    WHERE user IS NOT NULL;
CREATE INDEX entries_actor   ON entries (actor)   WHERE actor IS NOT NULL;
CREATE INDEX entries_tx      ON entries (tx)      WHERE tx IS NOT NULL;
CREATE INDEX entries_session ON entries (session) WHERE session IS NOT NULL;
CREATE INDEX entries_request ON entries (request) WHERE request IS NOT NULL;
CREATE INDEX entries_source  ON entries (source)  WHERE source IS NOT NULL;
`

// AuditIndex returns the index of the audit trail. It is in a file of its
// own, which is made anew when it is damaged, lost, or of another store; the
// trail then fills it again.
func (db *DB) AuditIndex() audit.Index { return db.auditIndex }

// openAuditIndex opens the index, or makes it.
func (db *DB) openAuditIndex(ctx context.Context) error {
	x := &auditIndex{db: db}
	path := db.path + auditIndexSuffix
	err := x.open(ctx, path)
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, fs.ErrNotExist) {
			level = slog.LevelDebug // the store is new, or the index was removed on purpose
		}
		db.logger.Log(ctx, level, "index of the audit trail is made anew", "path", path, "err", err)
		if err := errors.Join(x.close(), removeStore(path)); err != nil {
			return fmt.Errorf("sqlite: index of the audit trail: %w", err)
		}
		x = &auditIndex{db: db}
		err = x.make(ctx, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("sqlite: index of the audit trail: %w", err), x.close())
	}
	db.auditIndex = x
	return nil
}

// errNoIndex: the file is not the index of this store.
var errNoIndex = errors.New("not the index of this store")

func (x *auditIndex) open(ctx context.Context, path string) error {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || modesTell && info.Mode().Perm()&0o077 != 0 {
		return errors.Join(errNoIndex, err)
	}
	if err := x.connect(path); err != nil {
		return err
	}
	var version int
	if err := x.pool.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	var sealed []byte
	if version == auditIndexVersion {
		if err := x.pool.QueryRowContext(ctx, "SELECT store FROM meta").Scan(&sealed); err != nil {
			return err
		}
	}
	store, err := x.db.vault.sealer.Open(sealed, x.aad(nil))
	if err != nil || !bytes.Equal(store, x.db.vault.indexKey) || !x.db.vault.sealer.Current(sealed) {
		return errors.Join(errNoIndex, err)
	}
	return nil
}

func (x *auditIndex) connect(path string) (err error) {
	x.pool, err = openPool(path, "mode=rw", "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-1024)")
	if err == nil {
		x.pool.SetMaxOpenConns(readers)
		x.pool.SetMaxIdleConns(readers)
	}
	return err
}

func (x *auditIndex) make(ctx context.Context, path string) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	if err := x.connect(path); err != nil {
		return err
	}
	tx, err := x.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it may be committed
	if _, err := tx.ExecContext(ctx, auditIndexSchema+fmt.Sprintf("PRAGMA user_version = %d", auditIndexVersion)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO meta (store) VALUES (?)", x.db.vault.sealer.Seal(x.db.vault.indexKey, x.aad(nil))); err != nil {
		return err
	}
	return tx.Commit()
}

func (x *auditIndex) close() error {
	if x == nil || x.pool == nil {
		return nil
	}
	x.shut.Lock()
	defer x.shut.Unlock()
	x.closed = true
	return x.pool.Close()
}

// use keeps the index open until done is called.
func (x *auditIndex) use() (done func(), err error) {
	x.shut.RLock()
	if x.closed {
		x.shut.RUnlock()
		return nil, fault("index of the audit trail", ErrClosed)
	}
	return x.shut.RUnlock, nil
}

func (x *auditIndex) aad(sequence []byte) []byte { return x.db.vault.aad("audit", sequence) }

// Add implements [audit.Index]. After a power loss the last ones may be gone
// again.
func (x *auditIndex) Add(ctx context.Context, entries []audit.IndexEntry, rest func()) error {
	done, err := x.use()
	if err != nil {
		return err
	}
	defer done()
	x.write.Lock()
	defer x.write.Unlock()
	tx, err := x.pool.BeginTx(ctx, nil)
	if err != nil {
		return fault("index audit trail", err)
	}
	defer tx.Rollback() //nolint:errcheck // it may be committed
	const insert = `INSERT OR REPLACE INTO entries (sequence, time, event, family, outcome, user, actor, tx, session, request, source, record)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	stmt, err := tx.PrepareContext(ctx, insert)
	if err != nil {
		return fault("index audit trail", err)
	}
	defer stmt.Close() //nolint:errcheck // the transaction reports
	for i := range entries {
		if i > 0 && rest != nil {
			rest()
		}
		if _, err := stmt.ExecContext(ctx, x.row(&entries[i])...); err != nil {
			return fault("index audit trail", err)
		}
	}
	return fault("index audit trail", tx.Commit())
}

// row is the columns of an entry.
func (x *auditIndex) row(e *audit.IndexEntry) []any {
	var user, actor, source any
	if e.User != "" {
		user = x.user(e.User)
	}
	if e.Actor != "" {
		actor = x.actor(e.Actor)
	}
	if e.Source.IsValid() {
		source = x.source(e.Source)
	}
	return []any{
		order(e.Sequence), record.Nanos(e.Time), string(e.Event), family(e.Event), string(e.Outcome), user, actor, orNull(e.Transaction), orNull(e.Session), orNull(e.Request), source,
		x.db.vault.sealer.Seal(record.EncodeIndexEntry(e), x.aad(binary.BigEndian.AppendUint64(nil, e.Sequence))),
	}
}

func (x *auditIndex) user(name string) []byte { return x.db.vault.hash("audit user", []byte(name)) }

func (x *auditIndex) actor(name string) []byte { return x.db.vault.hash("audit actor", []byte(name)) }

func (x *auditIndex) source(a netip.Addr) []byte {
	return x.db.vault.hash("audit source", []byte(a.Unmap().WithZone("").String()))
}

// family is an event's name up to its first dot, which is in it.
func family(n audit.Name) string {
	at := strings.IndexByte(string(n), '.')
	return string(n[:at+1])
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// order makes a column of a sequence that keeps the order of all 64 bits.
func order(sequence uint64) int64 { return int64(sequence ^ 1<<63) } //nolint:gosec // all bits are kept

// sequenceOf is the sequence of such a column.
func sequenceOf(column int64) uint64 { return uint64(column) ^ 1<<63 } //nolint:gosec // as order made it
