package adminapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/mfa"
	"mfaserver/session"
)

const (
	// wholeTime bounds an operation: Duo may ask for patience, again and
	// again. The answer may take slack longer.
	wholeTime = 90 * time.Second
	slack     = 5 * time.Second
	// streamTime bounds a stream, and itemTime the writing of each item.
	streamTime = time.Hour
	itemTime   = 30 * time.Second
)

// ServeHTTP implements [http.Handler]. The order is fixed: who may not see the
// API sees nothing; what a browser could have been made to send is refused; a
// session is needed, then the role; then the request is read, and only then
// anything is done.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := a.cfg.Client(r)
	if !a.visible(client) {
		// Threat T155: as any path that is not there.
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	c := &call{api: a, w: w, r: r, client: client}
	if p := c.guard(); p != nil { //nolint:contextcheck // a call carries its request, and with it the context
		c.fail(*p) //nolint:contextcheck // likewise
		return
	}
	c.serve() //nolint:contextcheck // likewise
}

// visible reports whether the client is known to be in the networks.
func (a *API) visible(c mfa.Client) bool {
	return !c.Forwarded && c.Addr.IsValid() &&
		slices.ContainsFunc(a.cfg.Networks, func(n netip.Prefix) bool { return n.Contains(c.Addr) })
}

// call is one request on its way.
type call struct {
	api     *API
	w       http.ResponseWriter
	r       *http.Request
	client  mfa.Client
	session session.Session
}

// guard lets administrators through (threats T156, T157).
func (c *call) guard() *problem {
	switch {
	case strings.TrimSpace(c.r.Header.Get("X-Requested-With")) == "":
		return &problem{status: http.StatusBadRequest, code: "bad_request", message: "Send the header X-Requested-With."}
	case foreignSite(c.r.Header):
		return &problem{status: http.StatusBadRequest, code: "bad_request", message: "The request comes from another site."}
	}
	var err error
	if c.session, err = c.api.cfg.Sessions.Load(c.r); err != nil {
		return c.noSession(err)
	}
	s := &c.session
	switch {
	case s.FailOpen || s.ReadOnly:
		return c.forbidden("read_only", "This session was given without a second factor. Sign in again.")
	case !s.Administrator || s.Username == "":
		return c.forbidden("role", "This needs a session of an administrator.")
	}
	is, err := c.api.cfg.Roles.Administrator(c.r.Context(), s.Username)
	switch {
	case err != nil:
		c.log("role cannot be looked up", err)
		return unavailable()
	case !is:
		return c.forbidden("role", "You are not an administrator any more.")
	}
	return nil
}

// forbidden refuses a session and records that somebody tried: not each time,
// or whoever is signed in fills the trail.
func (c *call) forbidden(reason, message string) *problem {
	a := c.actor()
	tried := audit.Event{
		Name: audit.DuoRefused, Outcome: audit.Refused, Username: a.Name, Actor: a.Name, Source: a.Source,
		UserAgent: a.UserAgent, Session: a.Session, RequestID: a.RequestID, Reason: reason,
	}
	if c.api.refused.Worth(&tried) {
		if err := c.api.cfg.Recorder.Record(context.WithoutCancel(c.r.Context()), tried); err != nil {
			c.log("audit record failed", err)
			return unavailable()
		}
	}
	return &problem{status: http.StatusForbidden, code: "forbidden", message: message}
}

// foreignSite reports whether a browser says that another site made the
// request.
func foreignSite(h http.Header) bool {
	return slices.ContainsFunc(h.Values("Sec-Fetch-Site"), func(v string) bool { return v != "same-origin" && v != "none" })
}

// noSession tells "no session" from a store that cannot answer (threat T107).
func (c *call) noSession(err error) *problem {
	if session.Absent(err) {
		return &problem{status: http.StatusUnauthorized, code: "unauthenticated", message: "Sign in first."}
	}
	c.log("session cannot be looked up", err)
	return unavailable()
}

// serve routes, reads and carries out.
func (c *call) serve() {
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), Base)
	found, ids, allow := c.api.find(c.r.Method, path)
	switch {
	case found != nil:
	case allow != nil:
		c.w.Header().Set("Allow", strings.Join(allow, ", "))
		c.fail(problem{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "The path does not take this method."})
		return
	default:
		c.fail(problem{status: http.StatusNotFound, code: "no_such_path", message: "There is no such operation."})
		return
	}
	if found.op.Name == openAPIOperation {
		c.document()
		return
	}
	request, window, p := c.read(found)
	if p != nil {
		c.fail(*p)
		return
	}
	request.ID = ids
	c.carryOut(found.op, request, window)
}

// carryOut does it. A change goes on when the client goes away: half of one is
// worse than either end.
func (c *call) carryOut(op adminops.Operation, request adminops.Call, window window) {
	ctx, bound := c.r.Context(), wholeTime
	switch {
	case op.Stream:
		bound = streamTime
	case op.Changes:
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	c.deadline(bound + slack)
	result, err := c.api.cfg.Operations.Do(ctx, request)
	switch {
	case err != nil:
		c.failed(op, err)
	case result.Items != nil && op.Stream:
		c.stream(op, result.Items)
	case result.Items != nil:
		c.page(op, result.Items, window)
	case result.Value == nil:
		c.w.WriteHeader(http.StatusNoContent)
	default:
		c.json(http.StatusOK, result.Value)
	}
}

// deadline gives the answer its time, whatever the server allows others.
func (c *call) deadline(d time.Duration) {
	// A writer without a connection has no deadline to set.
	_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now().Add(d)) //nolint:forbidigo // sockets know only the real clock
}

// actor is who asks, for policy and trail.
func (c *call) actor() helpdesk.Actor {
	return helpdesk.Actor{
		Name: c.session.Username, Source: c.client.Addr, UserAgent: c.client.UserAgent,
		Session: c.session.Key.Handle(), RequestID: c.client.RequestID,
	}
}
