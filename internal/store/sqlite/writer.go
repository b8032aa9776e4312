package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"mfaserver/internal/failpoint"
)

const (
	queueSize = 256
	// maxBatch is the most jobs that share a commit.
	maxBatch = 256
)

// job is one write. States: queued, then either running or abandoned.
type job struct {
	run     func(*tx) error
	state   atomic.Int32
	err     error
	crashed any
	done    chan struct{}
}

const (
	queued int32 = iota
	running
	abandoned
)

// writer runs jobs in one goroutine: whatever waits when it is free makes a
// batch, which shares one transaction and one sync. Each job has a savepoint
// of its own, so a job that fails leaves the others alone. Nobody is answered
// before the commit.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	queue chan *job
	// upkeep runs between batches whenever tick says so.
	upkeep func(context.Context)
	tick   <-chan time.Time
	// between are tasks to run between batches.
	between chan func(context.Context)
	stop    chan struct{}
	ended   chan struct{}
	// failed gets errors after which the store must not go on; refuse says
	// that it happened.
	failed func(error)
	refuse func() error
	// changed is told how many rows a commit changed.
	changed func(rows int64)
	// answered counts jobs.
	answered atomic.Int64
}

// do queues run and waits until what it did is on disk. An error of run is
// returned as it is and undoes what run did. When the caller gives up while
// the job waits, it never runs; once it runs, do waits for its end.
func (w *writer) do(ctx context.Context, run func(*tx) error) error {
	j := &job{run: run, done: make(chan struct{})}
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return fault("queue write", ctx.Err())
	case <-w.ended:
		return fault("queue write", ErrClosed)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(queued, abandoned) {
			return fault("queue write", ctx.Err())
		}
		<-j.done
	case <-w.ended:
		if j.state.CompareAndSwap(queued, abandoned) {
			return fault("queue write", ErrClosed)
		}
		<-j.done
	}
	if j.crashed != nil {
		panic(j.crashed) // in the goroutine of the caller, whose function it was
	}
	return j.err
}

// loop runs until stop is closed and the queue is empty.
func (w *writer) loop(ctx context.Context) {
	defer close(w.ended)
	for {
		select {
		case j := <-w.queue:
			w.batch(ctx, w.gather(j))
		case task := <-w.between:
			task(ctx)
		case <-w.tick:
			w.upkeep(ctx)
		case <-w.stop:
			w.serve(ctx)
			w.upkeep(ctx)
			return
		}
	}
}

// serve runs what waits, without waiting for more.
func (w *writer) serve(ctx context.Context) {
	for range queueSize {
		select {
		case j := <-w.queue:
			w.batch(ctx, w.gather(j))
		default:
			return
		}
	}
}

// close frees the statements of a writer that has ended.
func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// gather takes what else waits, and what those who are ready to run were about to
// write: on busy processors that makes larger batches, on others it takes no time.
func (w *writer) gather(first *job) []*job {
	runtime.Gosched()
	batch := append(make([]*job, 0, 1+len(w.queue)), first)
	for len(batch) < maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// batch runs jobs in one transaction and answers them.
func (w *writer) batch(ctx context.Context, jobs []*job) {
	claimed := jobs[:0]
	for _, j := range jobs {
		if j.state.CompareAndSwap(queued, running) {
			claimed = append(claimed, j)
		}
	}
	if len(claimed) == 0 {
		return
	}
	t := &tx{ctx: ctx, w: w}
	if err := w.commit(t, claimed); err != nil {
		runAll(t.undone)
		for _, j := range claimed {
			j.err = err
		}
	} else {
		runAll(t.committed)
		w.changed(t.changes)
	}
	w.answered.Add(int64(len(claimed)))
	for _, j := range claimed {
		close(j.done)
	}
}

// commit runs all jobs. Its error is that of the whole batch, which is then
// undone.
func (w *writer) commit(t *tx, jobs []*job) error {
	if err := w.refuse(); err != nil {
		return fault("write", err)
	}
	err := t.exec("BEGIN IMMEDIATE")
	if err == nil {
		err = t.runAll(jobs)
	}
	failpoint.Hit(failpoint.BeforeCommit)
	if err == nil {
		err = t.exec("COMMIT")
	}
	failpoint.Hit(failpoint.AfterCommit)
	if err != nil {
		if fatal(err) {
			w.failed(err)
		}
		_ = t.exec("ROLLBACK") // SQLite may have rolled back already
	}
	return err
}

// tx is the running transaction; only the writer's goroutine uses it, and
// only while a job runs.
type tx struct {
	ctx context.Context //nolint:containedctx // the tx lives for one batch and is never kept
	w   *writer
	// committed and undone are the effects outside the database.
	committed, undone []func()
	// changes is how many rows were changed, or nearly so.
	changes int64
}

func (t *tx) runAll(jobs []*job) error {
	for _, j := range jobs {
		if err := t.exec("SAVEPOINT job"); err != nil {
			return err
		}
		committed, undone := len(t.committed), len(t.undone)
		j.err, j.crashed = t.guard(j.run)
		if j.err != nil || j.crashed != nil {
			if fatal(j.err) {
				return j.err
			}
			if err := t.exec("ROLLBACK TO job"); err != nil {
				return errors.Join(j.err, err)
			}
			runAll(t.undone[undone:])
			t.committed, t.undone = t.committed[:committed], t.undone[:undone]
		}
		if err := t.exec("RELEASE job"); err != nil {
			return err
		}
	}
	return nil
}

// guard keeps a panic of the caller's function from ending the writer.
func (t *tx) guard(run func(*tx) error) (err error, crashed any) { //nolint:revive,staticcheck // not an error of this function
	defer func() {
		if crashed = recover(); crashed != nil {
			err = fmt.Errorf("sqlite: panic in a write: %v", crashed)
		}
	}()
	return run(t), nil
}

// onCommit has f run after the commit, before anybody is answered.
func (t *tx) onCommit(f func()) { t.committed = append(t.committed, f) }

// onUndo has f run if what the job did so far is undone.
func (t *tx) onUndo(f func()) { t.undone = append(t.undone, f) }

func runAll(effects []func()) {
	for _, f := range effects {
		f()
	}
}

// stmt returns the prepared form of query, which must be a constant.
func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.w.stmts[query]; ok {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	t.w.stmts[query] = s
	return s, nil
}

// exec runs a statement whose result does not matter.
func (t *tx) exec(query string, args ...any) error {
	_, err := t.change(query, args...)
	return err
}

// change runs a statement and returns how many rows it changed.
func (t *tx) change(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, fault(query, err)
	}
	result, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, fault(query, err)
	}
	n, err := result.RowsAffected()
	t.changes += n
	return n, fault(query, err)
}

// row reads one row; sql.ErrNoRows, bare, when there is none.
func (t *tx) row(query string, args []any, into ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return fault(query, err)
	}
	t.changes++ // it may return what it changed
	return noRows(query, s.QueryRowContext(t.ctx, args...).Scan(into...))
}

// rows reads all rows.
func (t *tx) rows(query string, args []any, each func(scan func(...any) error) error) error {
	s, err := t.stmt(query)
	if err != nil {
		return fault(query, err)
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return fault(query, err)
	}
	return eachRow(query, rows, func(scan func(...any) error) error {
		t.changes++
		return each(scan)
	})
}

// noRows leaves sql.ErrNoRows bare and wraps all else.
func noRows(op string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return sql.ErrNoRows
	}
	return fault(op, err)
}

func eachRow(op string, rows *sql.Rows, each func(scan func(...any) error) error) error {
	scan := func(into ...any) error { return fault(op, rows.Scan(into...)) }
	for rows.Next() {
		if err := each(scan); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return fault(op, errors.Join(rows.Err(), rows.Close()))
}
