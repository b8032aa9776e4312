package web

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
)

// tokenLogin opens a session for a service token that was given as the
// password. The rules about people do not apply to it: a token has a scope of
// its own. It carries nothing: each request of the session finds the engine's
// session of the token.
func (s *Server) tokenLogin(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	t, err := s.loginToken(ctx, a)
	switch {
	case errors.Is(err, token.ErrRefused):
		s.deny(w, r, a.format)
		return
	case err != nil:
		s.unavailable(w, r, a.format, err)
		return
	}
	started, err := s.deps.Sessions.Start(ctx, w, r, s.tokenSession(a.client, &t))
	if err != nil {
		w.Header().Del("Set-Cookie")
		s.unavailable(w, r, a.format, err)
		return
	}
	answer := mirth.LoginStatus{Status: mirth.StatusSuccess, UpdatedUsername: t.Username}
	if err := s.deliver(w, r, http.StatusOK, a.format, answer); err != nil {
		s.abandon(ctx, a, started)
	}
}

func (s *Server) loginToken(ctx context.Context, a attempt) (token.Token, error) {
	if s.deps.Tokens == nil {
		// What looks like a token is never asked about elsewhere.
		return token.Token{}, s.noSuchThing(ctx, a, audit.TokenRefused)
	}
	t, err := s.deps.Tokens.Check(ctx, a.password.Reveal(), a.client.Addr)
	if err != nil {
		return token.Token{}, err
	}
	if t.Username != a.username {
		return token.Token{}, s.foreignToken(ctx, a.client, &t)
	}
	return t, s.tokenUser(ctx, &t)
}

// tokenSession is the session of a token's user.
func (s *Server) tokenSession(c mfa.Client, t *token.Token) session.Session {
	return session.Session{
		UserID: t.UserID, Username: t.Username, Source: c.Addr.String(), UserAgent: c.UserAgent,
		Factor: reasonToken, Reason: reasonToken, Token: t.ID, ReadOnly: t.ReadOnly, Kind: session.KindToken, Expires: t.ExpiresAt,
	}
}

// foreignToken records a good token under another name than its user's.
func (s *Server) foreignToken(ctx context.Context, c mfa.Client, t *token.Token) error {
	e := audit.Event{
		Name: audit.TokenRefused, Outcome: audit.Refused, Username: t.Username, Reason: "wrong_user",
		Detail: map[string]string{"token": t.ID},
	}
	if err := s.record(ctx, c, e); err != nil {
		return err
	}
	return token.ErrWrongUser
}

// noSuchThing records a token or code where there are none, and refuses it.
func (s *Server) noSuchThing(ctx context.Context, a attempt, name audit.Name) error {
	e := audit.Event{Name: name, Outcome: audit.Refused, UnknownUsername: a.username, Reason: "not_configured"}
	if err := s.record(ctx, a.client, e); err != nil {
		return err
	}
	return token.ErrUnknown
}
