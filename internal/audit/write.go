package audit

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"mfaserver/internal/failpoint"
)

// tip is the last record of the trail.
type tip struct {
	mark
	at time.Time
	// unsigned is how many records there are since the last checkpoint.
	unsigned int
}

// write makes events durable, or none of them; signed puts a checkpoint after
// them. The caller holds t.disk.
func (t *Trail) write(events []*Event, signed bool) error {
	if t.closed {
		return ErrClosed
	}
	if err := t.ready(); err != nil {
		t.failing.Store(true)
		t.unwritten += len(events)
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.setAside()
	notes := t.notes
	if t.unwritten > 0 {
		notes = append(slices.Clip(notes), about(AuditHealed, Failed, "unwritten", number(t.unwritten)))
	}
	if len(notes)+len(events) == 0 && !signed {
		return nil
	}
	t.buf, t.places = t.buf[:0], t.places[:0]
	next := t.tip
	for _, e := range notes {
		t.append(&next, e)
	}
	for _, e := range events {
		t.append(&next, e)
	}
	checkpoint, made := t.appendCheckpoint(&next, signed)
	if err := t.flush(); err != nil {
		t.broken = true
		t.failing.Store(true)
		t.unwritten += len(events)
		return fmt.Errorf("%w: %w", ErrUnwritten, err)
	}
	t.notes, t.unwritten = nil, 0
	t.settle(next)
	if made && t.cfg.Checkpoint != nil {
		t.cfg.Checkpoint(checkpoint)
	}
	return nil
}

// append appends the line of e after that of next.
func (t *Trail) append(next *tip, e *Event) { t.appendAt(next, e, t.clock(next)) }

// clock is the time of the line after next. A step of the clock gets a line of
// its own before it.
func (t *Trail) clock(next *tip) time.Time {
	at := t.cfg.Now()
	if step, yes := stepped(next.at, at); yes {
		t.appendAt(next, about(ClockStepped, OK, "step", step.String()), at)
	}
	return at
}

func (t *Trail) appendAt(next *tip, e *Event, at time.Time) {
	next.sequence++
	next.at = at
	next.unsigned++
	entry := Entry{Event: *e, Time: at, Sequence: next.sequence, Node: t.cfg.Node}
	if name := e.UnknownUsername; name != "" {
		entry.UnknownUsername, entry.UnknownBytes = t.cfg.Mask(name), len(name)
	}
	start := len(t.buf)
	if t.first == 0 || t.durable == 0 && start == 0 {
		t.first = next.sequence
	}
	if t.keys == nil {
		t.buf = appendLine(t.buf, &entry)
	} else {
		t.buf = appendBody(t.buf, schemaChained, &entry)
		t.buf, next.mac = t.keys.appendChain(t.buf, start, next.mac)
		t.buf = append(t.buf, '\n')
	}
	if t.cfg.Index != nil {
		place := indexed(&entry)
		place.Time = at.UTC().Round(0)
		place.File, place.Offset = t.first, t.durable+int64(start)
		t.places = append(t.places, place)
	}
}

// appendCheckpoint appends a checkpoint where one is due, or asked for and not
// without object.
func (t *Trail) appendCheckpoint(next *tip, asked bool) (c Checkpoint, made bool) {
	if t.keys == nil || next.unsigned == 0 || !asked && next.unsigned < t.cfg.CheckpointRecords {
		return c, false
	}
	at := t.clock(next)
	c = t.keys.checkpoint(next.sequence, next.mac)
	t.appendAt(next, c.event(t.keys.public()), at)
	next.unsigned = 0
	return c, true
}

func (t *Trail) flush() error {
	if _, err := t.file.Write(t.buf); err != nil {
		return err
	}
	failpoint.Hit(failpoint.AuditWritten)
	err := t.file.Sync()
	failpoint.Hit(failpoint.AuditSynced)
	return err
}

// settle takes note of what is durable now.
func (t *Trail) settle(next tip) {
	t.durable += int64(len(t.buf))
	t.tip = next
	t.last.Store(next.sequence)
	t.failing.Store(false)
	if t.keys != nil {
		if err := t.head.write(t.keys, next.mark); err != nil {
			t.note(AuditDisturbed, Failed, "what", "head", "err", err.Error())
		}
		t.planCheckpoint()
	}
	if t.feeder != nil {
		t.feeder.push(t.places)
	}
}

// planCheckpoint sees to it that a record does not stay without a checkpoint
// when no other record follows.
func (t *Trail) planCheckpoint() {
	switch {
	case t.tip.unsigned == 0 && t.due != nil:
		t.due.Stop()
		t.due = nil
	case t.tip.unsigned > 0 && t.due == nil:
		t.due = time.AfterFunc(t.cfg.CheckpointEvery, func() {
			t.disk.Lock()
			defer t.disk.Unlock()
			t.due = nil
			if !t.closed {
				// What fails here fails for the next event too, which tells.
				_ = t.sign()
			}
		})
	}
}

// sign makes a checkpoint of the last record, unless it is one. The caller
// holds t.disk.
func (t *Trail) sign() error {
	if t.keys == nil || t.tip.unsigned == 0 {
		return nil
	}
	return t.write(nil, true)
}

// about is an event of the trail about itself; pairs are the details.
func about(name Name, o Outcome, pairs ...string) *Event {
	e := &Event{Name: name, Outcome: o, Actor: "system", Detail: make(map[string]string, len(pairs)/2)}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.Detail[pairs[i]] = pairs[i+1]
	}
	return e
}

// note keeps such an event for the next write. A disk that fails for hours
// makes no heap of them.
func (t *Trail) note(name Name, o Outcome, pairs ...string) {
	const most = 16
	if len(t.notes) < most {
		t.notes = append(t.notes, about(name, o, pairs...))
	}
}

// stepped reports by how much the wall clock moved otherwise than the
// monotonic one (threat T197). A clock without a monotonic reading is only
// caught going back.
func stepped(last, at time.Time) (time.Duration, bool) {
	const tolerance = 2 * time.Second
	if last.IsZero() {
		return 0, false
	}
	wall, ran := at.Round(0).Sub(last.Round(0)), at.Sub(last)
	if wall == ran && wall >= 0 {
		return 0, false
	}
	step := wall - max(ran, 0)
	return step, step.Abs() > tolerance
}

func number[T int | int64 | uint64](n T) string { return strconv.FormatInt(int64(n), 10) }
