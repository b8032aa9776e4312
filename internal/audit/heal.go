package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

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

// Reopen goes on in a new file when the present one was moved away, as log
// rotation does: rename, then Reopen. No event is lost in between: until Reopen
// they go to the file under its new name. The sequence continues, and the first
// line of the new file names the last sequence of the old one. When the new
// file cannot be made the old one stays in use.
func (t *Trail) Reopen() error {
	t.disk.Lock()
	defer t.disk.Unlock()
	if t.closed {
		return ErrClosed
	}
	if t.broken {
		// The next event opens what has the name by then.
		return nil
	}
	same, err := t.stillNamed()
	if err != nil || same {
		return err
	}
	old, length := t.file, t.durable
	if err := t.start(); err != nil {
		if t.file != old {
			err = errors.Join(err, t.file.Close())
		}
		t.file, t.durable = old, length
		return err
	}
	return errors.Join(old.Close(), t.write(nil))
}

// stillNamed reports whether the path still leads to the open file.
func (t *Trail) stillNamed() (bool, error) {
	there, err := os.Stat(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("audit: %w", err)
	}
	here, err := t.file.Stat()
	if err != nil {
		return false, fmt.Errorf("audit: %w", err)
	}
	return os.SameFile(there, here), nil
}
