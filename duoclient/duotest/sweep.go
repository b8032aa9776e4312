package duotest

import (
	"maps"
	"time"
)

// sweep forgets what can no longer matter. It looks at everything only when
// much has gathered, so that it costs little per call. The caller holds the
// mutex.
func (s *Server) sweep(now time.Time) {
	if s.kept() < s.sweepAt {
		return
	}
	maps.DeleteFunc(s.assertions, func(_ string, until time.Time) bool { return !now.Before(until) })
	maps.DeleteFunc(s.prompts, func(_ string, p *prompt) bool { return !now.Before(p.expires) })
	maps.DeleteFunc(s.grants, func(_ string, g *grant) bool { return !now.Before(g.expires) })
	maps.DeleteFunc(s.transactions, func(_ string, t *transaction) bool { return now.After(t.deadline.Add(promptLife)) })
	s.sweepAt = 1024 + 2*s.kept()
}

func (s *Server) kept() int {
	return len(s.assertions) + len(s.prompts) + len(s.grants) + len(s.transactions)
}
