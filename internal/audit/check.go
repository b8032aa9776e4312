package audit

import "fmt"

// Check reports whether the last record could be written; after a failure it
// tries to mend what is broken, as the next record would, and returns what still
// is: [ErrUnwritten], with [ErrReserved] where only what takes access away is
// recorded, or [ErrClosed]. A trail that works is not made to wait.
func (t *Trail) Check() error {
	if t.scarce.Load() && !t.roomAgain() {
		return fmt.Errorf("%w: %w", ErrUnwritten, ErrReserved)
	}
	if !t.failing.Load() {
		return nil
	}
	t.disk.Lock()
	defer t.disk.Unlock()
	if err := t.write(nil, false); err != nil {
		return err
	}
	t.failing.Store(false)
	return nil
}
