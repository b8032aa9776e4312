package sqlite

import (
	"context"

	"mfaserver/mfa"
)

// Live implements [mfa.Unfinished]. A record that is not what was written is
// left out, for it can never become a session; it is logged.
func (s *transactions) Live(ctx context.Context, after mfa.Key, limit int) ([]mfa.Transaction, error) {
	const query = "SELECT key, user, client, binding, expires, record FROM transactions WHERE phase > 0 AND key > ? ORDER BY key LIMIT ?"
	var live []mfa.Transaction
	last, rows := after, 0
	for more := true; more && len(live) < limit; more = rows == limit {
		rows = 0
		err := s.db.reads.rows(ctx, query, []any{last[:], limit}, func(scan func(...any) error) error {
			var r transactionRow
			if err := scan(append([]any{&r.key}, r.columns()...)...); err != nil {
				return err
			}
			rows++
			copy(last[:], r.key)
			if t, err := s.open(&r); err == nil && t.Phase.Live() && len(live) < limit { // open logs what it refuses
				live = append(live, t)
			}
			return nil
		})
		if err != nil {
			return nil, unavailable(mfa.ErrUnavailable, err)
		}
	}
	return live, nil
}
