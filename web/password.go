package web

import (
	"context"
	"net/http"
	"slices"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/web/signin"
)

// way is how a login with a password goes on once that was right.
type way string

const (
	wayPrompt     way = "prompt"
	wayPush       way = "push"
	wayPasscode   way = "passcode"
	wayBreakGlass way = "break_glass"
	wayExempt     way = "exempt"
	wayRefuse     way = "refuse"
)

// plan is how a login is to go on, decided by the name as it was typed.
type plan struct {
	typed rules.Decision
	way   way
	typing
	// base is the public URL that the client names; empty when it names none
	// of ours.
	base string
}

// firstCall looks at what was given as the password: what is recognisably a
// token or a code of ours goes nowhere but to its own room, right or wrong.
func (s *Server) firstCall(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	switch kind, ours := token.KindOf(a.password.Reveal()); {
	case ours && kind == token.KindToken:
		s.tokenLogin(ctx, w, r, a)
	case ours && kind == token.KindSignIn:
		s.codeLogin(ctx, w, r, a)
	case ours:
		// A break-glass code stands behind a password, never for one.
		_, err := s.passwords.Check(ctx, signin.Attempt{Username: a.username, Password: a.password, Client: a.client})
		s.refuseLogin(w, r, a.format, err)
	default:
		s.passwordLogin(ctx, w, r, a)
	}
}

// passwordLogin checks the password and goes on as the rules say. What they
// say about the typed name decides before the password does, so that a hint
// tells nothing about the password; what they say about the user's own name
// must then be the same.
func (s *Server) passwordLogin(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	p := s.plan(r, a)
	if p.way == wayPrompt && p.base == "" {
		s.unknownServerURL(ctx, w, r, a)
		return
	}
	begin, err := s.passwords.Check(ctx, signin.Attempt{Username: a.username, Password: p.password, Client: a.client})
	if err != nil {
		s.refusePassword(w, r, a, p, err)
		return
	}
	canonical := s.decide(r, a, begin.Username)
	if p.way == wayExempt && p.typed.Exemption != canonical.Exemption {
		p.way = way(p.typed.Mode) // another name than that of the exemption (threat T014)
	}
	if !p.agrees(canonical) {
		s.release(ctx, begin.Username, begin.Carry)
		s.refuseLogin(w, r, a.format, s.modeRefused(ctx, a, begin.Username, string(p.way), canonical))
		return
	}
	s.prove(w, r, a, p, begin)
}

// plan decides by what was typed alone.
func (s *Server) plan(r *http.Request, a attempt) plan {
	p := plan{typed: s.decide(r, a, a.username)}
	p.base, _ = s.publicURL(r.Header.Values(headerServerURL))
	p.typing = split(a.password, p.typed.Allows(rules.Passcode))
	switch {
	case !lets(p.typed):
		p.way = wayRefuse
	case p.breakGlass != "":
		p.way = wayBreakGlass
	case p.proof.Factor != "":
		p.way = wayPasscode
	case p.typed.Exemption != "" && !a.client.Forwarded:
		p.way = wayExempt
	default:
		p.way = way(p.typed.Mode)
	}
	return p
}

// agrees reports whether the user himself may log in this way.
func (p plan) agrees(canonical rules.Decision) bool {
	switch p.way {
	case wayPrompt:
		return canonical.Mode == rules.Prompt && p.base != ""
	case wayPush:
		return canonical.Mode == rules.Push
	case wayPasscode:
		return canonical.Allows(rules.Passcode)
	case wayBreakGlass:
		return lets(canonical)
	case wayExempt:
		return lets(canonical) && canonical.Exemption != ""
	default:
		return false
	}
}

// lets reports whether a decision lets anybody in at all.
func lets(d rules.Decision) bool { return slices.ContainsFunc(rules.Modes(), d.Allows) }

// decide asks the rules about a name.
func (s *Server) decide(r *http.Request, a attempt, username string) rules.Decision {
	return s.deps.Rules.Decide(rules.Request{
		Username: username, Addr: a.client.Addr, UserAgent: r.UserAgent(),
		Header: func(name string) bool { return len(r.Header.Values(name)) > 0 },
		At:     s.cfg.Now(),
	})
}

// modeRefused records that the rules do not let a user in this way. username
// is canonical; empty where only the typed name is known.
func (s *Server) modeRefused(ctx context.Context, a attempt, username, mode string, d rules.Decision) error {
	e := audit.Event{
		Name: audit.MFAModeRefused, Outcome: audit.Refused, Username: username, Reason: mode,
		Detail: map[string]string{"rule": d.Rule, "mode": string(d.Mode)},
	}
	if username == "" {
		e.UnknownUsername = a.username
	}
	if err := s.record(ctx, a.client, e); err != nil {
		return err
	}
	return &primary.RefusedError{}
}

// refusePassword answers a password that was not accepted. Whom the rules
// refuse anyway is not told that his password is too old.
func (s *Server) refusePassword(w http.ResponseWriter, r *http.Request, a attempt, p plan, cause error) {
	if p.way == wayRefuse {
		if _, ok := expired(cause); ok {
			s.deny(w, r, a.format)
			return
		}
	}
	s.refuseLogin(w, r, a.format, cause)
}

// release ends what a login carries when nothing comes of it.
func (s *Server) release(ctx context.Context, username string, carry []byte) {
	if s.deps.Upstream != nil && len(carry) > 0 {
		s.deps.Upstream.Release(context.WithoutCancel(ctx), username, carry)
	}
}

// begin asks for the second factor in a prompt.
func (s *Server) begin(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, p plan, b mfa.BeginRequest) {
	b.RedirectURI = p.base + "/api/" + s.versionOf(r) + callbackPath
	begun, err := s.deps.Login.Begin(ctx, b)
	switch {
	case err != nil:
		s.refuseLogin(w, r, a.format, err)
	case begun.Grant != nil:
		s.open(ctx, w, r, a, begun.Grant)
	case begun.Challenge != nil:
		s.challenge(w, r, a, begun.Challenge, b.Username)
	default:
		s.unavailable(w, r, a.format, errNothingBegun)
	}
}
