package redis

import "context"

// Errands that nobody waits for: how many may queue, and how many run at once.
const (
	laterQueue   = 4096
	laterWorkers = 2
)

// later has f run soon, unless too much is waiting already or the store is
// being closed: for what ends by itself when nobody does it.
func (l *link) later(f func(ctx context.Context)) {
	select {
	case l.errands <- f:
	default:
	}
}

// runErrands does what later was given, until the link is closed.
func (l *link) runErrands(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-l.errands:
			f(ctx)
		}
	}
}
