package stats

import (
	"slices"
	"sync"
	"time"
)

// People counts users at a time.
type People struct {
	At time.Time
	// Total are all that were looked at, Unenrolled those who have nothing to
	// prove themselves with.
	Total, Unenrolled int
}

// people holds the last count of every hour.
type people struct {
	mu  sync.Mutex
	all []People // guarded by mu, oldest first
}

// NotePeople notes a count. Within an hour the last one holds.
func (s *Stats) NotePeople(total, unenrolled int) {
	p := People{At: s.now(), Total: total, Unenrolled: unenrolled}
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	all := s.people.all
	if n := len(all); n > 0 && all[n-1].At.Truncate(time.Hour).Equal(p.At.Truncate(time.Hour)) {
		all = all[:n-1]
	}
	all = append(all, p)
	oldest := p.At.Add(-Kept)
	s.people.all = slices.DeleteFunc(all, func(p People) bool { return p.At.Before(oldest) })
}

// People returns the counts there are, oldest first; one an hour at most.
func (s *Stats) People() []People {
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	return slices.Clone(s.people.all)
}
