package web

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/audit"
	"mfaserver/internal/rules"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/mfa"
)

// codeLogin opens a session for a sign-in code that was given as the password.
// Whoever signed in at the portal proved password and second factor there.
// Wrong codes are counted with bad second calls.
func (s *Server) codeLogin(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	if err := s.deps.SecondCalls.Check(ctx, throttle.Subject{Source: a.client.Addr}); err != nil {
		s.refuseUnasked(ctx, w, r, a, err)
		return
	}
	g, err := s.redeemCode(ctx, r, a)
	if errors.Is(err, token.ErrRefused) || errors.Is(err, mfa.ErrRefused) {
		if counted := s.deps.SecondCalls.Fail(ctx, throttle.Subject{Source: a.client.Addr}); counted != nil {
			err = counted
		}
	}
	if err != nil {
		s.refuseLogin(w, r, a.format, err)
		return
	}
	s.open(ctx, w, r, a, g)
}

// redeemCode spends the code and looks once more at what it stands for. The
// rules are asked about the name that was typed before the code is, and about
// the user's own name after it.
func (s *Server) redeemCode(ctx context.Context, r *http.Request, a attempt) (*mfa.Grant, error) {
	if s.deps.Codes == nil {
		return nil, s.noSuchThing(ctx, a, audit.CodeRefused)
	}
	typed := s.decide(r, a, a.username)
	if !typed.Allows(rules.Code) {
		return nil, s.modeRefused(ctx, a, "", "code", typed)
	}
	p, err := s.deps.Codes.Redeem(ctx, a.username, a.password.Reveal(), a.client.Addr)
	if err != nil {
		return nil, err
	}
	if err := s.recheckCode(ctx, r, a, &p); err != nil {
		s.release(ctx, p.Username, p.Carry)
		return nil, err
	}
	return &mfa.Grant{
		Username: p.Username, UserID: p.UserID, Administrator: p.Administrator,
		Primary: mfa.PrimaryStatus(p.Primary), Message: p.Message, Carry: p.Carry, Transaction: p.Transaction,
		Factor: p.Factor, Reason: p.Reason, Device: p.Device, TxID: p.TxID, At: s.cfg.Now(), ApprovedAt: p.At, CheckedAt: p.At,
	}, nil
}

// recheckCode refuses a code of a user who may use none any more, or whose
// account or session at the engine changed meanwhile (threats T019, T142).
func (s *Server) recheckCode(ctx context.Context, r *http.Request, a attempt, p *token.Proof) error {
	if canonical := s.decide(r, a, p.Username); !canonical.Allows(rules.Code) {
		return s.modeRefused(ctx, a, p.Username, "code", canonical)
	}
	e := audit.Event{Name: audit.MFAAccountChanged, Outcome: audit.Refused, Username: p.Username, Transaction: p.Transaction}
	same, err := s.deps.Accounts.Unchanged(ctx, p.Username, p.At)
	switch {
	case err != nil:
		return err
	case !same:
		return errors.Join(mfa.ErrAccountChanged, mfa.ErrRefused, s.record(ctx, a.client, e))
	case s.deps.Carries == nil || len(p.Carry) == 0:
		return nil
	}
	err = s.deps.Carries.Verify(ctx, p.Username, p.Carry)
	if errors.Is(err, mfa.ErrCarryGone) {
		e.Reason = "carry"
		return errors.Join(err, mfa.ErrRefused, s.record(ctx, a.client, e))
	}
	return err
}
