package duotest

import (
	"maps"
	"time"
)

// sweep forgets what can no longer matter. It looks at everything only when
// much has gathered, so that it costs little per call. The caller holds the
// mutex.
func (s *Server) sweep(now time.Time) {
	if len(s.assertions)+len(s.prompts)+len(s.grants) < s.sweepAt {
		return
	}
	maps.DeleteFunc(s.assertions, func(_ string, until time.Time) bool { return !now.Before(until) })
	maps.DeleteFunc(s.prompts, func(_ string, p *prompt) bool { return !now.Before(p.expires) })
	maps.DeleteFunc(s.grants, func(_ string, g *grant) bool { return !now.Before(g.expires) })
	s.sweepAt = 1024 + 2*(len(s.assertions)+len(s.prompts)+len(s.grants))
}
