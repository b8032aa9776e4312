package audit

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// ErrReserved is why an event is [ErrUnwritten] while the disk is full but for
// what is reserved (fault R12).
var ErrReserved = errors.New("audit: what room is left on the disk is reserved")

const (
	// reserveStep is how much more than the reserve is set aside at once.
	reserveStep = 1 << 20
	// reserveAgain is how often a full disk is asked for room, at most.
	reserveAgain = time.Second
)

// reserve is the room on the disk that is set aside for the trail's file: blocks
// behind its end that are its own already. Once no more can be had, only events
// that take access away, and the trail's own, are written into what there is;
// nobody is let in for want of a record. Guarded by [Trail.disk].
type reserve struct {
	// until is the length that the file can reach on what it has.
	until int64
	// asked is when the disk was last asked for room in vain.
	asked time.Time
	// off: this file system sets nothing aside.
	off bool
}

// allocator is a medium that sets room aside by itself.
type allocator interface {
	Allocate(from, size int64) error
}

func allocate(m medium, from, size int64) error {
	if a, ok := m.(allocator); ok {
		return a.Allocate(from, size)
	}
	return allocateFile(m, from, size)
}

// Reserved reports whether an event may use the room that is reserved: it tells
// of access that ends, or of the server itself.
func (n Name) Reserved() bool {
	switch n {
	case AuditOpened, AuditTorn, AuditHealed, AuditDisturbed, AuditCheckpoint, AuditFull, AuditKeyChanged, AuditExported, AuditVerified, ClockStepped,
		AlertRaised, ServerStart, ServerStop, DutyHangs, DutyResumed, CertificateExpiring, ConfigRefused, StoreRestored,
		UserDenied, MFACancelled, PushFraud, TransactionExpired, ProofCancelled,
		SessionEnded, SessionExpired, SessionRevoked, SessionStoreTampered,
		UserDisabled, UserRemoved, TokenRevoked, BreakGlassRevoked, CodeExpired,
		UpstreamEnded, UpstreamExpired, UpstreamLeft, GatewayDrift:
		return true
	default:
		return false
	}
}

// admit turns away what may not use the reserve while there is nothing else.
func (t *Trail) admit(e *Event) error {
	if !t.scarce.Load() || e.Name.Reserved() || t.roomAgain() {
		return nil
	}
	t.refused.Add(1)
	return fmt.Errorf("%w: %w", ErrUnwritten, ErrReserved)
}

// roomAgain asks the disk for room, unless it was asked just now or somebody
// writes.
func (t *Trail) roomAgain() bool {
	if !t.disk.TryLock() {
		return false
	}
	defer t.disk.Unlock()
	if t.closed {
		return true // which [ErrClosed] says
	}
	return !t.askedNow() && t.ready() == nil && t.setAside()
}

// askedNow reports whether the disk was asked for room in vain a moment ago.
func (t *Trail) askedNow() bool {
	return t.scarce.Load() && t.cfg.Now().Sub(t.reserve.asked).Abs() < reserveAgain
}

// setAside sees to it that the reserve is there, and reports whether it is. The
// caller holds t.disk, and the file is good.
func (t *Trail) setAside() bool {
	r := &t.reserve
	if t.cfg.Reserve <= 0 || r.off {
		return true
	}
	if t.durable+t.cfg.Reserve <= r.until {
		return true
	}
	if t.askedNow() {
		return false
	}
	until := t.durable + t.cfg.Reserve + reserveStep
	switch err := allocate(t.file, t.durable, until-t.durable); {
	case err == nil:
		r.until = until
		t.plenty()
		return true
	case !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT):
		// It may still take what is written; that tells.
		r.off = true
		t.plenty()
		return true
	}
	r.asked = t.cfg.Now()
	if !t.scarce.Swap(true) {
		t.note(AuditFull, Failed, "reserve", number(max(r.until-t.durable, 0)))
	}
	return false
}

// plenty ends the time in which the reserve alone was left. What was turned away
// meanwhile is told.
func (t *Trail) plenty() {
	t.unwritten += int(t.refused.Swap(0))
	t.scarce.Store(false)
}

// giveBack returns what is set aside for a file of that length, which will not
// grow any more.
func giveBack(file medium, length, until int64) {
	if info, err := file.Stat(); err == nil && info.Size() == length && until > length {
		// It is room alone that is lost when this fails.
		_ = file.Truncate(length)
	}
}
