package audit

import "errors"

// ready makes sure that the file can be written to, and notes what was wrong
// with it. The caller holds t.disk.
func (t *Trail) ready() error {
	if t.broken {
		return t.heal()
	}
	info, err := t.file.Stat()
	if err != nil {
		t.broken = true
		return err
	}
	switch {
	case removed(info):
		t.note(AuditDisturbed, Failed, "what", "removed")
	case info.Size() != t.durable:
		t.note(AuditDisturbed, Failed, "what", "resized", "expected", number(t.durable), "found", number(info.Size()))
	default:
		return nil
	}
	return t.again()
}

// heal cleans up after a failed write: what was not acknowledged is cut off,
// and the file is opened anew, for after a failed fsync nothing can be believed
// about what was written before it.
func (t *Trail) heal() error {
	if t.file != nil {
		if info, err := t.file.Stat(); err == nil && info.Size() > t.durable {
			// Where this fails, start finds whole lines and keeps them.
			_ = t.file.Truncate(t.durable)
		}
	}
	return t.again()
}

// again closes the file and opens the one that now has its name.
func (t *Trail) again() error {
	t.broken = true
	if t.file != nil {
		// The lock goes with the descriptor; an error has nothing to add.
		_ = t.file.Close()
		t.file = nil
	}
	if err := t.start(); err != nil {
		if t.file != nil {
			err = errors.Join(err, t.file.Close())
			t.file = nil
		}
		return err
	}
	t.broken = false
	return nil
}
