package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/internal/failpoint"
	"mfaserver/internal/mirth"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
)

// secondCall turns login data into a session. A password that came along is
// not looked at (threat T075).
func (s *Server) secondCall(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	source := throttle.Subject{Source: a.client.Addr}
	if err := s.deps.SecondCalls.Check(ctx, source); err != nil {
		s.refuseUnasked(ctx, w, r, a, err)
		return
	}
	data, err := loginData(a.loginData)
	if err != nil {
		s.malformed(ctx, w, r, a, err)
		return
	}
	grant, err := s.deps.Login.Redeem(ctx, mfa.RedeemRequest{
		FormUsername:   a.username,
		HeaderUsername: data.UsernameReadings(),
		Primary:        mfa.PrimaryStatus(data.PrimaryStatus),
		Code:           data.Code,
		State:          data.State,
		RedirectURI:    data.RedirectURI,
		Client:         a.client,
	})
	if err != nil {
		s.refuseSecond(ctx, w, r, a, err)
		return
	}
	if grant == nil {
		s.unavailable(w, r, a.format, errors.New("web: redeem gave no grant"))
		return
	}
	s.open(ctx, w, r, a, grant)
}

// refuseSecond counts and answers login data that did not lead to a session.
func (s *Server) refuseSecond(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, cause error) {
	if errors.Is(cause, mfa.ErrRefused) {
		if err := s.deps.SecondCalls.Fail(ctx, throttle.Subject{Source: a.client.Addr}); err != nil {
			s.unavailable(w, r, a.format, err)
			return
		}
	}
	s.refuseLogin(w, r, a.format, cause)
}

// refuseUnasked answers a source that guesses, without asking anybody about
// its guess (threat T074), or when nobody can say whether it does.
func (s *Server) refuseUnasked(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, cause error) {
	if !errors.Is(cause, throttle.ErrThrottled) {
		s.unavailable(w, r, a.format, cause)
		return
	}
	e := audit.Event{Name: audit.LoginThrottled, Outcome: audit.Refused}
	if err := s.record(ctx, a.client, e); err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.refuseLogin(w, r, a.format, cause)
}

var (
	// errDuplicateHeader: the login data came more than once (threat T055).
	errDuplicateHeader = errors.New("web: more than one login data header")
	// errForeignRedirect: the login data belong to no first call here.
	errForeignRedirect = errors.New("web: login data of another room")
)

func loginData(lines []string) (mirth.LoginData, error) {
	if len(lines) != 1 {
		return mirth.LoginData{}, errDuplicateHeader
	}
	data, err := mirth.ParseLoginData(lines[0])
	if err != nil {
		return mirth.LoginData{}, err
	}
	if u, err := url.Parse(data.RedirectURI); err == nil && strings.HasPrefix(u.Path, PortalPath+"/") {
		// A sign-in that began at the portal ends there. Every other redirect
		// URI is for the flow to compare, which counts the wrong ones.
		return mirth.LoginData{}, errForeignRedirect
	}
	return data, nil
}

// malformed answers login data that names no transaction: nothing changes
// (threat T067).
func (s *Server) malformed(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, cause error) {
	e := audit.Event{Name: audit.LoginDataMalformed, Outcome: audit.Refused, UnknownUsername: a.username, Reason: cause.Error()}
	err := errors.Join(s.deps.SecondCalls.Fail(ctx, throttle.Subject{Source: a.client.Addr}), s.record(ctx, a.client, e))
	if err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.deny(w, r, a.format)
}

// open starts the session that a grant allows and answers with it. Everything
// about it comes from the grant (invariant I3 of the threat model).
func (s *Server) open(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, g *mfa.Grant) {
	started, err := s.start(ctx, w, r, a, g)
	if err != nil {
		w.Header().Del("Set-Cookie")
		s.refuseLogin(w, r, a.format, err)
		return
	}
	if err := s.deps.Notes.NoteLogin(ctx, g.Username, a.client.Addr); err != nil {
		// The session stands; only the time of the last login is old.
		s.log.WarnContext(ctx, "login not noted in the directory",
			slog.String("request_id", a.client.RequestID), slog.Any("err", err))
	}
	answer := mirth.LoginStatus{Status: mirth.Status(g.Primary), Message: g.Message, UpdatedUsername: g.Username}
	failpoint.Hit(failpoint.BeforeResponse)
	if err := s.deliver(w, r, http.StatusOK, a.format, answer); err != nil {
		s.abandon(ctx, a, started)
	}
}

// start makes the session, and hands it what the login carries. Whatever
// fails, no session is left, and nothing at the engine either.
func (s *Server) start(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, g *mfa.Grant) (session.Session, error) {
	started, err := s.deps.Sessions.Start(ctx, w, r, session.Session{
		UserID:        g.UserID,
		Username:      g.Username,
		Administrator: g.Administrator && !g.FailOpen,
		Source:        a.client.Addr.String(),
		UserAgent:     a.client.UserAgent,
		Transaction:   g.Transaction,
		Factor:        g.Factor,
		Reason:        g.Reason,
		Device:        g.Device,
		ApprovedAt:    g.ApprovedAt,
		Exemption:     g.Exemption,
		FailOpen:      g.FailOpen,
		ReadOnly:      g.FailOpen,
		Carry:         g.Carry,
	})
	if err != nil {
		s.release(ctx, g.Username, g.Carry)
		return session.Session{}, err
	}
	err = s.stillTheirs(ctx, a, g)
	if err == nil && s.deps.Upstream != nil && len(g.Carry) > 0 {
		err = s.deps.Upstream.Adopt(ctx, g.Username, g.Carry)
	}
	if err != nil {
		// The end of the session releases what it carries; twice does no harm.
		s.abandon(ctx, a, started)
		s.release(ctx, g.Username, g.Carry)
		return session.Session{}, err
	}
	return started, nil
}

// stillTheirs looks at the account once more, now that its session is there:
// whoever disabled it before that found no session to end (threat R38).
func (s *Server) stillTheirs(ctx context.Context, a attempt, g *mfa.Grant) error {
	if s.deps.Accounts == nil {
		return nil
	}
	same, err := s.deps.Accounts.Unchanged(ctx, g.Username, g.CheckedAt)
	if err != nil || same {
		return err
	}
	e := audit.Event{Name: audit.MFAAccountChanged, Outcome: audit.Refused, Username: g.Username, Transaction: g.Transaction}
	return errors.Join(mfa.ErrAccountChanged, mfa.ErrRefused, s.record(ctx, a.client, e))
}

// abandon ends a session whose cookie was seen not to arrive (threat T078).
func (s *Server) abandon(ctx context.Context, a attempt, started session.Session) {
	if err := s.deps.SessionKeeper.Abandon(ctx, started.Key); err != nil {
		s.log.ErrorContext(ctx, "undelivered session could not be ended",
			slog.String("request_id", a.client.RequestID), slog.String("session", started.Key.Handle()), slog.Any("err", err))
	}
}
