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
	if t.file == nil {
		return t.again()
	}
	if info, err := t.file.Stat(); err == nil && info.Size() > t.durable {
		cut := t.file.Truncate(t.durable)
		same, err := t.stillNamed()
		switch {
		case err != nil:
			return err
		case same:
			// Where it could not be cut, again finds whole lines and keeps them.
		case cut != nil:
			err = t.keep(info.Size())
		default:
			// Nobody will sync this file again.
			err = t.file.Sync()
		}
		if err != nil {
			return err
		}
	}
	return t.again()
}

// keep takes the whole lines at the end of the file for written. Nothing will
// follow in there, so that a torn one may stay as it is.
func (t *Trail) keep(size int64) error {
	end, err := readEnd(t.file, size)
	if err != nil {
		return err
	}
	return t.resume(end)
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
