package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/netip"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/mfa"
)

// transactions implements [mfa.Transactions].
type transactions struct {
	db *DB
	// live is how many rows are in a live phase, expired or not: never less
	// than what the limit counts. Only the writer's goroutine uses it.
	live int
}

var _ mfa.Transactions = (*transactions)(nil)

// unknownCount makes the next Insert count.
const unknownCount = -1

// errDuplicateTransaction: two transactions with one state; states are random,
// so this is a fault of the program.
var errDuplicateTransaction = errors.New("sqlite: transaction exists")

func newTransactions(db *DB) *transactions { return &transactions{db: db, live: unknownCount} }

// Values of the column phase.
const (
	phaseFinal   = 0
	phasePending = 1
	phaseClaimed = 2
)

func phaseColumn(p mfa.Phase) int64 {
	switch p {
	case mfa.Pending:
		return phasePending
	case mfa.Claimed:
		return phaseClaimed
	case mfa.Redeemed, mfa.Denied, mfa.Burned:
		return phaseFinal
	default:
		return phaseFinal
	}
}

// Find implements [mfa.Transactions].
func (s *transactions) Find(ctx context.Context, k mfa.Key) (mfa.Transaction, error) {
	r := transactionRow{key: k[:]}
	err := s.db.reads.row(ctx, selectTransaction, []any{k[:]}, r.columns()...)
	if errors.Is(err, sql.ErrNoRows) {
		return mfa.Transaction{}, mfa.ErrUnknownState
	}
	if err != nil {
		return mfa.Transaction{}, unavailable(mfa.ErrUnavailable, err)
	}
	return s.open(&r)
}

// Update implements [mfa.Transactions].
func (s *transactions) Update(ctx context.Context, k mfa.Key, change func(*mfa.Transaction) error) (mfa.Transaction, error) {
	var changed mfa.Transaction
	err := s.db.writer.do(ctx, func(t *tx) error {
		r := transactionRow{key: k[:]}
		err := t.row(selectTransaction, []any{k[:]}, r.columns()...)
		if errors.Is(err, sql.ErrNoRows) {
			return mfa.ErrUnknownState
		}
		if err != nil {
			return err
		}
		stored, err := s.open(&r)
		if err != nil {
			return err
		}
		changed = stored
		if err := change(&changed); err != nil {
			return err
		}
		changed = s.allowed(stored, changed)
		return s.save(t, &r, &stored, &changed)
	})
	if err != nil {
		return mfa.Transaction{}, unavailable(mfa.ErrUnavailable, err)
	}
	return changed, nil
}

// allowed takes from changed only what Update may change.
func (s *transactions) allowed(stored, changed mfa.Transaction) mfa.Transaction {
	stored.Phase, stored.Misses, stored.UnsentCode = changed.Phase, changed.Misses, changed.UnsentCode
	stored.Carry = append(mfa.Carry(nil), changed.Carry...)
	return stored
}

// save writes what became of a row.
func (s *transactions) save(t *tx, r *transactionRow, before, after *mfa.Transaction) error {
	sealed := s.db.vault.sealer.Seal(record.EncodeTransaction(after), s.aad(r))
	if err := t.exec("UPDATE transactions SET phase = ?, record = ? WHERE key = ?", phaseColumn(after.Phase), sealed, r.key); err != nil {
		return err
	}
	switch {
	case before.Phase.Live() && !after.Phase.Live():
		s.count(t, -1)
	case !before.Phase.Live() && after.Phase.Live():
		s.count(t, 1)
	}
	return nil
}

// Siblings implements [mfa.Transactions].
func (s *transactions) Siblings(ctx context.Context, binding [sha256.Size]byte, now time.Time) ([]mfa.Transaction, error) {
	const query = "SELECT key, user, client, binding, expires, record FROM transactions WHERE binding = ? AND phase > 0 AND expires > ? ORDER BY id"
	var live []mfa.Transaction
	err := s.db.reads.rows(ctx, query, []any{binding[:], record.Nanos(now)}, func(scan func(...any) error) error {
		var r transactionRow
		if err := scan(append([]any{&r.key}, r.columns()...)...); err != nil {
			return err
		}
		t, err := s.open(&r)
		if err == nil && t.Phase.Live() {
			live = append(live, t)
		}
		return err
	})
	if err != nil {
		return nil, unavailable(mfa.ErrUnavailable, err)
	}
	return live, nil
}

// Sweep implements [mfa.Transactions]. It works in small steps, so that other
// writes do not wait for it, and forgets codes and addresses whose time was
// over by then.
func (s *transactions) Sweep(ctx context.Context, expiredBefore time.Time, limit int) (removed int, live []mfa.Transaction, err error) {
	pace := s.db.writer.newPace()
	for more := true; more && removed < limit; {
		var ended []mfa.Transaction
		var rows int
		err := pace.do(ctx, func(t *tx) (err error) {
			ended, rows, more, err = s.sweepChunk(t, record.Nanos(expiredBefore), min(pace.rows, limit-removed))
			return err
		})
		if err != nil && removed == 0 {
			return 0, nil, unavailable(mfa.ErrUnavailable, err)
		}
		if err != nil {
			return removed, live, nil //nolint:nilerr // what was ended must be reported; the next sweep meets the error again
		}
		live = append(live, ended...)
		removed += rows
	}
	return removed, live, nil
}

// sweepChunk removes up to limit rows of each table; more says that one of
// them may have further ones.
func (s *transactions) sweepChunk(t *tx, before int64, limit int) (live []mfa.Transaction, rows int, more bool, err error) {
	const query = `DELETE FROM transactions WHERE id IN (
		SELECT id FROM transactions WHERE expires < ? ORDER BY expires LIMIT ?
	) RETURNING key, user, client, binding, expires, record, phase`
	err = t.rows(query, []any{before, limit}, func(scan func(...any) error) error {
		var r transactionRow
		var phase int64
		if err := scan(append(append([]any{&r.key}, r.columns()...), &phase)...); err != nil {
			return err
		}
		rows++
		if phase > phaseFinal {
			s.count(t, -1)
		}
		if ended, err := s.open(&r); err == nil && ended.Phase.Live() { // open logs what it refuses
			live = append(live, ended)
		}
		return nil
	})
	for _, table := range []string{
		"DELETE FROM codes WHERE code IN (SELECT code FROM codes WHERE until < ? ORDER BY until LIMIT ?)",
		"DELETE FROM sources WHERE source IN (SELECT source FROM sources WHERE until < ? ORDER BY until LIMIT ?)",
	} {
		if err != nil {
			break
		}
		var forgotten int64
		forgotten, err = t.change(table, before, limit)
		more = more || forgotten == int64(limit)
	}
	return live, rows, more || rows == limit, err
}

const selectTransaction = "SELECT user, client, binding, expires, record FROM transactions WHERE key = ?"

// transactionRow is a row of the table.
type transactionRow struct {
	key, user, client, binding []byte
	expires                    int64
	sealed                     []byte
}

// columns are where to scan user, client, binding, expires and record.
func (r *transactionRow) columns() []any {
	return []any{&r.user, &r.client, &r.binding, &r.expires, &r.sealed}
}

func (s *transactions) aad(r *transactionRow) []byte {
	return s.db.vault.aad("transactions", r.key, r.user, r.client, r.binding)
}

// open unseals a row. A record that is not what was written is a failure of
// the store: [mfa.ErrUnavailable].
func (s *transactions) open(r *transactionRow) (mfa.Transaction, error) {
	var k mfa.Key
	copy(k[:], r.key)
	plain, err := s.db.vault.sealer.Open(r.sealed, s.aad(r))
	if err != nil {
		return mfa.Transaction{}, s.tampered(k, err)
	}
	t, err := record.DecodeTransaction(k, string(plain))
	if err != nil {
		return mfa.Transaction{}, s.tampered(k, err)
	}
	if r.expires == endedByClock {
		t.ExpiresAt = time.Time{} // the clock may be back before its creation
	}
	return t, nil
}

func (s *transactions) tampered(k mfa.Key, err error) error {
	s.db.logger.Error("stored transaction fails its integrity check", "transaction", k.Handle(), "err", err)
	return unavailable(mfa.ErrUnavailable, fault("open transaction", err))
}

// count changes the number of live rows, for the time being until the batch
// is committed.
func (s *transactions) count(t *tx, by int) {
	if s.live == unknownCount {
		return
	}
	s.live += by
	t.onUndo(func() { s.live = unknownCount })
}

func (s *transactions) client(username string, addr netip.Addr) []byte {
	return s.db.vault.hash("client", []byte(username), []byte(record.EncodeAddr(addr)))
}
