package sqlite

import (
	"context"
	"time"
)

// upkeepInterval is how often the store looks after itself: how late a touch
// may be written, a vanished file be noticed, or a full disk that has room
// again be used.
const upkeepInterval = 2 * time.Second

// upkeep runs in the writer's goroutine, between batches.
func (db *DB) upkeep(ctx context.Context) {
	if err := db.watch.look(); err != nil {
		db.fail(err)
	}
	if db.refusal() != nil {
		return
	}
	if db.clock.due() {
		db.inside(ctx, "note the time", db.clock.look)
		db.inside(ctx, "note the generation", db.generation.next)
	}
	if len(db.sessions.graves.all()) > 0 {
		db.inside(ctx, "delete ended sessions", db.sessions.deleteGraves)
	}
	if len(db.sessions.epochs.left()) > 0 {
		db.inside(ctx, "note from when sessions may be", db.sessions.saveEpochs)
	}
	for left := db.sessions.touches.pending(); left > 0; left -= touchChunk {
		write := func(t *tx) error { return db.sessions.writeTouches(t, touchChunk) }
		if !db.inside(ctx, "write touches", write) {
			return
		}
		db.writer.serve(ctx)
	}
	db.shrink(ctx)
}

// inside runs a job from the writer's own goroutine.
func (db *DB) inside(ctx context.Context, what string, run func(*tx) error) bool {
	j := &job{run: run, done: make(chan struct{})}
	db.writer.batch(ctx, []*job{j})
	if j.err != nil {
		db.logger.ErrorContext(ctx, "store upkeep failed", "task", what, "err", j.err)
	}
	return j.err == nil
}
