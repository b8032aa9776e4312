package connections

import (
	"container/list"
	"net"
	"time"
)

const (
	// patience is how long a connection waits at most.
	patience = 5 * time.Second
	// wait is how many may wait for each place there is.
	wait = 2
	// In each pace so many of those who wait are let in, and so many closed, at
	// most. Thousands at the same moment would be in everybody's way.
	pace            = 2 * time.Millisecond
	admits, refuses = 2, 8
)

// guest is a connection that waits.
type guest struct {
	conn     net.Conn
	source   *source
	listener *listener
	since    time.Time
	// inLine and inAll are its places in the line of its source and of all.
	inLine, inAll *list.Element
}

// admitModest lets in whoever is of a source with few connections, while there is
// room.
func (l *Limiter) admitModest() {
	for l.admit(&l.modest) {
	}
}

// admit lets in the first of those whose turn is next, if there is room.
func (l *Limiter) admit(turns *list.List) bool {
	first := turns.Front()
	if first == nil {
		return false
	}
	s := first.Value.(*source) //nolint:forcetypeassert // nothing else is in there
	if !l.may(s) {
		return false
	}
	turns.Remove(first)
	s.turns, s.turn = nil, nil
	g := s.line.Front().Value.(*guest) //nolint:forcetypeassert // nothing else is in there
	l.strike(g)
	l.enter(s, g.conn, g.listener)
	l.stand(s)
	return true
}

// stand puts a source where it belongs: at the end of those whose turn will come,
// or nowhere.
func (l *Limiter) stand(s *source) {
	var want *list.List
	switch {
	case s.line.Len() == 0 || l.capped(s):
	case s.modest():
		want = &l.modest
	default:
		want = &l.many
	}
	if want == s.turns {
		return
	}
	if s.turns != nil {
		s.turns.Remove(s.turn)
	}
	s.turns, s.turn = want, nil
	if want != nil {
		s.turn = want.PushBack(s)
	}
}

// strike takes a guest off the lists.
func (l *Limiter) strike(g *guest) {
	g.source.line.Remove(g.inLine)
	l.waiting.Remove(g.inAll)
}

// watch sees to those who wait, as long as there are any.
func (l *Limiter) watch() {
	if l.ticking || l.waiting.Len() == 0 {
		return
	}
	l.ticking = true
	time.AfterFunc(pace, l.tick)
}

// tick lets some in, and closes some who have waited long enough.
func (l *Limiter) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ticking = false
	for range admits {
		if !l.admit(&l.many) {
			break
		}
	}
	for range refuses {
		first := l.waiting.Front()
		if first == nil {
			break
		}
		g := first.Value.(*guest) //nolint:forcetypeassert // nothing else is in there
		if l.now().Sub(g.since) < patience {
			break
		}
		l.turnAway(g)
	}
	l.watch()
}

// turnAway closes a connection that waits.
func (l *Limiter) turnAway(g *guest) {
	l.strike(g)
	l.refuse(g.conn)
	l.stand(g.source)
	l.forget(g.source)
}

// abandon closes what waits for a listener that is closed, and returns what is
// ready for it.
func (l *Limiter) abandon(to *listener) []net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	to.closed = true
	for e := l.waiting.Front(); e != nil; {
		g := e.Value.(*guest) //nolint:forcetypeassert // nothing else is in there
		e = e.Next()
		if g.listener == to {
			l.turnAway(g)
		}
	}
	ready := to.ready
	to.ready = nil
	return ready
}
