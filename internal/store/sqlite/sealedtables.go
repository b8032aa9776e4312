package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"strconv"
)

// sealedTable is a table whose records are sealed.
type sealedTable struct {
	name  string
	since int // schema version
	// query selects what the record is bound to, and then the record.
	query string
	// number is which column is an integer; noNumber: none is.
	number int
}

const noNumber = -1

// sealedTables are all there are. What the vault binds a record to is said in
// each room, under the name aad.
var sealedTables = []sealedTable{
	{"sessions", 1, "SELECT key, user, page, record FROM sessions", 2},
	{"transactions", 1, "SELECT key, user, client, binding, record FROM transactions", noNumber},
	{"users", 1, "SELECT id, username, record FROM users", 0},
	{"tokens", 2, "SELECT id, key, record FROM tokens", noNumber},
	{"sign_in_codes", 2, "SELECT code, user, record FROM sign_in_codes", noNumber},
	{"break_glass", 2, "SELECT code, user, record FROM break_glass", noNumber},
	{"ledger", 2, "SELECT id, record FROM ledger", noNumber},
	{"epochs", 3, "SELECT user, record FROM epochs", noNumber},
}

// broken counts the records that do not open.
func (s *sealedTable) broken(ctx context.Context, tx *sql.Tx, v *vault) (int, error) {
	return s.each(ctx, tx, v, func([]byte, []byte) {})
}

// each gives every record as it is stored and as it is, and counts those that do
// not open. What it gives is good until seen returns.
func (s *sealedTable) each(ctx context.Context, tx *sql.Tx, v *vault, seen func(sealed, plain []byte)) (int, error) {
	rows, err := tx.QueryContext(ctx, s.query)
	if err != nil {
		return 0, err
	}
	names, err := rows.Columns()
	if err != nil {
		return 0, errors.Join(err, rows.Close())
	}
	columns, into := make([]sql.RawBytes, len(names)), make([]any, len(names))
	for i := range columns {
		into[i] = &columns[i]
	}
	broken := 0
	err = eachRow("read "+s.name, rows, func(scan func(...any) error) error {
		if err := scan(into...); err != nil {
			return err
		}
		plain, ok := s.open(v, columns)
		if !ok {
			broken++
			return nil
		}
		seen(columns[len(columns)-1], plain)
		return nil
	})
	return broken, err
}

func (s *sealedTable) open(v *vault, columns []sql.RawBytes) (plain []byte, ok bool) {
	last := len(columns) - 1
	bound := make([][]byte, last)
	for i, column := range columns[:last] {
		bound[i] = column
		if i == s.number {
			n, err := strconv.ParseInt(string(column), 10, 64)
			if err != nil {
				return nil, false
			}
			bound[i] = binary.AppendVarint(nil, n)
		}
	}
	plain, err := v.sealer.Open(columns[last], v.aad(s.name, bound...))
	return plain, err == nil
}
