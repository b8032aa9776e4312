package sqlite

import (
	"context"
	"time"

	"mfaserver/internal/store/record"
)

// Counts are how many sessions there are, those included that nobody swept yet,
// and how many logins are pending at now.
func (db *DB) Counts(ctx context.Context, now time.Time) (sessions, pending int, err error) {
	const query = `SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM transactions WHERE phase > 0 AND expires > ?)`
	return sessions, pending, db.reads.row(ctx, query, []any{record.Nanos(now)}, &sessions, &pending)
}
