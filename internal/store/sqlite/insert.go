package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"mfaserver/internal/store/record"
	"mfaserver/mfa"
)

// Insert implements [mfa.Transactions]: limits and insertion are one write.
func (s *transactions) Insert(ctx context.Context, n mfa.Transaction, l mfa.Limits, now time.Time) ([]mfa.Transaction, error) {
	r := transactionRow{
		key: n.Key[:], user: s.db.vault.user(n.Username), client: s.client(n.Username, n.Addr),
		binding: n.Binding[:], expires: record.Nanos(n.ExpiresAt),
	}
	r.sealed = s.db.vault.sealer.Seal(record.EncodeTransaction(&n), s.aad(&r))
	var replaced []mfa.Transaction
	err := s.db.writer.do(ctx, func(t *tx) error {
		var err error
		if replaced, err = s.room(t, &r, l, record.Nanos(now)); err != nil {
			return err
		}
		const insert = `INSERT INTO transactions (key, user, client, binding, phase, created, expires, record)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
		added, err := t.change(insert, r.key, r.user, r.client, r.binding, phaseColumn(n.Phase), record.Nanos(n.CreatedAt), r.expires, r.sealed)
		if err != nil {
			return err
		}
		if added == 0 {
			return fault("insert transaction", errDuplicateTransaction)
		}
		if n.Phase.Live() {
			s.count(t, 1)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(mfa.ErrUnavailable, err)
	}
	return replaced, nil
}

// room applies the limits. A client at its limit replaces its own oldest
// pending ones and so takes no new slot; everybody else needs a free one.
func (s *transactions) room(t *tx, r *transactionRow, l mfa.Limits, now int64) ([]mfa.Transaction, error) {
	if l.PerClient > 0 {
		const query = "SELECT count(*) FROM transactions WHERE client = ? AND phase > 0 AND expires > ?"
		var mine int
		if err := t.row(query, []any{r.client, now}, &mine); err != nil {
			return nil, err
		}
		if mine >= l.PerClient {
			return s.replace(t, r.client, mine-l.PerClient+1, now)
		}
	}
	if l.PerUser > 0 {
		const query = "SELECT count(*) FROM transactions WHERE user = ? AND phase > 0 AND expires > ?"
		var users int
		if err := t.row(query, []any{r.user, now}, &users); err != nil {
			return nil, err
		}
		if users >= l.PerUser {
			return nil, mfa.ErrTooManyPending
		}
	}
	if l.Total > 0 {
		full, err := s.full(t, l.Total, now)
		if err != nil {
			return nil, err
		}
		if full {
			return nil, mfa.ErrTooManyPending
		}
	}
	return nil, nil
}

// full reports whether total transactions are live at now. It counts rows
// only when the number of live rows, some of which may have expired, says
// that it might be.
func (s *transactions) full(t *tx, total int, now int64) (bool, error) {
	if s.live == unknownCount {
		if err := t.row("SELECT count(*) FROM transactions WHERE phase > 0", nil, &s.live); err != nil {
			return false, err
		}
		t.onUndo(func() { s.live = unknownCount })
	}
	if s.live < total {
		return false, nil
	}
	var live int
	err := t.row("SELECT count(*) FROM transactions WHERE phase > 0 AND expires > ?", []any{now}, &live)
	return live >= total, err
}

// replace burns the n oldest pending transactions of a client. They are
// returned with what they carry and stored without it.
func (s *transactions) replace(t *tx, client []byte, n int, now int64) ([]mfa.Transaction, error) {
	replaced := make([]mfa.Transaction, 0, n)
	for range n {
		const query = `SELECT key, user, client, binding, expires, record FROM transactions
			WHERE client = ? AND phase = 1 AND phase > 0 AND expires > ? ORDER BY id LIMIT 1`
		var r transactionRow
		err := t.row(query, []any{client, now}, append([]any{&r.key}, r.columns()...)...)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, mfa.ErrTooManyPending
		}
		if err != nil {
			return nil, err
		}
		before, err := s.open(&r)
		if err != nil {
			return nil, err
		}
		after := before
		after.Phase = mfa.Burned
		replaced = append(replaced, after)
		after.Carry = nil
		if err := s.save(t, &r, &before, &after); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}
