package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mfaserver/internal/failpoint"
)

// Reopen goes on in a new file when the present one was moved away, as log
// rotation does: rename, then Reopen. No event is lost in between: until Reopen
// they go to the file under its new name. The sequence and the chain continue,
// and the first line of the new file names the last sequence of the old one.
// When the new file cannot be made the old one stays in use.
//
// A file that was moved away is still found when its new name begins with the
// old one and it stays in the folder, uncompressed.
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
	if err := t.sign(); err != nil {
		return err
	}
	return t.goOn()
}

// Rotate moves the present file away, naming it after the first sequence in it,
// and goes on in a new one, as the trail does by itself at [Config.MaxBytes].
// When it fails the present file stays in use.
func (t *Trail) Rotate() error {
	t.disk.Lock()
	defer t.disk.Unlock()
	if t.closed {
		return ErrClosed
	}
	return t.rotate()
}

// rotateBySize does it when the file has its size. What fails is recorded, and
// tried again when the file has grown by another quarter.
func (t *Trail) rotateBySize() {
	size := t.durable
	if err := t.rotate(); err != nil {
		t.rotateAt = size + max(t.cfg.MaxBytes/4, 1)
		t.note(AuditDisturbed, Failed, "what", "rotation", "err", err.Error())
	}
}

func (t *Trail) rotate() error {
	if err := t.ready(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	if err := t.sign(); err != nil {
		return err
	}
	if t.durable == 0 {
		return nil
	}
	if t.scarce.Load() {
		// A new file would have no reserve.
		return fmt.Errorf("%w: %w", ErrUnwritten, ErrReserved)
	}
	same, err := t.stillNamed()
	if err != nil {
		return err
	}
	if same {
		if err := t.moveAway(); err != nil {
			return err
		}
	}
	return t.goOn()
}

// moveAway gives the file the name that it keeps.
func (t *Trail) moveAway() error {
	to := fmt.Sprintf("%s.%020d", t.cfg.Path, t.first)
	for n := 2; ; n++ {
		_, err := os.Lstat(to)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		// Nothing is ever overwritten.
		to = fmt.Sprintf("%s.%020d.%d", t.cfg.Path, t.first, n)
	}
	if err := t.rename(t.cfg.Path, to); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return syncFolder(filepath.Dir(t.cfg.Path))
}

// goOn continues in the file that has the name now.
func (t *Trail) goOn() error {
	old, first, length, rotateAt, until := t.file, t.first, t.durable, t.rotateAt, t.reserve.until
	if err := t.start(); err != nil {
		if t.file != old {
			err = errors.Join(err, t.file.Close())
		}
		t.file, t.first, t.durable, t.rotateAt, t.reserve.until = old, first, length, rotateAt, until
		return err
	}
	giveBack(old, length, until)
	failpoint.Hit(failpoint.MidRotation)
	return errors.Join(old.Close(), t.write(nil, false))
}

// stillNamed reports whether the path still leads to the open file.
func (t *Trail) stillNamed() (bool, error) {
	there, err := os.Stat(t.cfg.Path)
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
