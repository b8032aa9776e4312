package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// readPool reads beside the writer, each statement from its own snapshot of
// what is committed. Safe for concurrent use.
type readPool struct {
	pool  *sql.DB
	db    *DB
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

func newReadPool(pool *sql.DB, db *DB) *readPool {
	return &readPool{pool: pool, db: db, stmts: make(map[string]*sql.Stmt)}
}

// stmt returns the prepared form of query, which must be a constant.
func (r *readPool) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := r.db.refusal(); err != nil {
		return nil, err
	}
	r.mu.RLock()
	s := r.stmts[query]
	r.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.stmts[query]; s != nil {
		return s, nil
	}
	s, err := r.pool.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.stmts[query] = s
	return s, nil
}

// row reads one row; sql.ErrNoRows, bare, when there is none.
func (r *readPool) row(ctx context.Context, query string, args []any, into ...any) error {
	s, err := r.stmt(ctx, query)
	if err != nil {
		return fault(query, err)
	}
	return r.judge(noRows(query, s.QueryRowContext(ctx, args...).Scan(into...)))
}

// rows reads all rows.
func (r *readPool) rows(ctx context.Context, query string, args []any, each func(scan func(...any) error) error) error {
	s, err := r.stmt(ctx, query)
	if err != nil {
		return fault(query, err)
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return r.judge(fault(query, err))
	}
	return r.judge(eachRow(query, rows, each))
}

// judge stops the store after an error that shows damage.
func (r *readPool) judge(err error) error {
	if err != nil && fatal(err) {
		r.db.fail(err)
	}
	return err
}

func (r *readPool) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, r.pool.Close())...)
}
