package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mfaserver/mfa"
)

// proofBudget is how long a call may take whose user is asked meanwhile: the
// flow bounds the question itself at two minutes.
const proofBudget = 150 * time.Second

// errNothingBegun: the flow gave neither what was asked for nor an error.
var errNothingBegun = errors.New("web: the flow gave neither challenge nor grant")

// prove goes on after a right password. All but the prompt end within this
// call, and while a user is asked, his client's going away ends the question.
func (s *Server) prove(w http.ResponseWriter, r *http.Request, a attempt, p plan, b mfa.BeginRequest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), loginBudget)
	defer cancel()
	if p.way == wayPrompt {
		s.begin(ctx, w, r, a, p, b)
		return
	}
	g, err := s.oneCall(ctx, w, r, p, b)
	switch {
	case err != nil:
		s.refuseLogin(w, r, a.format, err)
		return
	case g == nil:
		s.unavailable(w, r, a.format, errNothingBegun)
		return
	}
	// The wait has used up its own time, not that of the session.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(r.Context()), loginBudget)
	defer cancel()
	s.open(ctx, w, r, a, g)
}

// oneCall asks the flow for a login within this call.
//
//nolint:contextcheck // only a question to a user is to end with its client; what is without one has ctx
func (s *Server) oneCall(ctx context.Context, w http.ResponseWriter, r *http.Request, p plan, b mfa.BeginRequest) (*mfa.Grant, error) {
	if s.deps.Proofs == nil {
		s.release(ctx, b.Username, b.Carry)
		return nil, mfa.ErrRefused
	}
	switch p.way {
	case wayExempt:
		return s.deps.Proofs.Exempt(ctx, b, p.typed.Exemption)
	case wayBreakGlass:
		return s.deps.Proofs.BreakGlass(ctx, b, p.breakGlass)
	case wayPush:
		p.proof = mfa.Proof{Factor: mfa.FactorPush}
	default:
	}
	allowWait(w, proofBudget)
	waiting, cancel := context.WithTimeout(r.Context(), proofBudget)
	defer cancel()
	return s.deps.Proofs.Prove(waiting, b, p.proof)
}

// allowWait moves the server's deadline for the answer. A writer without one
// needs none.
func allowWait(w http.ResponseWriter, d time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(d + answerTime)) //nolint:forbidigo // sockets know only the real clock
}

// answerTime is for the answer itself and what comes right before it.
const answerTime = 30 * time.Second
