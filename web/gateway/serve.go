package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/session"
)

const (
	methods = "DELETE, GET, HEAD, OPTIONS, POST, PUT"
	// requestedWith is what the engine wants to see of programs, which need
	// not send it to us.
	requestedWith = "mfaserver"
)

// Serve forwards r for the session s, which the caller has found for r just
// now: with a key, or as the principal of a service token without one. Without
// either it answers 500 and forwards nothing (threat T129).
//
// Serve panics with [http.ErrAbortHandler] when an answer has to be cut short,
// as [net/http/httputil.ReverseProxy] does.
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, s session.Session) {
	setSecurityHeaders(w.Header())
	if s.Username == "" || !s.Kind.API() || s.Key == (session.Key{}) && s.Token == "" {
		g.log.ErrorContext(r.Context(), "request without a session reached the gateway", g.about(r, &s)...)
		empty(w, http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodOptions {
		// Also the answer to a browser that asks for another site: no.
		w.Header().Set("Allow", methods)
		empty(w, http.StatusOK)
		return
	}
	if status := g.guard(r, &s); status != 0 {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", methods)
		}
		empty(w, status)
		return
	}
	if !g.permitted(w, r, &s) {
		return
	}
	if t := g.transfer(w, r, s); t != nil {
		t.begin()
		defer t.finish()
		t.cross(w) //nolint:contextcheck // the transfer has its own, which comes from that of r
	}
}

// transfer prepares the crossing of r, or answers and returns nil. The request
// for the engine is made from nothing of the client's but method, path, query
// and body, and from the headers that [Gateway.crossing] picked: no Connection
// header can name one of ours (threat T136).
func (g *Gateway) transfer(w http.ResponseWriter, r *http.Request, s session.Session) *transfer {
	header, ok := g.crossing(r.Header)
	if !ok {
		empty(w, http.StatusBadRequest)
		return nil
	}
	addr := g.cfg.Client(r)
	if !addr.IsValid() {
		g.log.ErrorContext(r.Context(), "request without an address", g.about(r, &s)...)
		empty(w, http.StatusInternalServerError)
		return nil
	}
	first, ok := g.cookie(w, r, &s)
	if !ok {
		return nil
	}
	t := &transfer{
		g: g, session: s, client: r, header: header, first: first, cookie: g.rotated.current(&s, first),
		control: http.NewResponseController(w),
	}
	t.setOwn(addr)
	ctx, cancel := context.WithCancelCause(r.Context())
	t.cancel = cancel
	out := http.Request{
		Method: r.Method, URL: g.place(r.URL), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: r.ContentLength, Host: g.cfg.Target.Host,
	}
	if r.ContentLength != 0 {
		t.partial.Store(true)
		out.Body = &upload{t: t, body: r.Body, left: g.cfg.Limits.MaxRequest}
	} else {
		t.stage.Store(int32(thinking))
	}
	t.out = out.WithContext(context.WithValue(ctx, transferKey{}, t))
	return t
}

// setOwn sets what only we may say: who asks, and from where.
func (t *transfer) setOwn(addr netip.Addr) {
	own := [...]string{"JSESSIONID=" + t.cookie, addr.String()}
	t.header["Cookie"], t.header["X-Forwarded-For"] = own[0:1:1], own[1:2:2]
	if len(t.header["X-Requested-With"]) == 0 {
		t.header["X-Requested-With"] = []string{requestedWith}
	}
	if len(t.header["User-Agent"]) == 0 {
		t.header["User-Agent"] = []string{""} // or net/http would say its own
	}
}

// place is where at the engine a path of ours is.
func (g *Gateway) place(u *url.URL) *url.URL {
	return &url.URL{
		Scheme: g.cfg.Target.Scheme, Host: g.cfg.Target.Host,
		Path: withoutVersion(u.Path), RawPath: withoutVersion(u.RawPath), ForceQuery: u.ForceQuery, RawQuery: u.RawQuery,
	}
}

// versioned is the prefix of a path that names the engine's version.
var versioned = regexp.MustCompile(`^/api/\d{1,3}(?:\.\d{1,3}){1,3}(?:/|$)`)

// withoutVersion takes the version out of a path, escaped or not. The engine's
// sessions belong to one base path, and ours is /api; it also refuses every
// version but its own.
func withoutVersion(path string) string {
	if len(path) <= len("/api/") || path[5] < '0' || path[5] > '9' {
		return path // as nearly always
	}
	if m := versioned.FindString(path); m != "" {
		return "/api/" + path[len(m):]
	}
	return path
}

// permitted asks the rules, or answers and returns false.
func (g *Gateway) permitted(w http.ResponseWriter, r *http.Request, s *session.Session) bool {
	if g.cfg.Access == nil {
		return true
	}
	err := g.cfg.Access.Permit(r.Context(), *s, r, func() { allowQuestion(w) })
	if err == nil {
		return true
	}
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok {
		g.log.ErrorContext(r.Context(), "nobody can tell whether a request is permitted", append(g.about(r, s), slog.Any("err", err))...)
		unavailable(w)
		return false
	}
	if err := g.record(r, s, audit.GatewayRefused, denied.Reason); err != nil {
		unavailable(w)
		return false
	}
	refuse(w, r, http.StatusForbidden, denied.Reason)
	return false
}

// allowQuestion moves both deadlines of a request whose body was not read yet:
// the server takes the end of the one for reading for the client's going away.
// A writer without deadlines needs none.
func allowQuestion(w http.ResponseWriter) {
	until := time.Now().Add(questionBudget) //nolint:forbidigo // sockets know only the real clock
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until)
}

// questionBudget is the longest that a person is asked, and the time for the
// answer after it.
const questionBudget = 3 * time.Minute

// cookie opens the carry, or answers and returns false. A carry that cannot be
// opened makes the session useless for good.
func (g *Gateway) cookie(w http.ResponseWriter, r *http.Request, s *session.Session) (string, bool) {
	c, err := g.cfg.Cookies.Cookie(s.Username, s.Carry)
	if err == nil && cookieValue(c.Reveal()) {
		return c.Reveal(), true
	}
	g.log.ErrorContext(r.Context(), "session carries nothing for the engine", append(g.about(r, s), slog.Any("err", err))...)
	noSession(w, r, g.lose(r, s, "carry_unreadable"))
	return "", false
}

// record puts an event about r on the audit trail.
func (g *Gateway) record(r *http.Request, s *session.Session, name audit.Name, reason string) error {
	outcome := audit.Refused
	if name != audit.GatewayRefused {
		outcome = audit.OK
	}
	err := g.cfg.Recorder.Record(r.Context(), audit.Event{
		Name: name, Outcome: outcome, Username: s.Username, Source: g.cfg.Client(r), UserAgent: r.UserAgent(),
		Transaction: s.Transaction, Session: handle(s), RequestID: g.cfg.RequestID(r.Context()), Reason: reason,
		Detail: detail(r, s),
	})
	if err != nil {
		g.log.ErrorContext(r.Context(), "event not recorded", append(g.about(r, s), slog.Any("err", err))...)
	}
	return err
}

func detail(r *http.Request, s *session.Session) map[string]string {
	d := map[string]string{"method": r.Method, "path": mirth.Outline(r.URL.EscapedPath())}
	if s.Token != "" {
		d["token"] = s.Token
	}
	return d
}

func handle(s *session.Session) string {
	if s.Key == (session.Key{}) {
		return ""
	}
	return s.Key.Handle()
}

// about is what the log says about a request.
func (g *Gateway) about(r *http.Request, s *session.Session) []any {
	return []any{slog.String("request_id", g.cfg.RequestID(r.Context())), slog.String("session", handle(s))}
}
