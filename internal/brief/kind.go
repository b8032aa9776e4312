package brief

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"
)

const (
	// window is how long lines of one kind are counted together.
	window = time.Minute
	// mostKinds bounds what is remembered.
	mostKinds = 512
)

// kinds is what is known of the present minute.
type kinds struct {
	now   func() time.Time
	whole int
	seed  maphash.Seed

	mu    sync.Mutex // guards what follows
	since time.Time
	all   map[uint64]*kind
	// waiting is set while a timer is to write the counts.
	waiting bool
}

// kind is one sort of line: how many there were, and the last one of those that
// were not written, with who would write it.
type kind struct {
	seen, withheld int
	last           slog.Record
	by             *Handler
}

// pass reports whether r is to be written now, and counts it.
func (k *kinds) pass(ctx context.Context, h *Handler, r *slog.Record) bool {
	id := k.identify(h.with, r, true)
	k.turn(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	one := k.all[id]
	if one == nil && len(k.all) >= mostKinds {
		id = k.identify(0, r, false)
		one = k.all[id]
	}
	if one == nil {
		one = &kind{}
		k.all[id] = one
	}
	one.seen++
	if one.seen <= k.whole {
		return true
	}
	one.withheld++
	one.last, one.by = r.Clone(), h
	if !k.waiting {
		k.waiting = true
		time.AfterFunc(window, func() { k.flush(context.WithoutCancel(ctx)) })
	}
	return false
}

// turn begins the next minute when this one is over.
func (k *kinds) turn(ctx context.Context) {
	at := k.now()
	k.mu.Lock()
	age := at.Sub(k.since)
	over := age < 0 || age >= window
	if over && len(k.all) == 0 {
		k.since, over = at, false
	}
	k.mu.Unlock()
	if over {
		k.flush(ctx)
	}
}

// flush writes the counts of the minute and begins the next one.
func (k *kinds) flush(ctx context.Context) {
	at := k.now()
	k.mu.Lock()
	over := k.all
	k.all, k.since, k.waiting = make(map[uint64]*kind), at, false
	k.mu.Unlock()
	for _, one := range over {
		if one.withheld == 0 {
			continue
		}
		r := one.last
		r.AddAttrs(slog.Int("repeated", one.withheld))
		// Nobody is told of a line that could not be written but by another one.
		_ = one.by.next.Handle(ctx, r)
	}
}

// identify is the kind of r: with all its values, or without any.
func (k *kinds) identify(with uint64, r *slog.Record, values bool) uint64 {
	var m maphash.Hash
	m.SetSeed(k.seed)
	maphash.WriteComparable(&m, with)
	maphash.WriteComparable(&m, int(r.Level))
	addText(&m, r.Message)
	if !values {
		_ = m.WriteByte(1)
		return m.Sum64()
	}
	r.Attrs(func(a slog.Attr) bool {
		addAttr(&m, a)
		return true
	})
	return m.Sum64()
}

// addAttr adds a value, unless it is of a kind that differs each time.
func addAttr(m *maphash.Hash, a slog.Attr) {
	switch a.Key {
	case "request_id", "took":
		return
	}
	_, _ = m.WriteString(a.Key)
	_ = m.WriteByte('=')
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		addWhole(m, v.String())
	case slog.KindInt64:
		maphash.WriteComparable(m, v.Int64())
	case slog.KindBool:
		maphash.WriteComparable(m, v.Bool())
	default:
		// Errors above all: addresses and ports in them differ.
		addText(m, v.String())
	}
}

func addWhole(m *maphash.Hash, s string) {
	_, _ = m.WriteString(s)
	_ = m.WriteByte(0)
}

// addText adds a text without its digits: ports, addresses, offsets.
func addText(m *maphash.Hash, s string) {
	from := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			_, _ = m.WriteString(s[from:i])
			from = i + 1
		}
	}
	addWhole(m, s[from:])
}
