package sqlite

import (
	"context"
	"time"
)

// pace sizes the steps of long work, such as a sweep, so that other writes do
// not wait for long: while there are any, steps are short and the work rests
// between them.
type pace struct {
	w *writer
	// rows is how many rows the next step may take.
	rows int
	seen int64
}

const (
	fewestRows, mostRows = 16, 256
	// shortStep and longStep are how long a step should run beside other
	// writes and without.
	shortStep, longStep = 2 * time.Millisecond, 10 * time.Millisecond
)

func (w *writer) newPace() *pace { return &pace{w: w, rows: fewestRows * 2, seen: w.answered.Load()} }

// do runs a step, sizes the next one by how long this one ran, and rests half
// as long as it took when others were waiting.
func (p *pace) do(ctx context.Context, run func(*tx) error) error {
	var ran time.Duration
	begun := time.Now() //nolint:forbidigo // paces, decides nothing
	err := p.w.do(ctx, func(t *tx) error {
		begun := time.Now() //nolint:forbidigo // as above
		err := run(t)
		ran = time.Since(begun)
		return err
	})
	took := time.Since(begun)
	answered := p.w.answered.Load()
	busy := answered-p.seen > 1
	p.seen = answered
	want := longStep
	if busy {
		want = shortStep
	}
	if ran > 0 {
		p.rows = min(max(fewestRows, int(int64(p.rows)*int64(want)/int64(ran))), 2*p.rows, mostRows)
	}
	if err == nil && busy {
		rest := time.NewTimer(min(took, longStep) / 2)
		defer rest.Stop()
		select {
		case <-rest.C:
		case <-ctx.Done(): // the next step says so
		}
	}
	return err
}
