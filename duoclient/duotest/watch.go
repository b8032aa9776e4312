package duotest

import "net/http"

// watchPrompt tells the page's script how a prompt stands: waiting; ready, when
// the phone was answered, rang too long, or a code was scanned, so that continue
// goes on; or over.
func (s *Server) watchPrompt(x *exchange) {
	s.mu.Lock()
	p := s.prompts[x.form.Get("tx")]
	state := "waiting"
	switch {
	case x.badForm != nil || p == nil || p.finished || !x.now.Before(p.expires):
		state = "over"
	case p.answered() || p.expired(x.now) || p.enrolled != nil:
		state = "ready"
	}
	s.mu.Unlock()
	x.json(http.StatusOK, object{{"state", state}})
}
