package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/token"
	"mfaserver/internal/upstream"
	"mfaserver/mfa"
	"mfaserver/session"
)

// readers is how many connections read beside the writer.
const readers = 4

// readerCache is the cache of a connection that reads, in KiB: every commit of the
// writer empties it.
const readerCache = "cache_size(-512)"

// Config says which file, and the key its records are sealed with.
type Config struct {
	// Path is the file, usually data.db in the data folder. SQLite keeps
	// -wal and -shm beside it, and the store .lock, .generation and .audit.
	Path string
	// Sealer seals. After a rotation it must know the previous key for as
	// long as sessions last; directory, service tokens and break-glass codes
	// are sealed anew when the store opens.
	Sealer *seal.Sealer
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the wall clock, used where a contract passes no time and to
	// notice that the clock was set back. Default: the real one.
	Now func() time.Time
}

// DB is an open store. It is safe for concurrent use, and every write is on
// disk when its call returns, but for touches of sessions (see
// [session.Store]), which follow within seconds.
//
// While the disk is full or fails, writes are refused and reads go on; it
// heals when the disk does. After a failed sync, or when the file is damaged,
// removed or replaced, everything is refused: see [DB.Check].
type DB struct {
	path   string
	logger *slog.Logger
	now    func() time.Time
	lock   *fileLock
	vault  *vault
	writer *writer
	writes *sql.DB
	conn   *sql.Conn
	folds  *checkpointer
	reads  *readPool

	failure atomic.Pointer[error]
	watch   *fileWatch
	clock   *clockGuard
	// generation tells a restored copy.
	generation *generation

	sessions     *sessions
	transactions *transactions
	users        *users
	auditIndex   *auditIndex

	closing sync.Once
	closed  error
}

// Open opens the store, making it where there is none. It checks the whole
// file (about a second for 500 MB) and fails with [ErrLocked], [ErrDamaged],
// [ErrTooNew], [ErrFileMode], [ErrWrongKey] or [ErrConfig]; the file is then
// as it was.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Path == "" || c.Sealer == nil {
		return nil, fmt.Errorf("%w: path and sealer are needed", ErrConfig)
	}
	db := &DB{path: c.Path, logger: c.Logger, now: c.Now}
	if db.logger == nil {
		db.logger = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if err := db.open(ctx, c.Sealer); err != nil {
		return nil, errors.Join(err, db.stop())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, sealer *seal.Sealer) (err error) {
	if db.lock, err = acquireLock(db.path); err != nil {
		return err
	}
	if err := prepareFile(ctx, db.path); err != nil {
		return err
	}
	if db.watch, err = newFileWatch(db.path); err != nil {
		return err
	}
	if db.writes, err = openPool(db.path, "mode=rw", "synchronous(FULL)", "cache_size(-4096)", "journal_size_limit(67108864)", "wal_autocheckpoint(0)"); err != nil {
		return err
	}
	db.conn, err = db.writes.Conn(ctx)
	if err == nil {
		err = db.check(ctx, db.conn, sealer)
	}
	if err != nil {
		if c := code(err); damaged(c) || c == sqlite3.SQLITE_ERROR { // the latter: tables are missing
			return fmt.Errorf("%w: %s: %w", ErrDamaged, db.path, err)
		}
		return fmt.Errorf("%w (%s)", err, db.path)
	}
	pool, err := openPool(db.path, "mode=ro", "query_only(1)", readerCache)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(readers)
	pool.SetMaxIdleConns(readers)
	db.reads = newReadPool(pool, db)
	if err := db.openAuditIndex(ctx); err != nil {
		return err
	}
	return db.start(ctx)
}

// check verifies the file, that the key is its own, and only then brings its
// schema up to date.
func (db *DB) check(ctx context.Context, conn *sql.Conn, sealer *seal.Sealer) error {
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if version > len(migrations) {
		return migrate(ctx, conn, migrations)
	}
	took, err := quickCheck(ctx, conn)
	if err != nil {
		return err
	}
	db.logger.DebugContext(ctx, "store checked", "path", db.path, "took", took)
	if db.vault, err = openVault(ctx, conn, sealer); err != nil {
		return err
	}
	if err := migrate(ctx, conn, migrations); err != nil {
		return err
	}
	return allowShrinking(ctx, conn)
}

// start makes the rooms and the writer.
func (db *DB) start(ctx context.Context) error {
	ticker := time.NewTicker(upkeepInterval)
	db.writer = &writer{
		conn: db.conn, stmts: make(map[string]*sql.Stmt), queue: make(chan *job, queueSize),
		upkeep: db.upkeep, tick: ticker.C, stop: make(chan struct{}), ended: make(chan struct{}),
		between: make(chan func(context.Context)), failed: db.fail, refuse: db.refusal,
	}
	var err error
	if db.folds, err = db.newCheckpointer(ctx); err != nil {
		db.writer = nil // never began
		ticker.Stop()
		return err
	}
	db.writer.changed = db.folds.changed
	db.sessions = newSessions(db)
	db.transactions = newTransactions(db)
	db.users = &users{db: db, cache: newUserCache()}
	db.clock = &clockGuard{db: db}
	db.generation = &generation{db: db}
	// The writer outlives the call that opened the store.
	go func(ctx context.Context) {
		defer ticker.Stop()
		db.writer.loop(ctx)
	}(context.WithoutCancel(ctx))
	// On failure Open releases everything, the writer included.
	return errors.Join(db.beginGeneration(ctx), db.writer.do(ctx, db.sessions.loadEpochs), db.clock.start(ctx), db.reseal(ctx))
}

// reseal brings what outlasts a sealing key under the current one.
func (db *DB) reseal(ctx context.Context) error {
	tokens, breakGlass := tokens{db: db}, breakGlass{db: db}
	return errors.Join(db.users.reseal(ctx), tokens.reseal(ctx), breakGlass.reseal(ctx))
}

// Sessions returns the room of the sessions.
func (db *DB) Sessions() session.Store { return db.sessions }

// Transactions returns the room of the pending logins.
func (db *DB) Transactions() mfa.Transactions { return db.transactions }

// Sources returns the room of the known addresses.
func (db *DB) Sources() mfa.Sources { return &sources{db: db} }

// Codes returns the room of the spent codes.
func (db *DB) Codes() mfa.Codes { return &codes{db: db} }

// Users returns the room of the local directory.
func (db *DB) Users() primary.Users { return db.users }

// Tokens returns the room of the service tokens.
func (db *DB) Tokens() token.ServiceTokens { return &tokens{db: db} }

// SignInCodes returns the room of the sign-in codes.
func (db *DB) SignInCodes() token.SignInCodes { return &signIn{db: db} }

// BreakGlass returns the room of the break-glass codes.
func (db *DB) BreakGlass() token.BreakGlassCodes { return &breakGlass{db: db} }

// Ledger returns the room of the engine's sessions that nobody holds.
func (db *DB) Ledger() upstream.Ledger { return &ledger{db: db} }

// Check reports whether the store works: nil, or [ErrFailed] or [ErrClosed]
// with the reason. It writes nothing.
func (db *DB) Check(ctx context.Context) error {
	if err := db.refusal(); err != nil {
		return err
	}
	var one int
	return db.reads.row(ctx, "SELECT 1", nil, &one)
}

// Close finishes what is queued, writes pending touches and gives the file
// free. Calls after it are refused. Further Closes return the same error.
func (db *DB) Close() error {
	db.closing.Do(func() { db.closed = db.stop() })
	return db.closed
}

func (db *DB) stop() error {
	if db.writer != nil {
		close(db.writer.stop)
		<-db.writer.ended
	}
	closed := ErrClosed
	db.failure.CompareAndSwap(nil, &closed)
	return db.release()
}

// release closes what open got hold of, the lock last.
func (db *DB) release() error {
	errs := []error{db.auditIndex.close()}
	if db.reads != nil {
		errs = append(errs, db.reads.close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	if db.folds != nil {
		errs = append(errs, db.folds.close())
	}
	if db.conn != nil {
		errs = append(errs, db.conn.Close())
	}
	if db.writes != nil {
		errs = append(errs, db.writes.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.release())
	}
	return errors.Join(errs...)
}

// fail stops the store for good.
func (db *DB) fail(err error) {
	err = fmt.Errorf("%w: %s: %w", ErrFailed, db.path, err)
	if db.failure.CompareAndSwap(nil, &err) {
		db.logger.Error("store has failed, restart needed", "path", db.path, "err", err)
	}
}

// refusal is why nothing may be answered any more, or nil.
func (db *DB) refusal() error {
	if err := db.failure.Load(); err != nil {
		return *err
	}
	return db.watch.missing()
}
