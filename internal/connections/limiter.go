package connections

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// few is how many connections a source may have while there is a crowd: as many
	// as a browser and a desktop program of the same person open.
	few = 16
	// crowd is the share of all places, one in so many, that is free for everybody.
	crowd = 4
)

// Limits are how many connections there may be; zero means no limit.
type Limits struct {
	// PerSource is for one source; those that Shared knows have no such limit.
	PerSource int
	// Total is for all. When a quarter of them are open, only a source with fewer
	// than 16 gets another one. Twice as many may wait; whoever comes then is
	// refused at once.
	Total int
	// Shared reports whether an address stands for many people, as that of a
	// reverse proxy does. It may be nil.
	Shared func(netip.Addr) bool
}

// Limiter counts connections. It is safe for concurrent use.
type Limiter struct {
	mu      sync.Mutex // guards all the rest
	limits  Limits
	open    int
	refused uint64
	sources map[netip.Prefix]*source
	waiting list.List // of *guest, who came first is first
	// modest and many are the sources of which somebody waits for nothing but his
	// turn: those with few connections, and the others. Who is next is first.
	modest, many list.List // of *source
	// ticking is set while somebody waits.
	ticking bool
	now     func() time.Time
}

// source is where connections come from. It is known as long as it has any.
type source struct {
	from   netip.Prefix
	shared bool
	open   int
	line   list.List // of *guest
	// turns and turn are its place among those whose turn will come, if any.
	turns *list.List
	turn  *list.Element
}

// Figures are what a Limiter has counted.
type Figures struct {
	// Open and Waiting are connections at the moment.
	Open, Waiting int
	// Refused are those that were closed because no place came free for them.
	Refused uint64
}

// New makes a Limiter.
func New(limits Limits) *Limiter {
	return &Limiter{limits: limits, sources: make(map[netip.Prefix]*source), now: time.Now} //nolint:forbidigo // only how long is looked at
}

// Set changes the limits. Connections that are open stay so.
func (l *Limiter) Set(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
	for _, s := range l.sources {
		s.shared = limits.Shared != nil && s.from.IsSingleIP() && limits.Shared(s.from.Addr())
		l.stand(s)
	}
	l.admitModest()
}

// Figures returns what there is to tell.
func (l *Limiter) Figures() Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Figures{Open: l.open, Waiting: l.waiting.Len(), Refused: l.refused}
}

// arrive lets a new connection in, has it wait, or closes it.
func (l *Limiter) arrive(c net.Conn, to *listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if to.closed {
		_ = c.Close()
		return
	}
	s := l.sourceOf(c)
	switch {
	case s.line.Len() == 0 && l.may(s):
		l.enter(s, c, to)
	case l.limits.Total > 0 && l.waiting.Len() >= wait*l.limits.Total:
		l.refuse(c)
		l.forget(s)
	default:
		g := &guest{conn: c, source: s, listener: to, since: l.now()}
		g.inLine, g.inAll = s.line.PushBack(g), l.waiting.PushBack(g)
		l.stand(s)
		l.watch()
	}
}

// sourceOf finds the source of a connection. Of those that stand for many every
// address is one of its own.
func (l *Limiter) sourceOf(c net.Conn) *source {
	addr := address(c.RemoteAddr())
	shared := l.limits.Shared != nil && addr.IsValid() && l.limits.Shared(addr)
	from := Source(c.RemoteAddr())
	if shared {
		from = netip.PrefixFrom(addr, addr.BitLen())
	}
	s := l.sources[from]
	if s == nil {
		s = &source{from: from, shared: shared}
		l.sources[from] = s
	}
	return s
}

// capped reports whether a source has all that it may ever have.
func (l *Limiter) capped(s *source) bool {
	return l.limits.PerSource > 0 && !s.shared && s.open >= l.limits.PerSource
}

// may reports whether a source gets another connection now.
func (l *Limiter) may(s *source) bool {
	if l.capped(s) || l.limits.Total > 0 && l.open >= l.limits.Total {
		return false
	}
	return s.modest() || !l.crowded()
}

func (l *Limiter) crowded() bool { return l.limits.Total > 0 && l.open >= l.limits.Total/crowd }

// modest sources are let in before others.
func (s *source) modest() bool { return s.shared || s.open < few }

// enter hands a connection to its listener.
func (l *Limiter) enter(s *source, c net.Conn, to *listener) {
	l.open++
	s.open++
	to.hand(&conn{Conn: c, limiter: l, source: s})
}

// leave is called once for each connection that entered.
func (l *Limiter) leave(s *source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	s.open--
	l.stand(s)
	l.forget(s)
	l.admitModest()
}

// forget drops a source of which nothing is left.
func (l *Limiter) forget(s *source) {
	if s.open == 0 && s.line.Len() == 0 && l.sources[s.from] == s {
		delete(l.sources, s.from)
	}
}

func (l *Limiter) refuse(c net.Conn) {
	l.refused++
	_ = c.Close()
}
