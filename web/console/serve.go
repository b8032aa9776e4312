package console

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// ServeHTTP implements [http.Handler]. The order is fixed: who may not see the
// console sees nothing; who is not signed in is sent to sign in; the role
// counts as it is now; Duo must have been asked for the console itself, and
// again not long ago for what is sensitive; a form must be ours; and only then
// anything is done.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client := c.cfg.Client(r)
	if !c.visible(client) {
		c.cfg.Hidden.ServeHTTP(w, r)
		return
	}
	v := &visit{console: c, w: w, r: r, client: client}
	if !v.admit() { //nolint:contextcheck // a visit carries its request, and with it the context
		return
	}
	v.route() //nolint:contextcheck // likewise
}

// Visible reports whether there is a console for whoever sent the request, by
// his address alone. It opens nothing.
func (c *Console) Visible(r *http.Request) bool { return c.visible(c.cfg.Client(r)) }

// visible reports whether the client is known to be in the networks (threat
// T155).
func (c *Console) visible(client mfa.Client) bool {
	return !client.Forwarded && client.Addr.IsValid() &&
		slices.ContainsFunc(c.cfg.Networks, func(n netip.Prefix) bool { return n.Contains(client.Addr) })
}

// admit finds out who asks. It reports whether he is an administrator; else it
// has answered.
func (v *visit) admit() bool {
	var err error
	if v.page, err = v.console.deps.Sessions.LoadPage(v.r); err != nil {
		v.nobody(err)
		return false
	}
	if why, err := v.console.mayEnter(v.r.Context(), &v.page); err != nil || why != "" {
		v.hide(why, err)
		return false
	}
	v.session, err = v.console.deps.Sessions.LoadConsole(v.r)
	switch {
	case err != nil && !session.Absent(err):
		v.unavailable(err)
		return false
	case err != nil || v.session.Username != v.page.Username || v.session.ApprovedAt.IsZero() || v.session.CreatedAt.Before(v.page.CreatedAt):
		// That of somebody else who used this browser before opens nothing, nor
		// does that of an earlier sign-in.
		v.session = session.Session{}
	}
	return true
}

// mayEnter says in one word why the user of a page's session is to find
// nothing, or nothing when he may come in: with a second factor, and the role
// now, not only when he signed in (threats T155, T157).
func (c *Console) mayEnter(ctx context.Context, s *session.Session) (why string, err error) {
	if s.FailOpen || s.ReadOnly || s.Exemption != "" {
		return "no_second_factor", nil
	}
	is, err := c.deps.Roles.Administrator(ctx, s.Username)
	if err == nil && !is {
		why = "role"
	}
	return why, err
}

// nobody answers who is not signed in: he is sent to sign in, and comes back to
// the first page.
func (v *visit) nobody(err error) {
	if !session.Absent(err) {
		v.unavailable(err)
		return
	}
	v.redirect(pathSignIn)
}

// hide answers as if there were no console, and records that somebody looked:
// not each time, or whoever is signed in fills the trail.
func (v *visit) hide(why string, err error) {
	if err != nil {
		v.unavailable(err)
		return
	}
	looked := audit.Event{
		Name: audit.ConsoleRefused, Outcome: audit.Refused, Username: v.page.Username, Source: v.client.Addr,
		UserAgent: v.client.UserAgent, RequestID: v.client.RequestID, Session: v.page.Key.Handle(), Reason: why,
	}
	if v.console.looks.Worth(&looked) {
		if err := v.console.deps.Recorder.Record(context.WithoutCancel(v.r.Context()), looked); err != nil {
			v.unavailable(err)
			return
		}
	}
	v.console.cfg.Hidden.ServeHTTP(v.w, v.r)
}

// route finds what is asked for, and lets it happen.
func (v *visit) route() {
	found, values, allow := v.console.find(v.r.Method, strings.TrimPrefix(v.r.URL.EscapedPath(), Base))
	switch {
	case found != nil:
	case allow != nil:
		v.w.Header().Set("Allow", strings.Join(allow, ", "))
		v.say(http.StatusMethodNotAllowed, text.English.Console.Frame.Method)
		return
	case v.session.Username == "":
		v.mustConfirm()
		return
	default:
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	v.matched, v.values = found, values
	if slices.Contains([]string{pathEntry, pathConfirmed, pathSignOut}, found.path) {
		// The ways in and out need no session of the console.
		if v.r.Method != http.MethodPost || v.read() {
			found.serve(v)
		}
		return
	}
	if v.session.Username == "" || found.sensitive && !v.fresh() {
		v.mustConfirm()
		return
	}
	if v.r.Method == http.MethodPost && !v.read() {
		return
	}
	found.serve(v)
}

// read takes the form of a POST: one of a page of ours, of this very session
// (threats T027, T156). It reports whether it is; else it has answered.
func (v *visit) read() bool {
	var err error
	v.form, v.many, err = v.console.forms.ReadLists(v.w, v.r, v.secret(), v.matched.fields, v.matched.many...)
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if s, ok := errors.AsType[browser.StatusError](err); ok {
		status = int(s)
	}
	v.say(status, text.English.Console.Frame.Foreign)
	return false
}
