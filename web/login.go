package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
)

// Headers of the two calls.
const (
	headerServerURL = "X-Mirth-Server-Url"
	headerLoginData = "X-Mirth-Login-Data"
)

// loginBudget bounds a call whatever the client does: it goes on without the
// client, because a claimed transaction must reach its end (threat T078).
const loginBudget = 12 * time.Second

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
	form, err := readForm(w, r, "username", "password")
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), loginBudget)
	defer cancel()
	if len(a.loginData) > 0 {
		s.secondCall(ctx, w, r, a)
		return
	}
	s.firstCall(ctx, w, r, a)
}

// badLogin answers a login that is no login at all.
func (s *Server) badLogin(w http.ResponseWriter, r *http.Request, f mirth.Format, err error) {
	status, ok := errors.AsType[statusError](err)
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

// firstCall checks the password and begins the second factor. What the header
// says decides before the password does, so that its hint tells nothing about
// the password.
func (s *Server) firstCall(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	base, ok := s.publicURL(r.Header.Values(headerServerURL))
	if !ok {
		s.unknownServerURL(ctx, w, r, a)
		return
	}
	if a.username == "" || a.password.IsZero() {
		// No directory of any kind is asked (threat T001).
		s.refusePrimary(ctx, w, r, a, &primary.RefusedError{Reason: primary.ReasonEmptyPassword})
		return
	}
	checked := s.cfg.Now()
	result, err := s.deps.Authenticator.Authenticate(ctx, primary.Attempt{
		Username: a.username, Password: a.password, Source: a.client.Addr,
	})
	if err != nil {
		s.refusePrimary(ctx, w, r, a, err)
		return
	}
	if err := s.recordAccepted(ctx, a.client, result.User); err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.begin(ctx, w, r, a, result, mfa.BeginRequest{
		CheckedAt: checked, RedirectURI: base + "/api/" + s.versionOf(r) + callbackPath,
	})
}

// recordAccepted notes a right password, and that a one-time one is now spent
// (threat T015).
func (s *Server) recordAccepted(ctx context.Context, c mfa.Client, u primary.User) error {
	e := audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: u.Username}
	if err := s.record(ctx, c, e); err != nil || !u.Bootstrap {
		return err
	}
	e.Name = audit.BootstrapUsed
	return s.record(ctx, c, e)
}

// begin fills the request in and asks for the second factor.
func (s *Server) begin(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, result primary.Result, b mfa.BeginRequest) {
	u := result.User
	b.Username, b.Typed, b.UserID = u.Username, a.username, u.ID
	b.Administrator = u.Role == primary.RoleAdmin || s.administrators[u.Username]
	b.Primary, b.Message = primaryWord(result.Status), result.Message
	b.AllowEnrolment = s.cfg.AllowEnrolment != nil && s.cfg.AllowEnrolment(u, s.cfg.Now())
	b.Carry, b.Client = result.Carry, a.client
	begun, err := s.deps.Login.Begin(ctx, b)
	switch {
	case err != nil:
		s.refuseLogin(w, r, a.format, err)
	case begun.Grant != nil:
		s.open(ctx, w, r, a, begun.Grant)
	case begun.Challenge != nil:
		s.challenge(w, r, a, begun.Challenge, u.Username)
	default:
		s.unavailable(w, r, a.format, errors.New("web: begin gave neither challenge nor grant"))
	}
}

// challenge answers a right password: 401, and nothing in it opens anything
// (threat T030).
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, a attempt, c *mfa.Challenge, canonical string) {
	prompt, err := url.Parse(c.AuthURL)
	if err != nil || prompt.Host == "" {
		s.unavailable(w, r, a.format, errors.New("web: authorization URL cannot be read"))
		return
	}
	answer := mirth.DuoLoginStatus{
		Status:            mirth.StatusFail,
		Message:           textChallenge,
		ClientPluginClass: s.cfg.ClientPluginClass,
		PrimaryStatus:     mirth.Status(c.Primary),
		APIHostname:       prompt.Host,
		AuthURL:           c.AuthURL,
		RedirectURI:       c.RedirectURI,
	}
	if canonical != a.username {
		answer.UpdatedUsername = canonical
	}
	if c.Binding != "" {
		// No Expires: the Java client drops a cookie that has one.
		http.SetCookie(w, &http.Cookie{
			Name: bindingCookie, Value: c.Binding, Path: "/api", MaxAge: max(1, int(c.ExpiresAt.Sub(s.cfg.Now()).Seconds())),
			Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
	_ = s.write(w, r, http.StatusUnauthorized, a.format, answer)
}

// publicURL returns the configured URL that the header names. Its bytes go
// nowhere else (threats T020, T021).
func (s *Server) publicURL(lines []string) (string, bool) {
	if len(lines) != 1 {
		return "", false
	}
	u, err := mirth.NormalizeServerURL(lines[0])
	if err != nil {
		return "", false
	}
	i := slices.Index(s.cfg.PublicURLs, u)
	if i < 0 {
		return "", false
	}
	return s.cfg.PublicURLs[i], true
}

// unknownServerURL answers a first call that does not say where its user's
// browser finds us.
func (s *Server) unknownServerURL(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	e := audit.Event{Name: audit.LoginServerURL, Outcome: audit.Refused, UnknownUsername: a.username}
	if err := s.record(ctx, a.client, e); err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.fail(w, r, http.StatusUnauthorized, a.format, mirth.StatusFail, textServerURL)
}

// refusePrimary records and answers a password that was not accepted.
func (s *Server) refusePrimary(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt, cause error) {
	e := audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused, Reason: primaryReason(cause)}
	switch {
	case errors.Is(cause, primary.ErrThrottled):
		e.Name = audit.PrimaryThrottled
	case !errors.Is(cause, primary.ErrRefused):
		e.Name, e.Outcome = audit.PrimaryError, audit.Failed
	}
	// The same question for every name, so that the time tells nothing.
	if u, err := s.deps.Directory.Get(ctx, a.username); err == nil {
		e.Username = u.Username
	} else {
		e.UnknownUsername = a.username
	}
	if err := s.record(ctx, a.client, e); err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.refuseLogin(w, r, a.format, cause)
}

// primaryReason is why, for the audit trail alone.
func primaryReason(cause error) string {
	if e, ok := errors.AsType[*primary.RefusedError](cause); ok {
		return string(e.Reason)
	}
	if e, ok := errors.AsType[*primary.ThrottledError](cause); ok {
		return e.Scope
	}
	return ""
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

// primaryWord is Mirth's word for how the password was accepted.
func primaryWord(status primary.Status) mfa.PrimaryStatus {
	if status == primary.StatusGracePeriod {
		return mfa.PrimaryStatus(mirth.StatusGracePeriod)
	}
	return mfa.PrimaryStatus(mirth.StatusSuccess)
}
