package portal

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"mfaserver/session"
)

// The paths of the portal.
const (
	pathHome    = "/mfa/"
	pathSignIn  = "/mfa/sign-in"
	pathSignOut = "/mfa/sign-out"
	// pathCallback and pathCodeCallback are where Duo sends the browser back
	// to; the latter for who wants a sign-in code. The path is part of the
	// redirect URI of the login and cannot be changed on the way.
	pathCallback     = "/mfa/callback"
	pathCodeCallback = "/mfa/callback/code"
)

// ServeHTTP implements [http.Handler].
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	routes := map[string]map[string]http.HandlerFunc{
		pathHome:         {http.MethodGet: p.home, http.MethodHead: p.home},
		pathSignIn:       {http.MethodPost: p.signIn},
		pathSignOut:      {http.MethodPost: p.signOut},
		pathCallback:     {http.MethodGet: p.callback},
		pathCodeCallback: {http.MethodGet: p.callback},
	}
	methods, ok := routes[r.URL.Path]
	switch {
	case ok && methods[r.Method] != nil:
		methods[r.Method](w, r)
	case ok:
		var allow []string
		for m := range methods {
			allow = append(allow, m)
		}
		slices.Sort(allow)
		w.Header().Set("Allow", strings.Join(allow, ", "))
		p.say(w, r, http.StatusMethodNotAllowed, textMethod)
	case r.URL.Path == strings.TrimSuffix(pathHome, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		toHome(w)
	default:
		p.say(w, r, http.StatusNotFound, textNowhere)
	}
}

// toHome sends the browser to the first page, by GET.
func toHome(w http.ResponseWriter) {
	w.Header().Set("Location", pathHome)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
}

// home shows who is signed in, and the form to sign in.
func (p *Portal) home(w http.ResponseWriter, r *http.Request) {
	s, err := p.deps.Sessions.LoadPage(r)
	if err != nil && !noSession(err) {
		p.unavailable(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "home", &pageData{SignedInAs: s.Username, Username: s.Username})
}

// noSession tells "not signed in" from a store that cannot answer.
func noSession(err error) bool {
	return slices.ContainsFunc([]error{
		session.ErrNoCookie, session.ErrBadCookie, session.ErrDuplicateCookie, session.ErrNotFound, session.ErrTampered,
	}, func(none error) bool { return errors.Is(err, none) })
}

// signOut ends the session of the page. That there is none is fine.
func (p *Portal) signOut(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.posted(w, r); !ok {
		return
	}
	_, err := p.deps.Sessions.EndPage(r.Context(), w, r)
	switch {
	case errors.Is(err, session.ErrNotRecorded):
		p.log.ErrorContext(r.Context(), "sign-out not recorded", slog.String("request_id", p.cfg.Client(r).RequestID))
	case err != nil && !noSession(err):
		p.unavailable(w, r, err)
		return
	}
	toHome(w)
}
