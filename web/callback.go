package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// callbackPath is where Duo sends the browser back to, below either base path.
const callbackPath = "/extensions/mfa/duocallback"

// callback serves GET extensions/mfa/duocallback. It shows and changes
// nothing, however often it is loaded (threat T046).
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	in, err := browser.ParseRedirect(r.URL.RawQuery)
	if err != nil {
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
		return
	}
	view, ok := s.view(w, r, in)
	if !ok {
		return
	}
	switch {
	case !view.Phase.Live():
		s.page(w, r, http.StatusGone, text.English.Callback.Over)
	case in.Refused:
		s.refusedPage(w, r, in, view)
	case !view.SameClient:
		s.warningPage(w, r, in, view)
	default:
		s.codePage(w, r, in, view)
	}
}

// callbackAction serves the buttons of the page: deny and confirm.
func (s *Server) callbackAction(w http.ResponseWriter, r *http.Request) {
	if !browser.FromOurPage(r.Header, s.cfg.PublicURLs) {
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Foreign)
		return
	}
	form, err := browser.ReadForm(w, r, "action", "state", "duo_code")
	if status, ok := errors.AsType[browser.StatusError](err); ok {
		s.page(w, r, int(status), text.English.Callback.Bad)
		return
	}
	switch {
	case !mirth.ValidState(form["state"]):
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
	case form["action"] == "deny":
		s.denyPrompt(w, r, form["state"])
	case form["action"] == "confirm" && mirth.ValidCode(form["duo_code"]):
		s.confirm(w, r, browser.Redirect{State: form["state"], Code: form["duo_code"]})
	default:
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
	}
}

// denyPrompt stops the sign-in: whoever holds the link may, since it is the user it
// protects (threat T041).
func (s *Server) denyPrompt(w http.ResponseWriter, r *http.Request, state string) {
	// The user has decided; a closed window does not undo it.
	err := s.deps.Prompts.Deny(context.WithoutCancel(r.Context()), state, s.client(r))
	switch {
	case err == nil:
		s.page(w, r, http.StatusOK, text.English.Callback.Denied)
	case errors.Is(err, mfa.ErrNotPending), errors.Is(err, mfa.ErrDenied):
		s.page(w, r, http.StatusGone, text.English.Callback.Over)
	case errors.Is(err, mfa.ErrRefused):
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
	default:
		s.unavailablePage(w, r, err)
	}
}

// confirm shows the code to a person who read the warning.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, in browser.Redirect) {
	view, ok := s.view(w, r, in)
	switch {
	case !ok:
	case !view.Phase.Live():
		s.page(w, r, http.StatusGone, text.English.Callback.Over)
	default:
		s.codePage(w, r, in, view)
	}
}

// view looks the transaction up and notes that its page was opened. When it
// returns false it has answered.
func (s *Server) view(w http.ResponseWriter, r *http.Request, in browser.Redirect) (mfa.View, bool) {
	client := s.client(r)
	view, err := s.deps.Prompts.View(r.Context(), in.State, client)
	switch {
	case errors.Is(err, mfa.ErrRefused):
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
		return mfa.View{}, false
	case err != nil:
		s.unavailablePage(w, r, err)
		return mfa.View{}, false
	}
	if strings.HasPrefix(view.RedirectURI, "http://") {
		// Duo sent the browser to a program on its own machine, not to us.
		s.page(w, r, http.StatusBadRequest, text.English.Callback.Bad)
		return mfa.View{}, false
	}
	if err := s.recordView(r.Context(), client, in.State, view); err != nil {
		s.unavailablePage(w, r, err)
		return mfa.View{}, false
	}
	return view, true
}

// recordView notes who opened the page, and that it was somebody else than
// who began, where that shows (threat T041).
func (s *Server) recordView(ctx context.Context, c mfa.Client, state string, v mfa.View) error {
	e := audit.Event{
		Name: audit.CallbackSeen, Outcome: audit.OK,
		Username: v.Username, Transaction: mfa.KeyOf(state).Handle(),
	}
	if !v.SameClient {
		e.Name, e.Outcome = audit.CallbackMismatch, audit.Refused
	}
	if err := s.record(ctx, c, e); err != nil || v.Addr == c.Addr.String() || c.Forwarded {
		return err
	}
	e.Name, e.Outcome = audit.MFAIPMismatch, audit.OK
	e.Detail = map[string]string{"first_call": v.Addr, "callback": c.Addr.String()}
	return s.record(ctx, c, e)
}

func (s *Server) unavailablePage(w http.ResponseWriter, r *http.Request, cause error) {
	s.unavailableHeaders(w, r, cause)
	s.page(w, r, http.StatusServiceUnavailable, text.English.Callback.Unavailable)
}

// page answers with a page that says one thing.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, what text.Saying) {
	s.render(w, r, status, "plain", pageData{Text: what, Verdict: verdict(status), Frame: browser.Frame{Title: what.Title}})
}

// verdict is the sign on a page that says one thing.
func verdict(status int) browser.Kind {
	switch {
	case status < http.StatusBadRequest:
		return browser.Good
	case status == http.StatusGone:
		return browser.Info
	default:
		return browser.Warn
	}
}

// render fills a template and sends it; a template that fails sends nothing.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, data pageData) {
	data.T = text.English.Callback
	if err := s.pages.Send(w, status, name, &data); err != nil {
		s.log.ErrorContext(r.Context(), "page cannot be rendered", "request_id", RequestID(r.Context()), "page", name, "err", err)
		s.failed(w, r)
	}
}
