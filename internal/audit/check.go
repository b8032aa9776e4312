package audit

// Check reports whether the last record could be written; after a failure it
// tries to mend what is broken, as the next record would, and returns what still
// is: [ErrUnwritten] or [ErrClosed]. A trail that works is not made to wait.
func (t *Trail) Check() error {
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
