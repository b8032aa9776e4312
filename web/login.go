package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
	"mfaserver/web/browser"
)

// Headers of the two calls.
const (
	headerServerURL = "X-Mirth-Server-Url"
	headerLoginData = "X-Mirth-Login-Data"
)

// loginBudget bounds what follows a password, and a second call, whatever the
// client does: it goes on without the client, because a claimed transaction
// must reach its end (threat T078). passwordBudget bounds the check of a
// password, for which an engine behind us is asked twice.
const (
	loginBudget    = 12 * time.Second
	passwordBudget = 22 * time.Second
)

// attempt is one call of _login as it came in.
type attempt struct {
	username string
	password secret.Secret
	format   mirth.Format
	client   mfa.Client
	// loginData holds the lines of the header; none when they are blank.
	loginData []string
}

// login serves POST users/_login: both calls (UserServlet.login of the engine).
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	format, ok := mirth.Negotiate(r.Header.Values("Accept"))
	if !ok {
		empty(w, http.StatusNotAcceptable)
		return
	}
	form, err := browser.ReadForm(w, r, "username", "password")
	if err != nil {
		s.badLogin(w, r, format, err)
		return
	}
	a := attempt{
		username:  form["username"],
		password:  secret.New(form["password"]),
		format:    format,
		client:    s.client(r),
		loginData: loginDataLines(r.Header),
	}
	budget, first := loginBudget, len(a.loginData) == 0
	if first {
		budget = passwordBudget
		allowWait(w, passwordBudget+loginBudget)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), budget)
	defer cancel()
	if first {
		s.firstCall(ctx, w, r, a)
		return
	}
	s.secondCall(ctx, w, r, a)
}

// badLogin answers a login that is no login at all.
func (s *Server) badLogin(w http.ResponseWriter, r *http.Request, f mirth.Format, err error) {
	status, ok := errors.AsType[browser.StatusError](err)
	if !ok {
		s.unavailable(w, r, f, err)
		return
	}
	e := audit.Event{Name: audit.LoginBadRequest, Outcome: audit.Refused, Reason: http.StatusText(int(status))}
	if err := s.record(r.Context(), s.client(r), e); err != nil {
		s.unavailable(w, r, f, err)
		return
	}
	empty(w, int(status))
}

// loginDataLines returns the header's lines; a single blank one counts as
// absent, as in the engine (threat T076).
func loginDataLines(h http.Header) []string {
	lines := h.Values(headerLoginData)
	if len(lines) == 1 && strings.TrimSpace(lines[0]) == "" {
		return nil
	}
	return lines
}

// record adds what is known of the caller and writes the event.
func (s *Server) record(ctx context.Context, c mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = c.Addr, c.UserAgent, c.RequestID
	if err := s.deps.Recorder.Record(ctx, e); err != nil {
		s.log.ErrorContext(ctx, "audit record failed", slog.String("request_id", c.RequestID), slog.String("event", string(e.Name)))
		return err
	}
	return nil
}
