package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID marks the file as ours (PRAGMA application_id): "mfas".
const applicationID = 0x6d666173

// migrations lead from each schema version to the next; the version is
// PRAGMA user_version. Released steps never change: add one.
//
// Columns hold only what queries need. Times are nanoseconds since 1970;
// user and client are keyed hashes; record is sealed.
var migrations = []string{
	`
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT;

CREATE TABLE sessions (
	id      INTEGER PRIMARY KEY,
	key     BLOB    NOT NULL UNIQUE,
	user    BLOB    NOT NULL,
	page    INTEGER NOT NULL,
	created INTEGER NOT NULL,
	ends    INTEGER NOT NULL, -- idle or absolute end, as last written; see touches.go
	record  BLOB    NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user, page, created, ends);
CREATE INDEX sessions_ends ON sessions (ends);

CREATE TABLE transactions (
	id      INTEGER PRIMARY KEY,
	key     BLOB    NOT NULL UNIQUE,
	user    BLOB    NOT NULL,
	client  BLOB    NOT NULL, -- user and address
	binding BLOB    NOT NULL,
	phase   INTEGER NOT NULL, -- 0 final, 1 pending, 2 claimed
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	record  BLOB    NOT NULL
) STRICT;
CREATE INDEX transactions_expires ON transactions (expires);
CREATE INDEX transactions_live    ON transactions (expires) WHERE phase > 0;
CREATE INDEX transactions_user    ON transactions (user, expires) WHERE phase > 0;
CREATE INDEX transactions_client  ON transactions (client, created, expires) WHERE phase > 0;
CREATE INDEX transactions_binding ON transactions (binding) WHERE phase > 0;

CREATE TABLE sources (
	source BLOB    PRIMARY KEY, -- user and address
	until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_until ON sources (until);

CREATE TABLE codes (
	code  BLOB    PRIMARY KEY,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_until ON codes (until);

CREATE TABLE users (
	id       INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
	username BLOB    NOT NULL UNIQUE,
	record   BLOB    NOT NULL
) STRICT;
`,
	// What a gateway needs: ways in with one call, and the engine's sessions.
	`
CREATE TABLE tokens (
	id     TEXT PRIMARY KEY,
	key    BLOB NOT NULL UNIQUE,
	record BLOB NOT NULL
) STRICT;

CREATE TABLE sign_in_codes (
	id     INTEGER PRIMARY KEY,
	code   BLOB    NOT NULL UNIQUE, -- keyed hash
	user   BLOB    NOT NULL,
	live   INTEGER NOT NULL,
	issued INTEGER NOT NULL,
	ends   INTEGER NOT NULL, -- when a sweep may have it
	record BLOB    NOT NULL
) STRICT;
CREATE INDEX sign_in_codes_ends ON sign_in_codes (ends);
CREATE INDEX sign_in_codes_user ON sign_in_codes (user, issued, id) WHERE live > 0;

CREATE TABLE break_glass (
	id     INTEGER PRIMARY KEY,
	code   BLOB    NOT NULL UNIQUE, -- keyed hash
	user   BLOB    NOT NULL,
	record BLOB    NOT NULL
) STRICT;
CREATE INDEX break_glass_user ON break_glass (user);

CREATE TABLE ledger (
	id     BLOB PRIMARY KEY,
	record BLOB NOT NULL
) STRICT;
`,
	// From when on sessions may be.
	`
CREATE TABLE epochs (
	user   BLOB    PRIMARY KEY, -- empty: everybody
	until  INTEGER NOT NULL,    -- when a sweep may have it
	record BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
`,
}

// tables are those of a schema version that hold what belongs to somebody.
func tables(version int) []string {
	all := []string{"sessions", "transactions", "sources", "users"}
	if version > 1 {
		all = append(all, "tokens", "sign_in_codes", "break_glass", "ledger")
	}
	if version > 2 {
		all = append(all, "epochs")
	}
	return all
}

// migrate brings the schema to the version of the last of steps, one
// transaction a step.
func migrate(ctx context.Context, conn *sql.Conn, steps []string) error {
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: schema %d, this program knows up to %d", ErrTooNew, version, len(steps))
	}
	for ; version < len(steps); version++ {
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s;\nPRAGMA user_version = %d;\nCOMMIT", steps[version], version+1)
		if _, err := conn.ExecContext(ctx, script); err != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK") // reports that there is none when the script never began
			return fmt.Errorf("sqlite: schema step %d: %w", version+1, err)
		}
	}
	return nil
}

func schemaVersion(ctx context.Context, conn *sql.Conn) (int, error) {
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("sqlite: schema version: %w", err)
	}
	return version, nil
}
